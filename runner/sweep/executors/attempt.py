"""A unit that another process carries out, from the sweep's side: its news become records, failures, run folders."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import BenchError
from runner.request import Outputs
from runner.sweep.executors import parcels
from runner.sweep.executors.base import Queue
from runner.sweep.executors.parcels import Recorded, Unfinished
from runner.sweep.executors.unit_child import error_of, without_a_word
from runner.sweep.executors.work_order import Begun, Ended, News
from runner.sweep.failures import Failure
from runner.sweep.units import Unit

INTERRUPTED = 130


class Attempt:
    """One claimed unit until it is given back."""

    def __init__(self, unit: Unit, cells: Sequence[str], out: Outputs, queue: Queue) -> None:
        self.unit, self._cells, self._out, self._queue = unit, tuple(cells), out, queue
        self._settled: set[str] = set()
        self.losses = 0
        """How often the machine that had it was lost."""
        self.ended = False
        """Whether its command said its last word."""

    @property
    def left(self) -> tuple[str, ...]:
        """Cells that came to nothing yet."""
        return tuple(cell for cell in self._cells if cell not in self._settled)

    def unfinished(self) -> tuple[Unfinished, ...]:
        """What is here of them, for whoever goes on."""
        return tuple(parcels.of_cells(self._out.runs_root, self.left)) if self._out.resume else ()

    def hear(self, news: News) -> None:
        """Raises BenchError where the disk or the ledger takes nothing more."""
        match news:
            case Begun():
                self._queue.observer.note(f"{self.name()}: begun on {news.machine}")
            case Recorded():
                self._record(news)
            case Unfinished():
                parcels.put(self._out.runs_root, news.run_id, news.files)
            case Failure():
                self.fail([news.cell_id], error_of(news.kind, news.reason, news.exit_code, news.log_tail))
            case Ended():
                self.ended = True
                if self.left and news.code != INTERRUPTED:
                    self.fail(self.left, without_a_word(news.code, news.said))

    def fail(self, cells: Sequence[str], error: BenchError) -> None:
        """These come to no record this time."""
        left = [cell for cell in cells if cell in self.left]
        if left:
            self._settled.update(left)
            self._queue.failed(self.unit, left, error)

    def give_back(self) -> None:
        """The claim."""
        self._queue.end(self.unit)

    def _record(self, found: Recorded) -> None:
        cell = str(found.record.get("cell"))
        if cell in self._cells and cell in self._settled:
            return  # of a machine that was taken for lost, and was not
        record = parcels.enter(self._out.results, self._out.runs_root, found, lambda: None)
        self._settled.add(cell)
        if record is not None:
            self._queue.recorded(self.unit, record)
            self._queue.observer.finished(record)

    def name(self) -> str:
        """For people."""
        cells = {cell.cell_id: cell.label for cell in self.unit.cells}
        more = len(self.left) - 1
        return f"{cells.get(self.left[0], self.unit.model) if self.left else self.unit.model}" + (
            f" and {more} more" if more > 0 else "")
