"""The worker's memory, made ready to be copied.

A fork copies the tables of all memory there is, and after it each page that is written to. So nothing is kept that is
of no use, the collector forgets what there is (looking at an object writes to it), and the free places between the
objects are filled: what a fork makes then lies together in new pages and not here and there in many old ones.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from system.sandbox import calls

_SIZES = range(16, 513, 16)
_HEADER, _POOL = 48, 0x1000 if sys.version_info < (3, 10) else 0x4000
"""Of CPython's own allocator: what a pool begins with, and how long it is."""
_MOST = 20_000
_held: list[object] = []


def settle() -> None:
    """Once, when all that shall be warm is there."""
    gc.collect()
    calls.give_back_memory()
    for size in _SIZES:
        _fill(size)
    gc.freeze()
    gc.disable()


def _fill(size: int) -> None:
    """Takes every free place of ``size``, until they come one after the other from the beginning of a new pool."""
    make = _maker(size)
    before = in_a_row = 0
    for _ in range(_MOST):
        item = make()
        _held.append(item)
        in_a_row = in_a_row + 1 if id(item) == before + size else 0
        before = id(item)
        if in_a_row >= 2 and before % _POOL == _HEADER + size * in_a_row:
            return


def _maker(size: int) -> Callable[[], object]:
    """Makes objects of that size that hold no others."""
    if size == 16:
        return object
    if size == 32:
        return lambda: float("1.5")
    return lambda: bytes(bytearray(size - 33))  # its header is 33 bytes, with the zero at its end
