"""What of a model's header decides its memory, as numbers: widths, heads, which layers keep what of the past.

The names and the rules are llama.cpp's (``src/llama-arch.cpp``, ``src/llama-hparams.cpp``, ``src/models/*.cpp``).
A header may say anything, so every number is taken only if it is a whole one in a range that a real model can have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from servers.gguf import GgufHeader

MAX_LAYERS: Final = 1_024
"""The largest models have a hundred and some; the time that planning takes grows with the square."""
MAX_NUMBER: Final = 1 << 24

SWA_PERIOD: Final[dict[str, tuple[int, bool]]] = {
    "afmoe": (4, False), "cohere2": (4, False), "cohere2moe": (4, True), "exaone-moe": (4, False),
    "exaone4": (4, False), "gemma2": (2, False), "gemma3": (6, False), "gemma3n": (5, False), "gpt-oss": (2, False),
    "laguna": (4, True), "llama4": (4, False), "mellum": (4, False), "muse-glimmer": (4, False), "olmo2": (4, False),
    "plamo3": (8, False), "smallthinker": (4, True),
}
"""Architectures that keep a window in all but one of so many layers, and whether that one comes first. A header may
say it layer by layer instead. One that has a window and is not here is counted as if it kept everything."""


@dataclass(frozen=True, slots=True)
class Layer:
    """What one layer keeps of each token, and of each sequence, in numbers."""

    key: int
    value: int
    """0 where the keys are all that is kept (multi-head latent attention)."""
    windowed: bool
    state: int
    """Numbers of four bytes that a recurrent layer keeps of a whole sequence."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A model's numbers; 0 for what it lacks."""

    layers: tuple[Layer, ...]
    window: int
    embedding: int
    query: int
    """Width of all query heads together."""
    heads: int
    feed_forward: int
    """Width of the widest dense feed-forward layer."""
    experts_used: int
    expert_width: int
    inner: int
    """Width of a recurrent layer."""
    vocabulary: int
    certain: bool
    """False where the header does not say what the cache needs: it then counts as nothing."""


def shape_of(header: GgufHeader) -> Shape:
    """The numbers of a model's header."""
    count = min(header.layers or 0, MAX_LAYERS)
    embedding, heads = _number(header, "embedding_length"), _largest(header, "attention.head_count")
    head_width = embedding // heads if embedding and heads else 0
    layers = _layers(header, count, head_width)
    key = _number(header, "attention.key_length") or head_width
    return Shape(
        layers=layers, window=_number(header, "attention.sliding_window"), embedding=embedding, query=heads * key,
        heads=heads, feed_forward=_dense(header), experts_used=_largest(header, "expert_used_count"),
        expert_width=_largest(header, "expert_feed_forward_length") or _expert_rows(header),
        inner=_number(header, "ssm.inner_size") or (embedding if _recurrent(header) else 0),
        vocabulary=_vocabulary(header), certain=any(layer.key or layer.state for layer in layers),
    )


def _layers(header: GgufHeader, count: int, head_width: int) -> tuple[Layer, ...]:
    heads_kv = (_by_layer(header, "attention.head_count_kv", count) or _by_layer(header, "attention.head_count", count)
                or (0,) * count)
    windowed, recurrent = _windowed(header, count), _recurrent_layers(header, count, heads_kv)
    latent = bool(_number(header, "attention.key_length_mla") and _number(header, "attention.value_length_mla"))
    shared = _number(header, "attention.shared_kv_layers")
    if header.architecture == "gemma3n":
        shared = max(0, count - 20)
    both = header.architecture == "falcon-h1"
    found = []
    for index in range(count):
        kind = "_swa" if windowed[index] else ""
        key, value = (_number(header, f"attention.{which}_length{kind}")
                      or _number(header, f"attention.{which}_length") or head_width for which in ("key", "value"))
        keeps = heads_kv[index] if index < count - shared and (both or not recurrent[index]) else 0
        found.append(Layer(keeps * key, 0 if latent else keeps * value, windowed[index],
                           _state(header) if recurrent[index] else 0))
    return tuple(found)


