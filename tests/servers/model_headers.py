"""Headers with the numbers of real models, a few layers deep, with holes where the weights would be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from servers.gguf_types import TENSOR_TYPES
from tests.servers.gguf_bytes import Tensor, header, strings

F32, Q4_K, Q8_0, F16 = 0, 12, 8, 1
LAYERS = 6  # gemma's pattern of windows has that period
VOCABULARY = 8192

Shapes = Sequence[tuple[str, tuple[int, ...]]]


@dataclass(frozen=True)
class Numbers:
    """Embedding, feed-forward, query heads, key-value heads, width of a head."""

    embedding: int
    feed_forward: int
    heads: int
    heads_kv: int
    head: int
    more: Mapping[str, Any] = field(default_factory=dict)

    def metadata(self, architecture: str) -> dict[str, Any]:
        named = {
            "context_length": 131_072, "embedding_length": self.embedding, "block_count": LAYERS,
            "feed_forward_length": self.feed_forward, "attention.head_count": self.heads,
            "attention.head_count_kv": self.heads_kv, "attention.key_length": self.head,
            "attention.value_length": self.head, "attention.layer_norm_rms_epsilon": 1e-5,
            "rope.dimension_count": self.head, **self.more,
        }
        return {f"{architecture}.{key}": value for key, value in named.items()}

    def attention(self) -> Shapes:
        wide, narrow = self.heads * self.head, self.heads_kv * self.head
        return [("attn_norm", (self.embedding,)), ("attn_q", (self.embedding, wide)),
                ("attn_k", (self.embedding, narrow)), ("attn_v", (self.embedding, narrow)),
                ("attn_output", (wide, self.embedding)), ("ffn_norm", (self.embedding,))]

    def dense(self) -> Shapes:
        return [("ffn_gate", (self.embedding, self.feed_forward)), ("ffn_up", (self.embedding, self.feed_forward)),
                ("ffn_down", (self.feed_forward, self.embedding))]

    def experts(self, count: int, width: int) -> Shapes:
        return [("ffn_gate_inp", (self.embedding, count)), ("ffn_gate_exps", (self.embedding, width, count)),
                ("ffn_up_exps", (self.embedding, width, count)), ("ffn_down_exps", (width, self.embedding, count))]


LLAMA_8B = Numbers(4096, 14336, 32, 8, 128)
QWEN3_4B = Numbers(2560, 9728, 32, 8, 128)
QWEN3_MOE = Numbers(2048, 6144, 32, 4, 128,
                    {"expert_count": 16, "expert_used_count": 8, "expert_feed_forward_length": 768})
MIXTRAL = Numbers(4096, 14336, 32, 8, 128, {"expert_count": 8, "expert_used_count": 2})
GEMMA3_4B = Numbers(2560, 10240, 8, 4, 256, {"attention.sliding_window": 1024})
MAMBA = Numbers(2560, 0, 0, 0, 0, {"ssm.conv_kernel": 4, "ssm.inner_size": 5120, "ssm.state_size": 16,
                                   "ssm.time_step_rank": 160})
QWEN35 = Numbers(2560, 9216, 16, 4, 256, {
    "ssm.conv_kernel": 4, "ssm.inner_size": 4096, "ssm.state_size": 128, "ssm.time_step_rank": 32,
    "ssm.group_count": 16, "rope.dimension_sections": [11, 11, 10, 0],
})
DEEPSEEK2 = Numbers(2048, 10944, 16, 1, 576, {
    "attention.value_length": 512, "attention.key_length_mla": 192, "attention.value_length_mla": 128,
    "attention.kv_lora_rank": 512, "attention.q_lora_rank": 1536, "rope.dimension_count": 64, "expert_count": 16,
    "expert_used_count": 6, "expert_shared_count": 2, "expert_feed_forward_length": 1408,
    "leading_dense_block_count": 1, "expert_weights_scale": 1.0, "vocab_size": VOCABULARY,
})


def layers_of(name: str) -> tuple[str, dict[str, Any], list[Shapes]]:
    """(architecture, metadata, tensors layer by layer) of one of the models above."""
    norms = [("attn_q_norm", (128,)), ("attn_k_norm", (128,))]
    match name:
        case "llama-8b":
            return "llama", LLAMA_8B.metadata("llama"), [[*LLAMA_8B.attention(), *LLAMA_8B.dense()]] * LAYERS
        case "qwen3-4b":
            return "qwen3", QWEN3_4B.metadata("qwen3"), [[*QWEN3_4B.attention(), *norms, *QWEN3_4B.dense()]] * LAYERS
        case "qwen3-moe":
            numbers = QWEN3_MOE
            return ("qwen3moe", numbers.metadata("qwen3moe"),
                    [[*numbers.attention(), *norms, *numbers.experts(16, 768)]] * LAYERS)
        case "mixtral":
            return ("llama", MIXTRAL.metadata("llama"),
                    [[*MIXTRAL.attention(), *MIXTRAL.experts(8, 14336)]] * LAYERS)
        case "gemma3-4b":
            width = GEMMA3_4B.embedding
            more = [("attn_q_norm", (256,)), ("attn_k_norm", (256,)), ("post_attention_norm", (width,)),
                    ("post_ffw_norm", (width,))]
            return ("gemma3", GEMMA3_4B.metadata("gemma3"),
                    [[*GEMMA3_4B.attention(), *more, *GEMMA3_4B.dense()]] * LAYERS)
        case "mamba":
            return "mamba", MAMBA.metadata("mamba"), [_mamba()] * LAYERS
        case "qwen3.5":
            return ("qwen35", QWEN35.metadata("qwen35"),
                    [_delta_net() if (index + 1) % 4 else _gated_attention() for index in range(LAYERS)])
        case "deepseek2":
            first = [*_latent(), *DEEPSEEK2.dense()]
            shared = [("ffn_gate_shexp", (2048, 2816)), ("ffn_up_shexp", (2048, 2816)),
                      ("ffn_down_shexp", (2816, 2048))]
            return ("deepseek2", DEEPSEEK2.metadata("deepseek2"),
                    [first, *[[*_latent(), *DEEPSEEK2.experts(16, 1408), *shared]] * (LAYERS - 1)])
        case _:
            raise ValueError(name)


def _latent() -> Shapes:
    return [("attn_norm", (2048,)), ("attn_q_a_norm", (1536,)), ("attn_kv_a_norm", (512,)), ("attn_q_a", (2048, 1536)),
            ("attn_q_b", (1536, 16 * 192)), ("attn_kv_a_mqa", (2048, 576)), ("attn_k_b", (128, 512, 16)),
            ("attn_v_b", (512, 128, 16)), ("attn_output", (2048, 2048)), ("ffn_norm", (2048,))]


def _delta_net() -> Shapes:
    return [("attn_norm", (2560,)), ("post_attention_norm", (2560,)), *QWEN35.dense(), ("attn_qkv", (2560, 8192)),
            ("attn_gate", (2560, 4096)), ("ssm_conv1d", (4, 8192)), ("ssm_dt.bias", (32,)), ("ssm_a.", (32,)),
            ("ssm_beta", (2560, 32)), ("ssm_alpha", (2560, 32)), ("ssm_norm", (128,)), ("ssm_out", (4096, 2560))]


def _gated_attention() -> Shapes:
    return [("attn_norm", (2560,)), ("post_attention_norm", (2560,)), *QWEN35.dense(), ("attn_q", (2560, 8192)),
            ("attn_k", (2560, 1024)), ("attn_v", (2560, 1024)), ("attn_output", (4096, 2560)), ("attn_q_norm", (256,)),
            ("attn_k_norm", (256,))]


def _mamba() -> Shapes:
    return [("attn_norm", (2560,)), ("ssm_in", (2560, 10240)), ("ssm_conv1d", (4, 5120)), ("ssm_conv1d.bias", (5120,)),
            ("ssm_x", (5120, 192)), ("ssm_dt", (160, 5120)), ("ssm_dt.bias", (5120,)), ("ssm_a.", (16, 5120)),
            ("ssm_d.", (5120,)), ("ssm_out", (5120, 2560))]


def write_model(path: Path, name: str) -> Path:
    """A file that a loader takes for the model, a few MB on the disk."""
    architecture, metadata, layers = layers_of(name)
    width = int(metadata[f"{architecture}.embedding_length"])
    shapes: list[tuple[str, tuple[int, ...]]] = [
        ("token_embd.weight", (width, VOCABULARY)), ("output_norm.weight", (width,)),
        ("output.weight", (width, VOCABULARY)),
    ]
    for index, layer in enumerate(layers):
        shapes += [(f"blk.{index}.{_full_name(short)}", shape) for short, shape in layer]
    tensors, end = [], 0
    for full, shape in shapes:
        kind = _kind(full, shape)
        tensors.append(Tensor(full, shape, kind, end))
        packed = TENSOR_TYPES[kind]
        end += -(-math.prod(shape) // packed.block_elements * packed.block_bytes // 32) * 32
    vocabulary = ["<s>", "</s>", *(f"t{number}" for number in range(VOCABULARY - 2))]
    head = header({
        "general.architecture": architecture, "general.name": name, **metadata, "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "llama-bpe", "tokenizer.ggml.tokens": strings(vocabulary),
        "tokenizer.ggml.merges": strings(["t 0"]), "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.eos_token_id": 1,
        "tokenizer.ggml.token_type": [3, 3, *[1] * (VOCABULARY - 2)],
    }, tensors)
    with path.open("wb") as file:
        file.write(head + bytes(-len(head) % 32))
        file.truncate(file.tell() + end)
    return path


def _full_name(short: str) -> str:
    return short.rstrip(".") if "." in short else f"{short}.weight"


def _kind(name: str, shape: tuple[int, ...]) -> int:
    if len(shape) == 1 or "ffn_gate_inp" in name or "ssm_conv1d" in name or "ssm_a" in name:
        return F32
    return Q4_K if shape[0] % 256 == 0 else Q8_0 if shape[0] % 32 == 0 else F16
