"""Units one after the other, in this process: what ``run`` would do with the same flags, without a process for each.

The next unit's model is fetched while the present one decodes (``runner.sweep.prefetch``), and its file is read ahead
during the present one's last cell, as between the models of one command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.errors import BenchError, Interrupted
from core.records import ModelInfo
from runner import arguments, run
from runner.from_flags import request_of
from runner.observer import Hooks
from runner.request import Outputs
from runner.sweep.executors.base import Queue
from runner.sweep.prefetch import Prefetch
from runner.sweep.units import Unit
from servers.hub_models import Telling


@dataclass(frozen=True, slots=True)
class Local:
    """The executor of one machine with one model at a time."""

    bars: bool = False
    """Whether downloads may draw their bars on standard error."""

    def run_units(self, units: Sequence[Unit], out: Outputs, queue: Queue) -> None:
        """See ``executors.base``. Raises Interrupted when no more money may be spent."""
        prefetch = Prefetch()
        for place, unit in enumerate(units):
            if queue.stop_requested():
                return
            cells = queue.begin(unit)
            if not cells:
                continue
            try:
                following = prefetch.begin(units[place + 1].model) if place + 1 < len(units) else None
                self._run(unit, cells, out, _Told(queue, unit, following))
            except Interrupted:
                if queue.stop_requested():
                    return
                raise
            finally:
                queue.end(unit)

    def _run(self, unit: Unit, cells: tuple[str, ...], out: Outputs, told: _Told) -> None:
        where = ("--results", str(out.results), "--runs-root", str(out.runs_root))
        try:
            _, flags = arguments.parse(unit.command(cells, *where))
            request = replace(request_of(flags, Telling(told.note, bars=self.bars)), outputs=out)
            run.run(request, told.hooks())
        except Interrupted:
            raise
        except BenchError as error:
            told.note(str(error))
            told.failed([cell for cell in cells if cell not in told.settled], error)


class _Told:
    """What a unit's command tells: to the sweep's own observer, and what comes of its cells to the queue."""

    def __init__(self, queue: Queue, unit: Unit, following: ModelInfo | None) -> None:
        self._queue, self._unit, self._following = queue, unit, following
        self._observer = observer = queue.observer
        self.note, self.status = observer.note, observer.status
        self.transfer, self.live = observer.transfer, observer.live
        self.settled: set[str] = set()
        """Cells that were recorded or failed."""

    def hooks(self) -> Hooks:
        """Nobody is asked anything in the middle of a sweep: what it fetches and may cost was agreed to before."""
        return Hooks(self, self._queue.stop_requested, lambda _question: True, failed=self.failed,
                     following=self._following)

    def failed(self, cells: Sequence[str], error: BenchError) -> None:
        """They come to no record."""
        self.settled.update(cells)
        self._queue.failed(self._unit, cells, error)

    def finished(self, record: Mapping[str, Any]) -> None:
        """A record is in the ledger."""
        self.settled.add(str(record.get("cell")))
        self._queue.recorded(self._unit, record)
        self._observer.finished(record)
