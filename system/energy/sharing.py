"""Who else is on the GPU: a meter sees the whole board, so what others draw is in what was measured.

The driver names processes by number. In a container those are the numbers outside, by which our own server cannot be
told from others: where it must be among them and is not, one of them is taken to be it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection

import psutil

from system import nvml
from system.process import capture

_ANSWER_S = 3.0  # power is not read meanwhile, and may not go unread for long
_NAME_LETTERS = 40


def processes() -> frozenset[int] | None:
    """Processes with a context on a GPU that a server of ours would see; None where nobody tells."""
    told = nvml.processes()
    return told if told is not None else _by_nvidia_smi()


def others(
    own: Collection[int], *, ours_is_there: bool, told: Callable[[], frozenset[int] | None] = processes
) -> tuple[str, ...] | None:
    """Names of the others, ``Xorg (pid 812)``; None where nobody tells. ``ours_is_there``: our server is on the GPU."""
    there = told()
    if there is None or (ours_is_there and not there):
        return None  # a driver that does not even name our own names nobody
    left = sorted(there - set(own))
    if ours_is_there and left and not there & set(own):
        return tuple("a process" for _ in left[1:])
    return tuple(f"{_name(pid)} (pid {pid})" for pid in left)


def family(pid: int | None) -> frozenset[int]:
    """A process, and those it started."""
    if pid is None:
        return frozenset()
    try:
        return frozenset({pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))})
    except psutil.Error:
        return frozenset({pid})


def _name(pid: int) -> str:
    """A process may call itself anything: what it says is shortened, and kept from being more than text."""
    try:
        name = psutil.Process(pid).name()
    except psutil.Error:
        return "a process"
    return "".join(letter if letter.isprintable() else "?" for letter in name)[:_NAME_LETTERS] or "a process"


def _by_nvidia_smi() -> frozenset[int] | None:
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    try:
        done = capture([program, "--query-compute-apps=pid", "--format=csv,noheader,nounits"], timeout_s=_ANSWER_S)
    except OSError:
        return None
    words = done.stdout.split()
    return frozenset(map(int, filter(str.isdecimal, words))) if done.code == 0 else None
