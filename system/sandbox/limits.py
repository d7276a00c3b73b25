"""Resource limits of one process, and its processor time seen from outside."""

from __future__ import annotations

import math
import platform
import resource
import time
from dataclasses import dataclass

from system.sandbox import seatbelt

MIB = 1 << 20
_SYSTEM = platform.system()
_SOME_SYSTEMS = [(name, getattr(resource, name, None)) for name in (
    "RLIMIT_AS", "RLIMIT_STACK", "RLIMIT_MEMLOCK", "RLIMIT_MSGQUEUE", "RLIMIT_NPROC")]
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""For numerical packages, which would otherwise start a thread a processor when they are imported."""


@dataclass(frozen=True)
class Limits:
    """What one candidate may use. Bytes, seconds and counts."""

    cpu_s: float = 3.0
    """Processor seconds of one test before its process is stopped."""
    wall_s: float = 4.0
    """Seconds by the clock on the wall before it is stopped."""
    tests: int = 1
    """How many tests one process may answer."""
    address_space_bytes: int = 2048 * MIB
    tree_bytes: int = 1024 * MIB
    """Resident memory of the candidate and all it started, together."""
    file_bytes: int = 16 * MIB
    scratch_bytes: int = 64 * MIB
    scratch_files: int = 4096
    open_files: int = 256
    processes: int = 64
    stack_bytes: int = 64 * MIB
    output_bytes: int = MIB
    """Of standard output, what is read."""


def apply(limits: Limits, processes: int | None) -> None:
    """Sets the limits on the calling process, hard ones too. ``processes`` None leaves their number alone."""
    seconds = math.ceil(limits.cpu_s * limits.tests) + 1  # the exact limit is kept from outside
    _set(resource.RLIMIT_CPU, seconds)
    _set(resource.RLIMIT_FSIZE, limits.file_bytes)
    _set(resource.RLIMIT_NOFILE, limits.open_files)
    _set(resource.RLIMIT_CORE, 1)  # with 0, a system that pipes its core dumps to a program would still make one
    values = (limits.address_space_bytes, limits.stack_bytes, 0, 0, processes)
    for (name, kind), value in zip(_SOME_SYSTEMS, values):  # noqa: B905 - Python 3.9 has no strict
        if value is not None and kind is not None:
            try:
                _set(kind, value)
            except (OSError, ValueError):
                if name not in {"RLIMIT_AS", "RLIMIT_STACK"} or _SYSTEM != "Darwin":
                    raise  # macOS refuses these two; the level there says so


def _set(kind: int, value: int) -> None:
    try:
        resource.setrlimit(kind, (value, value))
    except ValueError:  # there is a lower one already, which can only be lowered
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (min(value, hard), min(value, hard)))


def cpu_s(pid: int) -> float | None:
    """Processor seconds that process ``pid`` has used so far, all threads; None once it is gone or cannot be asked."""
    if _SYSTEM == "Darwin":
        return seatbelt.task(pid)[1]
    if _SYSTEM != "Linux":
        return None
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the kernel's name for that process's own clock
    except OSError:
        return None


def cap_memory(address_space_bytes: int) -> None:
    """The address space of the calling process, where the system can limit it. It can set another limit later."""
    if _SYSTEM != "Darwin":
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = address_space_bytes if hard == resource.RLIM_INFINITY else min(address_space_bytes, hard)
        resource.setrlimit(resource.RLIMIT_AS, (most, hard))
