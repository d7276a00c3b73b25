"""Whether a model fits into the memory there is, at which setting, and what would fit where it does not. Pure."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from core.errors import UsageError
from servers.memory import CELL_STEP, MemoryModel, Needs, Parts, Setting

GIB: Final = 1 << 30
GPU_RESERVE_BYTES: Final = GIB
"""Kept free on each GPU: the driver's own context takes some hundred MB, and llama.cpp's ``--fit`` leaves as much."""
MOST_SLOTS: Final = 256
"""llama.cpp's own limit (``LLAMA_MAX_SEQ``): no more are proposed."""
_BITS: Final = (("Q8_0", 8.5), ("Q6_K", 6.6), ("Q5_K_M", 5.7), ("Q4_K_M", 4.9), ("Q3_K_M", 3.9), ("Q2_K", 3.2),
                ("IQ2_XS", 2.4))
"""Bits a weight of the usual quantizations, all tensors together."""


@dataclass(frozen=True, slots=True)
class Room:
    """The memory there is."""

    ram_bytes: int
    """Available without swapping, in this container."""
    reserve_bytes: int = 0
    """What of it is kept free."""
    vram_bytes: int | None = 0
    """Free on the GPUs together, less what is kept free there; None where no one can tell, 0 without a GPU."""
    gpus: int = 0
    unified: bool = False
    """The GPU's memory is the RAM."""

    @property
    def usable_ram(self) -> int:
        return max(0, self.ram_bytes - self.reserve_bytes)

    def holds(self, needs: Needs) -> bool:
        if self.unified:
            return needs.both.needed <= self.usable_ram and (
                self.vram_bytes is None or needs.vram.needed <= self.vram_bytes)
        if self.vram_bytes is not None and needs.vram.needed > self.vram_bytes:
            return False
        return needs.ram.needed <= self.usable_ram


@dataclass(frozen=True, slots=True)
class Wanted:
    """What may be chosen from, best first."""

    slots: Sequence[int]
    ctx_size: int
    gpu_layers: int | None
    """None: as many as fit."""
    slots_partly: int = 1
    """Slots, at most, where not all layers fit onto the GPU."""


def choose(model: MemoryModel, wanted: Wanted, room: Room) -> Setting | None:
    """The best setting that fits; None where none does."""
    layers = model.all_layers if wanted.gpu_layers is None else wanted.gpu_layers
    whole = _first_that_fits(model, (Setting(slots, wanted.ctx_size, layers) for slots in wanted.slots), room)
    if whole is not None or wanted.gpu_layers is not None:
        return whole
    few = [slots for slots in wanted.slots if slots <= wanted.slots_partly] or list(wanted.slots[-1:])
    for slots in few:
        partly = Setting(slots, wanted.ctx_size)
        found = _first_that_fits(
            model, (replace(partly, gpu_layers=layers) for layers in reversed(range(model.all_layers))), room)
        if found is not None:
            return found
    return None


def _first_that_fits(model: MemoryModel, settings: Iterable[Setting], room: Room) -> Setting | None:
    return next((setting for setting in settings if room.holds(model.needs(setting))), None)


def refusal(model: MemoryModel, wanted: Wanted, room: Room) -> UsageError:
    """Why nothing fits, in one sentence that ends with the nearest setting that does."""
    least = _least(model, wanted, room)
    needs = model.needs(least)
    what = f"The model needs {_sum(needs.both, least)}"
    if room.gpus and not room.unified and not room.holds(Needs(Parts(), needs.vram)):
        what += f", {size(needs.vram.needed)} of it on the GPU, where {size(room.vram_bytes or 0)} can be used"
    else:
        kept = (f" ({size(room.ram_bytes)} are free, and --reserve-ram keeps {size(room.reserve_bytes)} so)"
                if room.reserve_bytes else "")
        need = "" if needs.ram == needs.both else f"{size(needs.ram.needed)} of it in RAM, "
        what += f", {need}where {size(room.usable_ram)} can be used{kept}"
    return UsageError(f"{what}: it is not loaded; {nearest(model, wanted, room)}.")


