"""How far a plan is: of each cell whether it is done, running, failed or waiting.

Nothing keeps a list. Done is what the ledger has a whole record of. Running is what a sweep has claimed, or an unended
run folder of it whose lock is held. Failed is what ended with tasks that nobody could ask or judge (the record says so)
or came to no record (``runner.sweep.failures``). Everything else waits; some of it was begun, and goes on where it
stopped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from core.errors import BenchError
from core.lookup import object_at, text_at
from ledger import store
from ledger.folder import RunFolder
from ledger.lines import read_lines
from ledger.runs import unended
from runner.sweep.claims import is_claimed
from runner.sweep.failures import Failure, failure_of
from runner.sweep.units import PlannedCell
from runner.wanted import is_whole, recorded


class State(StrEnum):
    """Where a cell stands."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Begun:
    """An unended run of a cell."""

    run_id: str
    is_held: bool
    answered: int
    tasks: int


@dataclass(frozen=True, slots=True)
class Standing:
    """One cell, and what is known of it."""

    cell: PlannedCell
    state: State
    record: Mapping[str, Any] | None = None
    failure: Failure | None = None
    begun: Begun | None = None

    @property
    def reason(self) -> str:
        """Why it failed; else nothing."""
        if self.failure is not None:
            return self.failure.reason
        if self.state is State.FAILED and self.record is not None:
            outcomes = object_at(self.record, "outcomes")
            told = ", ".join(f"{outcomes[name]} {name}" for name in ("lost", "harness_fault") if outcomes.get(name))
            return f"its run {text_at(self.record, 'run_id')} is incomplete" + (f": {told}" if told else "")
        return ""


def standings(cells: Iterable[PlannedCell], results: Path, runs_root: Path) -> list[Standing]:
    """Of each cell, in the order given. Raises BadInput for a ledger or a runs' root that cannot be read."""
    cells = list(cells)
    done = recorded(store.where(results, "cell", {cell.cell_id for cell in cells}))
    begun = begun_runs(runs_root, {cell.cell_id for cell in cells if not _is_done(done.get(cell.cell_id))})
    return [_standing(cell, done.get(cell.cell_id), begun.get(cell.cell_id), runs_root) for cell in cells]


def _is_done(record: Mapping[str, Any] | None) -> bool:
    return record is not None and is_whole(record)


def _standing(
    cell: PlannedCell, record: Mapping[str, Any] | None, begun: Begun | None, runs_root: Path
) -> Standing:
    if _is_done(record):
        return Standing(cell, State.DONE, record)
    if (begun is not None and begun.is_held) or is_claimed(runs_root, cell.cell_id):
        return Standing(cell, State.RUNNING, record, begun=begun)
    failure = failure_of(runs_root, cell.cell_id)
    if failure is not None or record is not None:
        return Standing(cell, State.FAILED, record, failure, begun)
    return Standing(cell, State.WAITING, begun=begun)


def begun_runs(runs_root: Path, cells: set[str]) -> dict[str, Begun]:
    """By cell, the latest run that did not end, one that is at work before others."""
    found: dict[str, Begun] = {}
    for config in unended(runs_root) if cells else ():
        key = config.get("cell")
        if key in cells and (key not in found or not found[key].is_held):
            folder = RunFolder(runs_root, str(config.get("run_id")))
            told = Begun(folder.run_id, folder.is_held, *_progress(folder))
            if key not in found or told.is_held:
                found[key] = told
    return found


def _progress(folder: RunFolder) -> tuple[int, int]:
    """Tasks answered, and all of them."""
    with suppress(BenchError):
        tasks = sum(1 for _ in read_lines(folder.tasks_path))
        return len({str(line.get("task_id")) for line in read_lines(folder.samples_path)}), tasks
    return 0, 0


def counts(found: Sequence[Standing]) -> dict[State, int]:
    """How many stand where."""
    return {state: sum(each.state is state for each in found) for state in State}
