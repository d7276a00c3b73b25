"""Makes a llama of two layers with random weights, a tokenizer of bytes and a chat template: ``… FOLDER``.

Run by the Python in whose environment the transformers library is.
"""

from __future__ import annotations

import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

BEGIN, END, PAD = "<|im_start|>", "<|im_end|>", "<|pad|>"
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def main() -> None:
    torch.manual_seed(0)
    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), BEGIN, END, PAD]
    numbers = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.BPE(vocab=numbers, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, bos_token=BEGIN, eos_token=END, pad_token=PAD)
    fast.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=2048, bos_token_id=numbers[BEGIN], eos_token_id=numbers[END],
        pad_token_id=numbers[PAD],
    )
    LlamaForCausalLM(config).save_pretrained(sys.argv[1])
    fast.save_pretrained(sys.argv[1])


if __name__ == "__main__":
    main()