def _windowed(header: GgufHeader, count: int) -> tuple[bool, ...]:
    if not _number(header, "attention.sliding_window"):
        return (False,) * count
    pattern = header.metadata.get(f"{header.architecture}.attention.sliding_window_pattern")
    if isinstance(pattern, tuple) and len(pattern) >= count:
        return tuple(bool(item) for item in pattern[:count])
    period, first = SWA_PERIOD.get(header.architecture or "", (0, False))
    if period and isinstance(pattern, int) and not isinstance(pattern, bool) and 0 < pattern <= MAX_LAYERS:
        period = pattern
    if not period:
        return (False,) * count
    return tuple(index % period != 0 if first else index % period < period - 1 for index in range(count))


def _recurrent(header: GgufHeader) -> bool:
    keys = ("ssm.state_size", "wkv.head_size", "shortconv.l_cache", "kda.head_dim")
    return any(_number(header, key) for key in keys)


def _recurrent_layers(header: GgufHeader, count: int, heads_kv: tuple[int, ...]) -> tuple[bool, ...]:
    if not _recurrent(header):
        return (False,) * count
    named = header.metadata.get(f"{header.architecture}.attention.recurrent_layers")
    if isinstance(named, tuple) and len(named) >= count:
        return tuple(bool(item) for item in named[:count])
    interval = _number(header, "full_attention_interval")
    if not interval and header.architecture in {"qwen3next", "qwen35", "qwen35moe"}:
        interval = 4
    if interval:
        return tuple((index + 1) % interval != 0 for index in range(count))
    if any(heads_kv) and header.architecture != "falcon-h1":
        return tuple(heads == 0 for heads in heads_kv)
    return (True,) * count


def _state(header: GgufHeader) -> int:
    """Numbers that one recurrent layer keeps of a sequence (``llama_hparams::n_embd_r`` and ``n_embd_s``)."""
    embedding, heads = _number(header, "embedding_length"), _largest(header, "attention.head_count")
    kernel = max(0, _number(header, "ssm.conv_kernel") - 1)
    if head := _number(header, "wkv.head_size"):
        return max(1, _number(header, "token_shift_count")) * embedding + embedding * head
    if cache := _number(header, "shortconv.l_cache"):
        return embedding * (cache - 1)
    if width := _number(header, "kda.head_dim"):
        return 3 * (kernel or 3) * heads * width + width * width * heads
    inner, state = _number(header, "ssm.inner_size"), _number(header, "ssm.state_size")
    return kernel * (inner + 2 * _number(header, "ssm.group_count") * state) + state * inner


def _dense(header: GgufHeader) -> int:
    """The widest dense feed-forward layer; of a mixture without one, nothing, whatever its header says."""
    named = ("ffn_up.weight", "ffn_gate.weight")
    mixture = any("_exps." in info.name for info in header.tensor_infos)
    if mixture and not any(info.name.endswith(named) for info in header.tensor_infos):
        return 0
    return _largest(header, "feed_forward_length")


def _expert_rows(header: GgufHeader) -> int:
    """An expert's width from its tensor, where the header does not name it."""
    rows = (info.shape[1] for info in header.tensor_infos if "ffn_up_exps" in info.name and len(info.shape) == 3)
    return min(next(rows, 0), MAX_NUMBER)


def _vocabulary(header: GgufHeader) -> int:
    rows = (info.shape[1] for info in header.tensor_infos if info.name == "token_embd.weight" and len(info.shape) > 1)
    return min(next(rows, 0) or _number(header, "vocab_size"), MAX_NUMBER)


def _number(header: GgufHeader, key: str) -> int:
    value = header.of_architecture(key) or 0
    return value if value <= MAX_NUMBER else 0


def _by_layer(header: GgufHeader, key: str, count: int) -> tuple[int, ...]:
    """A number layer by layer; one number stands for all layers; nothing where the header says something else."""
    found = header.metadata.get(f"{header.architecture}.{key}")
    if isinstance(found, tuple):
        numbers = [item for item in found if isinstance(item, int) and 0 <= item <= MAX_NUMBER]
        return tuple(numbers[:count]) if len(numbers) == len(found) >= count else (0,) * count
    return (_number(header, key),) * count if found is not None else ()


def _largest(header: GgufHeader, key: str) -> int:
    """The largest of a number that may be given layer by layer."""
    return max(_by_layer(header, key, min(header.layers or 0, MAX_LAYERS)), default=0)
