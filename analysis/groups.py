"""Quantizations of one model, put together under its base name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from core.lookup import number_at, object_at, text_at
from core.task_ids import natural_key

_QUANTIZATION = re.compile(
    r"(?:I?Q\d(?:_[0-9KMSLX]+)*|IQ\d_[A-Z]+|TQ\d_\d|BF16|F(?:P)?16|F(?:P)?32|MXFP4)", re.IGNORECASE)
_LABELLED = re.compile(rf"(.+?)[:.\-_ ]({_QUANTIZATION.pattern})(?:\.gguf)?", re.IGNORECASE | re.DOTALL)

_BITS: Mapping[str, float] = {"F32": 32.0, "BF16": 16.01, "F16": 16.0, "MXFP4": 4.25}
"""Bits per weight where the name does not say them; BF16 before F16, because models are published in it."""

_SUFFIX: Mapping[str, float] = {"XXS": -0.4, "XS": -0.2, "NL": 0.0, "0": 0.0, "K": 0.05, "S": 0.1, "1": 0.15,
                                "M": 0.3, "L": 0.5, "XL": 0.7}
"""Which of two quantizations with the same digit is the larger; only their order matters."""


def base_and_quantization(record: Mapping[str, Any]) -> tuple[str, str | None]:
    """A record's base name and quantization.

    They come from the model's header, through ``config``. A record without them, from another program, is taken apart
    by its model's name (``m-Q4_K_M.gguf``, ``m:Q8_0``), which serves to group rows and for nothing else.
    """
    config = object_at(record, "config")
    base, quantization = text_at(config, "base_name"), text_at(config, "quantization")
    if base is not None:
        return base, quantization
    label = text_at(record, "model") or ""
    if len(label) <= 500 and (match := _LABELLED.fullmatch(label)):
        return match.group(1), match.group(2).upper()
    return label.removesuffix(".gguf"), quantization


def bits(quantization: str | None) -> float:
    """About how many bits a weight has, for sorting; -1 when the name does not say."""
    if quantization is None:
        return -1.0
    name = quantization.upper().replace("FP", "F") if quantization.upper() != "MXFP4" else "MXFP4"
    if name in _BITS:
        return _BITS[name]
    match = re.fullmatch(r"[IT]?Q(\d)((?:_[A-Z0-9]+)*)", name)
    if match is None:
        return -1.0
    suffixes = [part for part in match.group(2).split("_") if part]
    return int(match.group(1)) + sum(_SUFFIX.get(part, 0.0) for part in suffixes)


def order(record: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort key of records: benchmark, base name, larger quantizations first."""
    base, quantization = base_and_quantization(record)
    size = number_at(record, "config", "size_bytes")
    return (text_at(record, "benchmark") or "", natural_key(base.casefold()), base,
            -(size if size is not None else -1.0), -bits(quantization), quantization or "")