def _least(model: MemoryModel, wanted: Wanted, room: Room) -> Setting:
    """The setting to speak of: the fewest slots that were to be had, and the layers asked for or else all of them."""
    layers = model.all_layers if wanted.gpu_layers is None and room.gpus else wanted.gpu_layers or 0
    return Setting(min(wanted.slots), wanted.ctx_size, layers)


def nearest(model: MemoryModel, wanted: Wanted, room: Room) -> str:
    """The smallest change that makes it fit: slots first, then context, then layers, then what is kept free, then
    another file.
    """
    asked = _least(model, wanted, room)

    def fits(slots: int, ctx_size: int) -> bool:
        return choose(model, Wanted((slots,), ctx_size, wanted.gpu_layers), room) is not None

    fewer = _largest(min(asked.slots - 1, MOST_SLOTS), lambda slots: fits(slots, asked.ctx_size))
    if fewer:
        return f"--parallel {fewer} fits"
    alone = " --parallel 1" if asked.slots > 1 else ""
    steps = _largest((asked.ctx_size - 1) // CELL_STEP, lambda steps: fits(1, steps * CELL_STEP))
    if steps > 1:  # a single one holds no prompt
        return f"--ctx-size {steps * CELL_STEP}{alone} fits"
    one = replace(asked, slots=1)
    lower = _first_that_fits(model, (replace(one, gpu_layers=layers) for layers in reversed(range(one.gpu_layers))),
                             room)
    if lower is not None:
        return f"--gpu-layers {lower.gpu_layers}{alone} fits"
    if replace(room, reserve_bytes=0).holds(model.needs(one)):
        needed = model.needs(one).both.needed if room.unified else model.needs(one).ram.needed
        left = (room.ram_bytes - needed) * 0.9  # what is free changes until the next try
        return f"--reserve-ram {math.floor(left / GIB * 10) / 10:g}{alone} fits"
    return _another_file(model, one, room)


def _largest(most: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to ``most`` that fits, where every smaller one does too; 0 where none does."""
    return bisect.bisect_left(range(1, most + 1), True, key=lambda number: not fits(number)) if most > 0 else 0


def _another_file(model: MemoryModel, one: Setting, room: Room) -> str:
    needs = model.needs(replace(one, ctx_size=min(one.ctx_size, 4096))).both
    vram = 0 if room.unified else room.vram_bytes or 0
    left = room.usable_ram + vram - needs.kv_cache - needs.buffers
    if left <= 0:
        return "no quantization of it would be; end what else uses memory"
    bits = 8 * left / max(1, model.header.parameters)
    named = next((name for name, needed in _BITS if needed <= bits), None)
    hint = f", about {named}" if named else ""
    return f"a smaller quantization of it would, in a file of at most {size(left)}{hint}"


def _sum(parts: Parts, setting: Setting) -> str:
    return f"{size(parts.needed)} of memory ({terms(replace(parts, weights=parts.weights - parts.droppable), setting)})"


def terms(parts: Parts, setting: Setting) -> str:
    """``weights 4.9 GB + KV 1.0 GB (4 x 8192 tokens) + buffers 0.3 GB``."""
    slots = f"{setting.slots} x " if setting.slots > 1 else ""
    return (f"weights {size(parts.weights)} + KV {size(parts.kv_cache)} ({slots}{setting.ctx_size} tokens) + buffers "
            f"{size(parts.buffers)}" + (f" + checkpoints {size(parts.checkpoints)}" if parts.checkpoints else ""))


def size(count: float) -> str:
    """Bytes for people, in decimal units as files have them."""
    return f"{count / 1e9:.1f} GB" if count >= 0.95e9 else f"{count / 1e6:.0f} MB" if count >= 9.5e6 else \
        f"{count / 1e6:.1f} MB"
