"""A sweep from its first unit to its last: what is left is handed to the executor, until nothing is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import BenchError, Interrupted
from runner.request import Outputs
from runner.sweep.executors.base import Executor
from runner.sweep.failures import Failure
from runner.sweep.pausing import DiskFullError, Pausing
from runner.sweep.queue import SweepQueue
from runner.sweep.standing import Standing, State, standings
from runner.sweep.units import PlannedCell, Unit

_POLL_S = 2.0


@dataclass(frozen=True, slots=True)
class Swept:
    """What came of a sweep, this time."""

    standings: Sequence[Standing]
    records: Mapping[str, Mapping[str, Any]]
    """By cell, what was recorded now."""
    failed: Mapping[str, Failure]
    ended_by: BenchError | None = None
    """What ended it before its time."""

    @property
    def exit_code(self) -> int:
        """130 and the like where it was ended; 1 where a cell failed; else 0."""
        if self.ended_by is not None:
            return self.ended_by.exit_code
        return 1 if any(each.state is State.FAILED for each in self.standings) else 0


@dataclass(frozen=True, slots=True)
class Driving:
    """How a sweep is done."""

    executor: Executor
    out: Outputs
    pausing: Pausing
    retry_failed: bool = False


def drive(units: Sequence[Unit], how: Driving) -> Swept:
    """Until every cell is done or has failed, or somebody asks to stop.

    Raises what the executor has against itself (UsageError), and BadInput for a ledger that cannot be read.
    """
    cells = [cell for unit in units for cell in unit.cells]
    before = standings(cells, how.out.results, how.out.runs_root)
    left_alone = {State.DONE} if how.retry_failed else {State.DONE, State.FAILED}
    wanted = {each.cell.cell_id for each in before if each.state not in left_alone}
    retried = {each.cell.cell_id for each in before if each.state is State.FAILED}
    queue = SweepQueue(units, how.out, wanted, how.pausing, retried & wanted)
    ended_by: BenchError | None = None
    try:
        _until_done(units, how, queue)
    except (Interrupted, DiskFullError) as error:
        ended_by = error
    return Swept(_now(cells, how.out, queue.failed_cells), queue.records, queue.failed_cells, ended_by)


def _now(cells: Sequence[PlannedCell], out: Outputs, failed: Mapping[str, Failure]) -> list[Standing]:
    """With what failed just now and could not be written down: on a disk that is full, say."""
    return [
        replace(each, state=State.FAILED, failure=failed[each.cell.cell_id])
        if each.state is State.WAITING and each.cell.cell_id in failed else each
        for each in standings(cells, out.results, out.runs_root)
    ]


def _until_done(units: Sequence[Unit], how: Driving, queue: SweepQueue) -> None:
    """Raises Interrupted when asked to stop."""
    pausing, told = how.pausing, False
    while queue.wanted:
        left = [unit for unit in units if queue.wanted.intersection(unit.cell_ids)]
        before = len(queue.wanted)
        how.executor.run_units(left, how.out, queue)
        if pausing.stopped:
            raise Interrupted("stopped; what is there is kept. Give the same command again to go on.")
        if pausing.why is not None:
            pausing.observer.note(f"paused: {pausing.why}; what was asked so far is kept")
            pausing.wait()
            continue
        queue.settle()
        if queue.wanted and len(queue.wanted) == before:  # another sweep, or a run by hand, is at the rest
            if not told:
                pausing.observer.note(f"{len(queue.wanted)} more cells are in hand elsewhere; waiting for them")
                told = True
            pausing.rest(_POLL_S)
