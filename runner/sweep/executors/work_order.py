"""What a machine is told of a unit, what it does, and what comes back, without a word of Ray or Slurm.

The work goes on in a folder of the machine's own that is removed at the end; what a killed predecessor left is removed
at the start. Everything that is to be kept is told while it happens.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BenchError
from runner.sweep.executors.parcels import Recorded, Unfinished, UnitFolder
from runner.sweep.executors.unit_child import UnitChild
from runner.sweep.failures import Failure
from system.clock import monotonic_s
from system.files import lock
from system.user_cache import user_cache_folder

SNAPSHOT_S: Final = 20.0
"""How often a run under way is carried home, at most: so much is asked again when a machine is lost."""
_BYTES_PER_S: Final = 1 << 20
"""A large run folder is carried home less often."""
_LOOK_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """A unit's cells, for one machine."""

    argv: tuple[str, ...]
    """Of the command, its cells named; files as they are called on that machine."""
    cells: tuple[str, ...]
    unfinished: tuple[Unfinished, ...] = ()
    """What is there of them already."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The command works."""

    machine: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The last word."""

    code: int
    said: tuple[str, ...]


News = Begun | Recorded | Unfinished | Failure | Ended


def carried_out(
    order: WorkOrder, machine: str, stop: Callable[[], bool], processors: Sequence[int] = ()
) -> Iterator[News]:
    """What happens, as it happens; ``stop`` is asked every half second. A reader that leaves ends the command."""
    with _folder() as place:
        folder = UnitFolder(place)
        folder.unpack(order.unfinished)
        with UnitChild(order.argv, folder, processors) as child:
            yield Begun(machine)
            yield from _watched(child, folder, stop)
            code = child.stop()
            yield from folder.recorded()
            yield from folder.unfinished()
            yield from folder.failed(order.cells)
            yield Ended(1 if code is None else code, child.last_lines())


def _watched(child: UnitChild, folder: UnitFolder, stop: Callable[[], bool]) -> Iterator[News]:
    due = monotonic_s() + SNAPSHOT_S
    while child.wait(_LOOK_S) is None:
        if stop():
            return
        yield from folder.recorded()
        if monotonic_s() >= due:
            carried = 0
            for run in folder.unfinished():
                carried += sum(map(len, run.files.values()))
                yield run
            due = monotonic_s() + max(SNAPSHOT_S, carried / _BYTES_PER_S)


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder of our own, locked while we live, so that nobody takes it for a leaving."""
    root = user_cache_folder() / "units"
    try:
        root.mkdir(parents=True, exist_ok=True)
        with lock(root / ".lock"):  # between making a folder and locking it nobody may sweep
            _sweep(root)
            place = Path(tempfile.mkdtemp(dir=root))
            held = lock(place / ".held", timeout_s=0)
            held.__enter__()
    except OSError as error:
        raise BenchError(f"{root}: a unit's folder cannot be made there ({error.strerror}); see to the disk") from error
    try:
        yield place
    finally:
        held.__exit__(None, None, None)
        shutil.rmtree(place, ignore_errors=True)


def _sweep(root: Path) -> None:
    for place in root.iterdir():
        if place.is_dir():
            with suppress(TimeoutError, OSError), lock(place / ".held", timeout_s=0):
                shutil.rmtree(place, ignore_errors=True)
