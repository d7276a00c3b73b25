"""What a container leaves of the machine's memory.

A container's processes see the whole machine in ``/proc/meminfo`` and are killed at their control group's limit. Every
group from our own up to the root may have one, in version 2 of the kernel's interface and in version 1. Pages of files
that a group has read count as used by it, but the kernel takes them back before it kills, so they are counted as free.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
SELF = Path("/proc/self/cgroup")
_V1_NO_LIMIT = 1 << 60


def room_bytes(root: Path = ROOT, self_file: Path = SELF) -> int | None:
    """The least that any group above this process still allows; None where no group has a limit."""
    left = [room for folder, names in _groups(root, self_file) if (room := _room(folder, *names)) is not None]
    return min(left) if left else None


def limit_bytes(root: Path = ROOT, self_file: Path = SELF) -> int | None:
    """The lowest limit of all groups above this process; None where there is none."""
    limits = [limit for folder, names in _groups(root, self_file) if (limit := _number(folder / names[0])) is not None]
    return min(limits) if limits else None


_V2 = ("memory.max", "memory.current", "file")
_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_cache")


def _groups(root: Path, self_file: Path) -> Iterator[tuple[Path, tuple[str, str, str]]]:
    """Our group and those above it, with the names of their files."""
    try:
        lines = self_file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "":
            base, names = root, _V2
        elif "memory" in controllers.split(","):
            base, names = root / "memory", _V1
        else:
            continue
        folder = base / path.lstrip("/")
        if not folder.is_dir():  # a container often sees its own group as the root
            folder = base
        while folder == base or base in folder.parents:
            yield folder, names
            folder = folder.parent


def _room(folder: Path, limit_name: str, used_name: str, cache_name: str) -> int | None:
    limit, used = _number(folder / limit_name), _number(folder / used_name)
    if limit is None or used is None:
        return None
    return max(0, limit - used + min(used, _cache(folder / "memory.stat", cache_name)))


def _cache(stat: Path, name: str) -> int:
    try:
        lines = stat.read_text("ascii", "replace").splitlines()
    except OSError:
        return 0
    found = dict(line.split()[:2] for line in lines if len(line.split()) == 2)
    shared = found.get("shmem", found.get("total_shmem", "0"))  # in the page cache, but nowhere else
    numbers = [int(text) if text.isdecimal() else 0 for text in (found.get(name, "0"), shared)]
    return max(0, numbers[0] - numbers[1])


def _number(path: Path) -> int | None:
    """The number in the file; None for ``max``, for version 1's way to say so, and for no file."""
    try:
        text = path.read_text("ascii", "replace").strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() and int(text) < _V1_NO_LIMIT else None
