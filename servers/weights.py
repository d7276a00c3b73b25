"""Where a model's weights lie once they are loaded: layer by layer, and what a processor's own order of them adds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from servers.gguf import GgufHeader
from servers.gguf_types import TensorInfo

REPACKED: Final[dict[str, frozenset[str]]] = {
    "avx2": frozenset({"Q4_0", "Q4_K", "IQ4_NL", "MXFP4"}),
    "dotprod": frozenset({"Q4_0", "Q4_K", "Q5_K", "Q6_K", "IQ4_NL", "MXFP4", "Q8_0"}),
}
"""Types that a processor of that kind gets in an order of its own (``ggml_repack_get_optimal_repack_type``)."""
_ROWS: Final = 8
_LOOKED_UP: Final = ("token_embd", "per_layer_token_embd")
"""Matrices of which single rows are taken; they stay as they are."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Bytes of weights by what they belong to."""

    by_layer: dict[int, int]
    output: int
    """The output and its norm, as a GPU holds them."""
    shared: int
    """Of these, the token embedding where it is the output too: a GPU gets its own copy."""


def weights_of(header: GgufHeader) -> Weights:
    """The weights as they can be put onto a GPU."""
    by_layer: dict[int, int] = {}
    for info in header.tensor_infos:
        index = _layer_of(info.name)
        if index is not None:
            by_layer[index] = by_layer.get(index, 0) + info.size_bytes
    named = {info.name: info.size_bytes for info in header.tensor_infos}
    shared = 0 if "output.weight" in named else named.get("token_embd.weight", 0)
    output = sum(size for name, size in named.items() if name.startswith("output"))
    return Weights(by_layer, output + shared, shared)


def in_ram(header: GgufHeader, processor: str | None, *, mapped: bool) -> tuple[int, int]:
    """(bytes reported, how many of them are not needed) for a model in RAM alone."""
    kinds = REPACKED.get(processor or "", frozenset())
    names = {info.name for info in header.tensor_infos if _is_repacked(info, kinds)}
    if not names or not mapped:
        return header.weight_bytes, 0
    packed = sum(info.size_bytes for info in header.tensor_infos if info.name in names)
    reported = packed + _ranges(info for info in header.tensor_infos if info.name not in names)
    return reported, max(0, reported - header.weight_bytes)


def _is_repacked(info: TensorInfo, kinds: frozenset[str]) -> bool:
    return (info.kind in kinds and len(info.shape) > 1 and info.shape[1] % _ROWS == 0
            and info.name.endswith(".weight") and not info.name.startswith(_LOOKED_UP))


def _layer_of(name: str) -> int | None:
    start, _, rest = name.partition(".")
    number = rest.partition(".")[0]
    return int(number) if start == "blk" and number.isdecimal() and len(number) < 6 else None


def _ranges(infos: Iterable[TensorInfo]) -> int:
    """Bytes from the first tensor to the last, file by file."""
    ends: dict[int, tuple[int, int]] = {}
    for info in infos:
        first, last = ends.get(info.part, (info.offset, 0))
        ends[info.part] = (min(first, info.offset), max(last, info.offset + info.size_bytes))
    return sum(last - first for first, last in ends.values())
