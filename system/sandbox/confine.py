"""What a candidate process does to itself before the program: Landlock, seccomp, descriptors, limits.

All that can be done before a fork is done before it: in the worker, once (``prepare``, ``make_cell``,
``filter_worker``). The rest has two parts, since candidates stand ready before their program is known: ``confine``
needs nothing of it, ``admit`` needs its limits.

The order matters. Landlock first, whose opened rules are among the descriptors that are closed; capabilities before
seccomp, whose filter denies what comes before it.
"""

# ruff: noqa: PTH116, PTH208
# plain calls on paths and descriptors: runs in every candidate, where each import costs

from __future__ import annotations

import os
import platform
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from system.sandbox import calls, landlock, limits, seatbelt, seccomp

FULL, CONFINED, SEATBELT, NONE = "full", "confined", "seatbelt", "none"
SOCKET_FD = 3
_LINUX = platform.system() == "Linux"
_DEVICES = ("null", "zero", "full", "random", "urandom")


@dataclass(frozen=True)
class Cell:
    """What confinement a worker gives its candidates."""

    level: str
    opened: landlock.Opened | None
    """What may be read besides the scratch folder."""
    landlock_abi: int
    filter: seccomp.Filter | None
    """What is left for a candidate to install: the worker has the greater part already."""
    processes: int | None
    """RLIMIT_NPROC. The kernel counts it per user, so outside a user namespace the user's other tasks are added."""
    kept: tuple[int, ...] = ()
    """Open folders that lead to the interpreter, where no other way does."""
    readable: tuple[str, ...] = ()
    """What may be read besides the scratch folder at ``seatbelt``."""


def make_cell(level: str, readable: Sequence[landlock.Rule], most: int, kept: tuple[int, ...] = ()) -> Cell:
    """Builds the parts that all candidates of a worker share. Raises OSError where ``level`` needs what is missing."""
    if level == NONE:
        return Cell(level, None, 0, None, None, kept)
    if level == SEATBELT:
        return Cell(level, None, 0, None, None, kept, tuple(rule.path for rule in readable))
    version = landlock.abi()
    if level == CONFINED and version < 1:
        raise OSError("the kernel has no Landlock")
    try:
        filter_ = seccomp.Filter(seccomp.rest())
    except KeyError:
        raise OSError(f"no seccomp table for {platform.machine()}") from None
    if level == FULL:
        rules = [landlock.Rule("/", landlock.READ_AND_RUN), landlock.Rule("/dev", landlock.READ_AND_WRITE)]
        processes = most if _counts_per_namespace() else None
    else:
        rules = [*readable, *(landlock.Rule(f"/dev/{name}", landlock.READ_AND_WRITE) for name in _DEVICES)]
        processes = _tasks_of(os.getuid()) + most
    opened = landlock.opened(rules, version) if version else None
    return Cell(level, opened, version, filter_, processes, kept)


def filter_worker(cell: Cell) -> None:
    """Installs in the worker what it can do without and no candidate may do: the greater part of the filter."""
    if cell.filter is not None:
        seccomp.Filter(seccomp.base(seccomp.FOR_THE_JUDGE)).install()


def _counts_per_namespace() -> bool:
    """From Linux 5.14 on RLIMIT_NPROC counts within the user namespace; before, over the whole login."""
    numbers = platform.release().split(".")
    return (int(numbers[0]), int("".join(filter(str.isdigit, numbers[1][:3])) or 0)) >= (5, 14)


def _tasks_of(uid: int) -> int:
    count = 512  # what the user may start meanwhile
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                if os.stat(f"/proc/{name}").st_uid == uid:
                    count += len(os.listdir(f"/proc/{name}/task"))
            except OSError:
                continue
    return count


def prepare(scratch: str) -> None:
    """What every candidate finds around it, set in a process it is forked from: environment, signals, streams.

    Python's three streams are made here, over whatever 0, 1 and 2 are: they go by number, and find at those numbers
    what a candidate puts there. SIGINT is ignored until the program runs, so that no candidate can interrupt its judge.
    """
    set_environment(scratch)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115 - the program's
    sys.stdout = open(1, "w", encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False, buffering=1)  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]


def set_environment(scratch: str) -> None:
    os.environ.clear()
    os.environ.update(limits.ONE_THREAD, HOME=scratch, TMPDIR=scratch, LANG="C.UTF-8")


def take_streams(stdin: int, stdout: int, stderr: int) -> None:
    """Puts these at 0, 1 and 2; they are other numbers."""
    os.dup2(stdin, 0)
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)


def close_others(lowest: int, cell: Cell) -> None:
    """Closes every descriptor from ``lowest`` on, but for the high ones that the cell keeps."""
    for number in sorted(cell.kept):
        os.closerange(lowest, number)
        lowest = number + 1
    calls.close_from(lowest)


def closer(lowest: int, cell: Cell) -> Callable[[], object]:
    """The same for later, by a call that does little: made before a fork, for the processes that come of it."""
    return partial(close_others, lowest, cell) if cell.kept else calls.closer_from(lowest)


def confine(cell: Cell, scratch: str) -> None:
    """Never to be undone; what is forked from here has it too. ``admit`` has to follow before the program.

    Raises OSError, in which case the program must not run.
    """
    if cell.opened is not None:
        landlock.restrict_to(scratch, cell.opened)
    if _LINUX:
        calls.drop_capabilities()
    if cell.filter is not None and cell.level == FULL:
        cell.filter.install()


def admit(cell: Cell, allowed: limits.Limits) -> None:
    """The last layers, in the process that runs the program: what it may use, and that it starts no other.

    Raises OSError, in which case the program must not run.
    """
    limits.apply(allowed, cell.processes)
    leave_alone(cell)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def leave_alone(cell: Cell, parent: int | None = None) -> None:
    """Where no pid namespace does it: this process ends with its parent, and neither starts nor signals any other.

    ``parent``: its number, where it may have ended before this was called.
    """
    if cell.level == FULL:
        return
    if _LINUX:
        calls.die_with_parent(parent=parent)
    if cell.level == SEATBELT:
        seatbelt.restrict(cell.readable, os.environ["TMPDIR"])
    if cell.filter is not None:
        cell.filter.install()
        seccomp.install_alone()
