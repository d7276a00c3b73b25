"""What an executor is: it carries out units, in the order given as far as it can, and asks the queue about each.

The contract. For each unit the executor calls ``queue.begin``, which may wait (for the hour, for a GPU to cool) and
says which of the unit's cells are to be run now; none: another sweep is at it, or nothing is left. What comes of it is
told as it comes: ``recorded`` once a record stands in the ledger ``out.results`` and its folder in ``out.runs_root``,
``failed`` for cells that will have none this time. ``end`` gives the unit back, whatever came of it. The executor
returns when all units were begun and ended, or ``queue.stop_requested()`` says so, which it looks at between units and
hands on to what it runs; it raises only for what is wrong with itself (UsageError: an extra that is not installed, an
address where nobody answers), never for what came of a cell. All calls to the queue come from one thread.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from core.errors import BenchError
from runner.observer import Observer
from runner.request import Outputs
from runner.sweep.units import Unit


class Queue(Protocol):
    """The sweep, as an executor sees it."""

    @property
    def observer(self) -> Observer: ...

    def stop_requested(self) -> bool:
        """Whether to end: somebody asked for it, or the hours are over. What is under way can be taken up later."""
        ...

    def begin(self, unit: Unit) -> tuple[str, ...]:
        """Claims the unit; the ids of its cells that are to be run now. None: leave it, and do not ``end`` it."""
        ...

    def recorded(self, unit: Unit, record: Mapping[str, Any]) -> None:
        """A record of it is in the ledger."""
        ...

    def failed(self, unit: Unit, cells: Sequence[str], error: BenchError) -> None:
        """These cells came to no record, and why."""
        ...

    def end(self, unit: Unit) -> None:
        """Gives the claim up."""
        ...


class WholeQueue(Queue, Protocol):
    """And what an executor needs that does all of it itself, in this process."""

    @property
    def units(self) -> Sequence[Unit]:
        """All units of the sweep, those too that are done."""
        ...

    def place(self) -> tuple[int, int]:
        """Which of how many cells of the sweep comes next, for people."""
        ...

    def put_back(self, unit: Unit) -> None:
        """What of it is under way came to nothing through no fault of its own; it waits again. Before ``end``."""
        ...


class Executor(Protocol):
    """Carries out units."""

    def run_units(self, units: Sequence[Unit], out: Outputs, queue: WholeQueue) -> None:
        """See above."""
        ...
