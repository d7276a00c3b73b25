"""Which processors a process runs on. Where the system does not let that be chosen (macOS), nothing changes."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress

import psutil


def usable() -> frozenset[int]:
    """The processors that this process may run on, by number; empty where the system does not tell."""
    return frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()


def left_over(used: int, usable_ones: Collection[int]) -> frozenset[int]:
    """Those that remain when ``used`` are another's; empty where that would be none or all of them."""
    rest = sorted(usable_ones)[max(0, used):]
    return frozenset(rest) if len(rest) < len(usable_ones) else frozenset()


def stay_on(pid: int, processors: Collection[int]) -> None:
    """The process, all that it has started and all that it will start run on these only. Of one that is gone: nothing.

    Each process comes before its children are looked for: what it forks meanwhile has it from there.
    """
    if not hasattr(os, "sched_setaffinity") or not processors:
        return
    pending = [pid]
    for each in pending:
        with suppress(psutil.Error, OSError):
            os.sched_setaffinity(each, processors)
            pending += [child.pid for child in psutil.Process(each).children()]
