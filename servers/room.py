"""The memory there is for a server: what the machine, its container and its GPUs have free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from servers.backends.base import Found
from servers.fitting import GPU_RESERVE_BYTES, Room
from servers.spec import DEFAULT_RESERVE_BYTES
from system.host import Gpu, available_memory_bytes, gpus, total_memory_bytes

METAL_SHARE: Final = 0.75
"""Of its memory macOS lets a GPU use about so much at once (``iogpu.wired_limit_mb``)."""
_TOLD: Final = re.compile(r"\((\d+) MiB, (\d+) MiB free\)")
_VENDORS: Final = (("nvidia", re.compile(r"CUDA|NVIDIA|GeForce|Tesla|Quadro", re.IGNORECASE)),
                   ("amd", re.compile(r"ROCm|HIP|AMD|Radeon", re.IGNORECASE)),
                   ("apple", re.compile(r"Metal|MTL|Apple", re.IGNORECASE)))


def room_for(found: Found, reserve_ram_gib: float | None) -> Room:
    """The room for a server of that kind now."""
    reserve, ram = reserve_bytes(reserve_ram_gib), available_memory_bytes()
    if found.gpu is False:
        return Room(ram, reserve)
    # a build that cannot tell whether it uses GPUs is not to be counted on
    return with_gpus(Room(ram, reserve), found.devices, gpus() if found.gpu else ())


def reserve_bytes(reserve_ram_gib: float | None) -> int:
    """What is kept free: as asked, else the default, on small machines a tenth of the memory."""
    if reserve_ram_gib is not None:
        return round(reserve_ram_gib * 2**30)
    return min(DEFAULT_RESERVE_BYTES, total_memory_bytes() // 10)


def with_gpus(room: Room, devices: Sequence[str], cards: Sequence[Gpu]) -> Room:
    """The room with the memory of the GPUs that the build names; unknown where neither it nor the driver tells."""
    vendors = {vendor for vendor, pattern in _VENDORS for device in devices if pattern.search(device)}
    vendors |= set() if devices else {card.vendor for card in cards}
    seen = [card for card in cards if card.vendor in vendors and card.memory_free_bytes is not None]
    if "apple" in vendors and seen:
        most = min(room.usable_ram, int(METAL_SHARE * (seen[0].memory_total_bytes or 0)))
        return Room(room.ram_bytes, room.reserve_bytes, most, 1, unified=True)
    free = [card.memory_free_bytes or 0 for card in seen]
    if not free or len(free) < len(devices):  # a vendor that is not asked here: what the build said when it was found
        told = [_TOLD.search(device) for device in devices]
        free = [int(match[2]) << 20 for match in told if match]
    if not free or len(free) < len(devices):
        return Room(room.ram_bytes, room.reserve_bytes, None, max(1, len(devices)))
    free = sorted(free, reverse=True)[:max(1, len(devices))]
    usable = sum(max(0, size - GPU_RESERVE_BYTES) for size in free)
    return Room(room.ram_bytes, room.reserve_bytes, usable, len(free))
