"""The sweep as its executor sees it: which cells of a unit are to be run now, what came of them, when to pause.

Theory of operation. What is to be done is worked out anew before each unit, from the ledger, the claims and the run
folders (``runner.sweep.standing``), never from memory, so that a sweep may be killed at any moment, begun again, and
run twice at the same time. A cell is claimed first and looked up in the ledger then: whoever had it before wrote its
record before giving the claim up. Each cell is tried once a sweep; what fails is noted and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import BenchError
from ledger import store
from runner.observer import Observer
from runner.request import Outputs
from runner.sweep import failures
from runner.sweep.claims import Claims
from runner.sweep.failures import Failure
from runner.sweep.pausing import Pausing
from runner.sweep.standing import begun_runs
from runner.sweep.units import Unit
from runner.wanted import is_whole, recorded


class SweepQueue:
    """See ``executors.base.Queue``."""

    def __init__(
        self, units: Sequence[Unit], out: Outputs, wanted: set[str], pausing: Pausing, retried: Iterable[str] = ()
    ) -> None:
        """``wanted``: the cells that are to be tried; ``retried``: those of them that failed before."""
        self.units = units
        self._out, self._pausing = out, pausing
        self.observer: Observer = pausing.observer
        self.wanted = wanted
        """Not tried yet."""
        self._retried = set(retried)
        self._total = len(wanted)
        self.records: dict[str, Mapping[str, Any]] = {}
        """By cell, what was recorded now."""
        self.failed_cells: dict[str, Failure] = {}
        self._under_way: dict[str, set[str]] = {}
        """By unit."""
        self._claims = Claims(out.runs_root)
        self._ledger = _Ledger(out.results, wanted)

    def place(self) -> tuple[int, int]:
        """See ``executors.base``."""
        settled = self._total - len(self.wanted) - sum(map(len, self._under_way.values()))
        return min(settled + 1, self._total), self._total

    def stop_requested(self) -> bool:
        """See ``executors.base``."""
        return self._pausing.stop_requested()

    def begin(self, unit: Unit) -> tuple[str, ...]:
        """See ``executors.base``."""
        candidates = [cell for cell in unit.cell_ids if cell in self.wanted]
        if not candidates or not self._pausing.may_begin():
            return ()
        held = [cell for cell in candidates if self._take(cell)]
        self._settle_done(held)
        self._settle_failed(held)
        busy = {cell for cell, begun in begun_runs(self._out.runs_root, set(held)).items() if begun.is_held}
        run = tuple(cell for cell in held if cell in self.wanted and cell not in busy)
        self._claims.give_back(cell for cell in held if cell not in run)
        for cell in run:
            failures.forget(self._out.runs_root, cell)
        self.wanted.difference_update(run)
        self._retried.difference_update(run)
        if run:
            self._under_way[unit.unit_id] = set(run)
        return run

    def _take(self, cell: str) -> bool:
        try:
            return self._claims.take(cell)
        except OSError as error:
            raise BenchError(f"{error.filename or self._out.runs_root}: no cell can be claimed there "
                             f"({error.strerror or error}); see to the disk or its permissions") from error

    def _settle_done(self, cells: Sequence[str]) -> None:
        """What another sweep, or a run by hand, brought to its end meanwhile."""
        done = self._ledger.recorded()
        for cell in cells:
            record = done.get(cell)
            if record is not None and is_whole(record):
                self.wanted.discard(cell)

    def settle(self) -> None:
        """Looks what of the rest was done elsewhere, and what failed there."""
        self._settle_done(list(self.wanted))
        self._settle_failed(list(self.wanted))

    def _settle_failed(self, cells: Sequence[str]) -> None:
        for cell in cells:
            if cell in self._retried:
                continue
            if (failure := failures.failure_of(self._out.runs_root, cell)) is not None:
                self.failed_cells[cell] = failure
                self.wanted.discard(cell)

    def recorded(self, unit: Unit, record: Mapping[str, Any]) -> None:
        """See ``executors.base``."""
        cell = str(record.get("cell"))
        self.records[cell] = record
        self._under_way.get(unit.unit_id, set()).discard(cell)
        failures.forget(self._out.runs_root, cell)

    def failed(self, unit: Unit, cells: Sequence[str], error: BenchError) -> None:
        """See ``executors.base``."""
        for cell in cells:
            self.failed_cells[cell] = failures.note(self._out.runs_root, cell, error)
        self._under_way.get(unit.unit_id, set()).difference_update(cells)

    def put_back(self, unit: Unit) -> None:
        """See ``executors.base``."""
        self.wanted |= self._under_way.pop(unit.unit_id, set())

    def end(self, unit: Unit) -> None:
        """See ``executors.base``. What came to nothing because of a pause is wanted again."""
        left = self._under_way.pop(unit.unit_id, set())
        if self._pausing.why is not None:
            self.wanted |= left
        elif left and not self._pausing.stopped:
            self.failed(unit, sorted(left), BenchError("it ended without a record, and nobody said why; see its run "
                                                       "folder, then --retry-failed"))
        self._claims.give_back(unit.cell_ids)


class _Ledger:
    """What it has of these cells; read again when it was written to."""

    def __init__(self, path: Path, cells: Iterable[str]) -> None:
        self._path, self._cells = path, frozenset(cells)
        self._seen: tuple[int, int] | None = None
        self._recorded: Mapping[str, Mapping[str, Any]] = {}

    def recorded(self) -> Mapping[str, Mapping[str, Any]]:
        """By cell. Raises BadInput for a ledger that cannot be read."""
        try:
            stat = self._path.stat()
            now = (stat.st_mtime_ns, stat.st_size)
        except OSError:
            now = None
        if now is None or now != self._seen:
            self._recorded = recorded(store.where(self._path, "cell", self._cells))
            self._seen = now
        return self._recorded


