"""Whether a process does anything: the processor seconds that it and its children have used."""

from __future__ import annotations

import psutil


def cpu_seconds(pid: int) -> float:
    """Of the process, all that live below it, and those of its children that have ended; 0 where it is gone."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except (psutil.Error, OSError):
        return 0.0
    used = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except (psutil.Error, OSError):
            continue
        used += times.user + times.system + getattr(times, "children_user", 0) + getattr(times, "children_system", 0)
    return used
