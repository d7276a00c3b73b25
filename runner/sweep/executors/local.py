"""Units one after the other, in this process: what ``run`` would do with the same flags, without a process for each.

Units that one start of a server can serve are done on one (``executors.kept``). The next model is fetched while the
present one decodes (``runner.sweep.prefetch``), and its file is read ahead during the present one's last cell, as
between the models of one command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from core.errors import BenchError, Interrupted
from core.records import ModelInfo
from reports.live import LiveState
from runner import arguments, run
from runner.command import Command
from runner.from_flags import request_of
from runner.loading import settings
from runner.observer import Hooks, Purse
from runner.plan import Load
from runner.request import Outputs, Request, Spending
from runner.spending import Wallet
from runner.spent_before import count_earlier
from runner.sweep.executors.base import WholeQueue
from runner.sweep.executors.kept import Kept
from runner.sweep.prefetch import Prefetch
from runner.sweep.units import Unit
from runner.work import Work
from servers.foresee import is_local
from servers.hub_models import Telling


@dataclass(frozen=True, slots=True)
class _Ready:
    """A unit's command, ready to run some of its cells; or what keeps it from that."""

    request: Request | None = None
    planned: tuple[tuple[Load, list[Work]], ...] = ()
    fault: BenchError | None = None

    @property
    def works(self) -> list[Work]:
        return [work for _, works in self.planned for work in works]


_To = tuple[Outputs, WholeQueue, Kept, Prefetch]


class Local:
    """The executor of one machine with one model at a time."""

    def __init__(self, *, bars: bool = False) -> None:
        """``bars``: whether downloads may draw their bars on standard error."""
        self._bars = bars
        self._wallets: dict[Spending, Purse] = {}

    def run_units(self, units: Sequence[Unit], out: Outputs, queue: WholeQueue) -> None:
        """See ``executors.base``. Raises Interrupted when no more money may be spent."""
        paid = [unit for unit in queue.units if any(flag.startswith("--max-cost") for flag in unit.argv)]
        self._count_before(paid, out, queue)
        groups = [list(group) for _, group in groupby(units, lambda unit: unit.load or unit.unit_id)]
        kept, prefetch = Kept(), Prefetch(queue.observer.note)
        try:
            for place, group in enumerate(groups):
                if queue.stop_requested():
                    return
                following = groups[place + 1][0] if place + 1 < len(groups) else None
                self._run_group(group, (out, queue, kept, prefetch), following)
        except Interrupted:
            if not queue.stop_requested():
                raise
        finally:
            kept.close()

    def _run_group(self, units: Sequence[Unit], to: _To, following: Unit | None) -> None:
        out, queue, kept, prefetch = to
        ready: dict[str, _Ready] = {}
        for place, unit in enumerate(units):
            if queue.stop_requested():
                return
            cells = queue.begin(unit)
            if not cells:
                continue
            try:
                if not ready:
                    sharing = [each for each in queue.units if each.load and each.load == unit.load] or [unit]
                    ready = {each.unit_id: self._made_ready(each, out, queue) for each in sharing}
                fetched = prefetch.begin(following.model) if following is not None else None
                last = place + 1 == len(units)
                self._run(ready[unit.unit_id], cells, _Told(queue, unit, fetched if last else None),
                          (kept, _ctx_needed(ready.values())))
            except Interrupted:
                queue.put_back(unit)
                raise
            finally:
                queue.end(unit)

    def _count_before(self, units: Sequence[Unit], out: Outputs, queue: WholeQueue) -> None:
        """What was spent by these units before counts, whether or not they have anything left to do."""
        for unit in units:
            ready = self._made_ready(unit, out, queue)
            if ready.request is not None:
                request = replace(ready.request, cells=frozenset())
                with Command(request, ready.works) as command:
                    count_earlier(request, ready.works, command, self._wallet(request))

    def _wallet(self, request: Request) -> Purse:
        return self._wallets.setdefault(request.spending, Wallet(request))

    def _made_ready(self, unit: Unit, out: Outputs, queue: WholeQueue) -> _Ready:
        where = ("--results", str(out.results), "--runs-root", str(out.runs_root))
        hooks = Hooks(queue.observer, queue.stop_requested, lambda _question: True)
        try:
            _, flags = arguments.parse((*unit.argv, *where))
            request = replace(request_of(flags, Telling(queue.observer.note, bars=self._bars)), outputs=out)
            return _Ready(request, tuple(run.planned_works(request, hooks)))
        except BenchError as error:
            return _Ready(fault=error)

    def _run(self, ready: _Ready, cells: tuple[str, ...], told: _Told, server: tuple[Kept, int]) -> None:
        try:
            if ready.request is None or ready.fault is not None:
                raise ready.fault or BenchError("it could not be made ready")
            request, (kept, ctx_needed) = replace(ready.request, cells=frozenset(cells)), server
            hooks = replace(told.hooks(), wallet=self._wallet(request))
            if all(is_local(model, request.server) for model in request.models):
                hooks = replace(hooks, starts=kept.open, ctx_needed=ctx_needed)
            run.run(request, hooks, list(ready.planned))
        except Interrupted:
            raise
        except BenchError as error:
            told.note(str(error))
            told.failed([cell for cell in cells if cell not in told.settled], error)


def _ctx_needed(ready: Iterable[_Ready]) -> int:
    needed = (settings(each.request, each.works).ctx_needed for each in ready if each.request is not None)
    return max((tokens or 0 for tokens in needed), default=0)


class _Told:
    """What a unit's command tells: to the sweep's own observer, and what comes of its cells to the queue."""

    def __init__(self, queue: WholeQueue, unit: Unit, following: ModelInfo | None) -> None:
        self._queue, self._unit, self._following = queue, unit, following
        self._observer = observer = queue.observer
        self.note, self.status, self.transfer = observer.note, observer.status, observer.transfer
        self.settled: set[str] = set()
        """Cells that were recorded or failed."""

    def hooks(self) -> Hooks:
        """Nobody is asked anything in the middle of a sweep: what it fetches and may cost was agreed to before."""
        return Hooks(self, self._queue.stop_requested, lambda _question: True, failed=self.failed,
                     following=self._following)

    def live(self, state: LiveState) -> None:
        """With its place in the sweep, not in the unit."""
        cell, cells = self._queue.place()
        self._observer.live(replace(state, cell=cell, cells=cells))

    def failed(self, cells: Sequence[str], error: BenchError) -> None:
        """They come to no record."""
        self.settled.update(cells)
        self._queue.failed(self._unit, cells, error)

    def finished(self, record: Mapping[str, Any]) -> None:
        """A record is in the ledger."""
        self.settled.add(str(record.get("cell")))
        self._queue.recorded(self._unit, record)
        self._observer.finished(record)
