"""The memory plan of one load: what is needed, what is free, and afterwards what the server says it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from core.records import Json
from servers.fitting import Room, size, terms
from servers.memory import Needs, Setting

MOST_OFF: Final = 0.10
"""A plan that is further from the server's own report is said to be off."""


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """What a load is expected to take."""

    needs: Needs
    setting: Setting
    room: Room
    layers: int
    """That could go onto a GPU, the output included."""
    uncounted: tuple[str, ...] = ()
    """What is left out or not checked, for people."""

    def line(self) -> str:
        """``memory: weights 4.9 GB + KV 1.0 GB (4 x 8192 tokens) + buffers 0.3 GB = 6.2 GB of 22.1 GB free on ...``."""
        room, both, vram = self.room, self.needs.both, self.needs.vram
        needed = replace(both, weights=both.weights - both.droppable)
        text = f"memory: {terms(needed, self.setting)} = {size(both.needed)}"
        kept = f", {size(room.reserve_bytes)} of it kept free" if room.reserve_bytes else ""
        if not vram.total or room.unified:
            text += f" of {size(room.ram_bytes)} free RAM{kept}"
        else:
            free = "an unknown amount free" if room.vram_bytes is None else f"{size(room.vram_bytes)} to be used"
            where = "the GPU" if room.gpus == 1 else f"{room.gpus} GPUs"
            text += (f": {size(vram.total)} of {free} on {where} ({self.setting.gpu_layers} of {self.layers} layers), "
                     f"{size(self.needs.ram.needed)} of {size(room.ram_bytes)} free RAM{kept}")
        return text + (f" (not counted: {', '.join(self.uncounted)})" if self.uncounted else "")

    def as_record(self) -> dict[str, Json]:
        """For the ledger. Bytes as the server is expected to report them."""
        both, room = self.needs.both, self.room
        on_gpu = bool(self.needs.vram.total)
        found = {
            "weights_bytes": both.weights, "kv_cache_bytes": both.kv_cache, "buffers_bytes": both.buffers,
            "total_bytes": both.total, "needed_bytes": both.needed,
            "checkpoints_bytes": both.checkpoints or None, "free_ram_bytes": room.ram_bytes,
            "reserve_ram_bytes": room.reserve_bytes, "gpu_bytes": self.needs.vram.total if on_gpu else None,
            "usable_gpu_bytes": room.vram_bytes if on_gpu else None,
            "gpu_layers": self.setting.gpu_layers, "layers": self.layers,
            "not_counted": list(self.uncounted) or None,
        }
        return {key: value for key, value in found.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Reported:
    """What the server's log says it allocated."""

    weights_bytes: int
    kv_cache_bytes: int
    buffers_bytes: int
    gpu_bytes: int = 0
    """Of these together, on GPUs."""

    @property
    def total_bytes(self) -> int:
        return self.weights_bytes + self.kv_cache_bytes + self.buffers_bytes

    def as_record(self) -> dict[str, Json]:
        """For the ledger."""
        found = {"weights_bytes": self.weights_bytes, "kv_cache_bytes": self.kv_cache_bytes,
                 "buffers_bytes": self.buffers_bytes, "total_bytes": self.total_bytes}
        return {**found, "gpu_bytes": self.gpu_bytes} if self.gpu_bytes else found


@dataclass(frozen=True, slots=True)
class MemoryCheck:
    """A plan beside what came of it."""

    plan: MemoryPlan | None
    reported: Reported | None
    gpu_bytes: int | None = None
    """What the GPUs' memory in use rose by, or what the driver says the server's process uses."""

    @property
    def off(self) -> float | None:
        """By what share the plan is above (or, negative, below) the server's report."""
        if self.plan is None or self.reported is None or not self.reported.total_bytes:
            return None
        return self.plan.needs.both.total / self.reported.total_bytes - 1

    def warning(self) -> str | None:
        """A sentence where the plan was off, else nothing."""
        if self.off is None or abs(self.off) <= MOST_OFF or self.plan is None or self.reported is None:
            return None
        return (f"The memory plan said {size(self.plan.needs.both.total)}, the server reports "
                f"{size(self.reported.total_bytes)}.")

    def as_record(self) -> Mapping[str, Json]:
        """The parts that are known, for the ledger's ``memory``."""
        found: dict[str, Json] = {}
        if self.plan is not None:
            found["planned"] = self.plan.as_record()
        if self.reported is not None:
            found["reported"] = self.reported.as_record()
        if self.off is not None:
            found["plan_off_percent"] = round(100 * self.off, 1) + 0.0  # no minus before a zero
        if self.gpu_bytes is not None:
            found["gpu_bytes"] = self.gpu_bytes
        return found
