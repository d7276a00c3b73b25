"""The server arguments that change how much memory a model takes, out of every backend's own spelling."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

N_BATCH: Final = 2048
N_UBATCH: Final = 512
MOST_TOKENS: Final = 1 << 20
CHECKPOINTS: Final = 3
"""The server allows 32 a slot, 8,192 tokens apart and at the prompt's end; a benchmark's prompts make two or three."""


@dataclass(frozen=True, slots=True)
class MemoryOptions:
    """llama.cpp's defaults, as every backend has them unless an argument says otherwise."""

    key_type: str = "F16"
    value_type: str = "F16"
    n_batch: int = N_BATCH
    n_ubatch: int = N_UBATCH
    flash_attention: bool = True
    """llama.cpp's ``auto`` switches it on wherever the device can; every device that we know can."""
    full_window: bool = False
    cache_on_gpu: bool = True
    repack: bool = True
    mapped: bool = True
    outputs: int | None = None
    """Tokens whose logits are kept at once; None: one a slot."""
    checkpoints: int = CHECKPOINTS
    """Copies a slot keeps in RAM of what cannot be rolled back: windows and recurrent states."""
    prompt_cache_bytes: int = 0
    """In RAM, for all slots together; off unless an argument says otherwise."""
    uncounted: tuple[str, ...] = ()
    """Arguments that change memory in a way that is not worked out here."""


# By llama-server's flags (all spellings), xllamacpp's attributes and llama-cpp-python's settings.
_NAMES: Final[dict[str, str]] = {
    "-ctk": "key_type", "--cache-type-k": "key_type", "cache_type_k": "key_type", "type_k": "key_type",
    "-ctv": "value_type", "--cache-type-v": "value_type", "cache_type_v": "value_type", "type_v": "value_type",
    "-b": "n_batch", "--batch-size": "n_batch", "n_batch": "n_batch",
    "-ub": "n_ubatch", "--ubatch-size": "n_ubatch", "n_ubatch": "n_ubatch",
    "-fa": "flash_attention", "--flash-attn": "flash_attention",
    "flash_attn_type": "flash_attention", "flash_attn": "flash_attention",
    "--swa-full": "full_window", "swa_full": "full_window",
    "-nkvo": "cache_off_gpu", "--no-kv-offload": "cache_off_gpu", "no_kv_offload": "cache_off_gpu",
    "-kvo": "cache_on_gpu", "--kv-offload": "cache_on_gpu", "offload_kqv": "cache_on_gpu",
    "-nr": "no_repack", "--no-repack": "no_repack", "no_extra_bufts": "no_repack",
    "--no-mmap": "no_mmap", "use_mmap": "mapped", "-lm": "load_mode", "--load-mode": "load_mode",
    "load_mode": "load_mode", "--ctx-checkpoints": "checkpoints", "-ctxcp": "checkpoints",
    "--swa-checkpoints": "checkpoints", "n_ctx_checkpoints": "checkpoints",
    "-cram": "prompt_cache_bytes", "--cache-ram": "prompt_cache_bytes", "cache_ram_mib": "prompt_cache_bytes",
}
_UNCOUNTED: Final = re.compile(
    r"-md|--model-draft|--spec-draft|-mm\b|--mmproj|mmproj\.|speculative\.|-ot|--override-tensor|tensor_buft|-cmoe|"
    r"--cpu-moe|-ncmoe|--n-cpu-moe|-ts|--tensor-split|tensor_split|-sm|--split-mode|split_mode|-dev|--device|--lora|"
    r"lora_adapters|control_vector|--control-vector|-mg|--main-gpu|main_gpu|--rpc|draft_model|clip_model|rpc_servers|"
    r"--kv-unified|kv_unified|--embedding|embedding|moe_cache|logits_all")
_TYPE_NUMBERS: Final = {"0": "F32", "1": "F16", "2": "Q4_0", "3": "Q4_1", "6": "Q5_0", "7": "Q5_1", "8": "Q8_0",
                        "20": "IQ4_NL", "30": "BF16"}
_REVERSED: Final = {"cache_off_gpu": "cache_on_gpu", "no_repack": "repack", "no_mmap": "mapped"}
_COUNTS: Final = frozenset({"n_batch", "n_ubatch", "checkpoints", "prompt_cache_bytes"})
_OFF: Final = frozenset({"off", "false", "0", "no", "disabled", "none"})


def memory_options(arguments: Iterable[str], defaults: MemoryOptions) -> MemoryOptions:
    """``defaults`` with what the arguments change; a value that is not understood is left to the server to refuse."""
    options = defaults
    for name, value in _pairs(list(arguments)):
        kind = _NAMES.get(name)
        if kind is not None:
            options = replace(options, **_change(kind, value))
        elif _UNCOUNTED.match(name):
            options = replace(options, uncounted=(*options.uncounted, name))
    return options


def _pairs(arguments: list[str]) -> Iterable[tuple[str, str]]:
    """``--flag=value``, ``--flag`` ``value``, ``name=value`` and bare flags alike."""
    for index, argument in enumerate(arguments):
        name, equals, value = argument.partition("=")
        after = arguments[index + 1] if index + 1 < len(arguments) else ""
        if equals:
            yield (name if name in _NAMES or name.startswith("--") else name.lstrip("-")), value
        elif name.startswith("-"):
            yield name, "" if after.startswith("-") else after


def _change(kind: str, text: str) -> Mapping[str, Any]:
    value = text.strip().lower().removeprefix("llama_flash_attn_type_").removeprefix("llama_load_mode_")
    switched_on = value not in _OFF
    if kind in {"key_type", "value_type"}:
        name = value.removeprefix("ggml_type_").upper()
        return {kind: _TYPE_NUMBERS.get(name, name)}
    if kind in _COUNTS:
        return _count(kind, value)
    if kind == "load_mode":
        return {"mapped": value in {"auto", "mmap", "mmap+mlock", "mmap_mlock"}}
    if kind in _REVERSED:
        return {_REVERSED[kind]: not switched_on}
    return {kind: switched_on}


def _count(kind: str, digits: str) -> Mapping[str, Any]:
    number = int(digits) if digits.isdecimal() and len(digits) < 10 else -1
    if not 0 <= number <= MOST_TOKENS:
        return {}
    if kind == "checkpoints":
        return {kind: min(number, CHECKPOINTS)}
    if kind == "prompt_cache_bytes":
        return {kind: number << 20}
    return {kind: number} if number else {}
