"""One of two runs that are asked by turns: it is loaded, asked some tasks, put aside, and loaded again.

Between its loads the run stays as it is: its folder open and locked, its samples and verdicts in memory. An earlier try
that was stopped is taken up at its first load, and its answers are verified anew. Until then the verdicts in its folder
stand for them: they say whom to load first and when to stop asking the other, and no word is given before they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from typing import Any

from core.errors import BenchError, ScriptError, ServerLost
from core.lookup import text_at
from core.outcomes import Outcome
from core.records import Endpoint, Verdict
from evaluators.pool import VerifierPool
from ledger import record as ledger_record
from ledger.fingerprint import fingerprint
from ledger.folder import RunFolder
from ledger.runs import unended
from runner.cell import CellLoop
from runner.collect import Collection
from runner.config import plain_request
from runner.costs import by_task, joules_by_place
from runner.loading import roles, surroundings
from runner.meters import Meters, NotMetered
from runner.observer import Hooks
from runner.prepare import fingerprint_parts, prepare
from runner.prices import prices, unpriced
from runner.record import build
from runner.request import Request
from runner.serving import Serving
from runner.surroundings import Surroundings
from runner.task_lines import task_lines
from runner.work import Prepared, Work
from servers.echo import ask
from system.clock import utc_timestamp


@dataclass(slots=True)
class _Open:
    """A run whose folder is open."""

    prepared: Prepared
    loop: CellLoop
    collection: Collection
    endpoint: Endpoint
    around: Surroundings
    """As of its last load."""


class Side:
    """The run of one of the two models."""

    def __init__(self, request: Request, work: Work, held: ExitStack) -> None:
        """``held`` closes the run's folder in the end."""
        self._request = request
        self.work = work
        self._held = held
        self._open: _Open | None = None
        self._meters: Meters = NotMetered()
        self.folder: RunFolder | None = None
        self.record: Mapping[str, Any] | None = None
        """Of a run that an earlier try brought so far; nothing is asked of it any more."""
        before = _earlier_try(request, work)
        self._before = _verdicts(before) if before else {}
        self.has_record = before is not None and before.record_path.exists()

    @property
    def label(self) -> str:
        return self.work.cell.model.label

    @property
    def is_open(self) -> bool:
        return self.folder is not None

    @property
    def run_id(self) -> str | None:
        return self.folder.run_id if self.folder is not None else self.record["run_id"] if self.record else None

    def done(self, order: Sequence[str]) -> int:
        """How many tasks from the beginning of the order are answered."""
        answered = self._open.collection.is_answered if self._open else self._before.__contains__
        return next((place for place, task_id in enumerate(order) if not answered(task_id)), len(order))

    def verdict_of(self, task_id: str) -> Verdict | None:
        """The verdict on a task; None while it has none."""
        return self._open.collection.verdict_of(task_id) if self._open else self._before.get(task_id)

    @property
    def task_s(self) -> float | None:
        """Seconds a task took so far."""
        if self._open is None or not self._open.collection.candidates:
            return None
        spent = self._open.loop.outcome().spent
        return spent.generation_s / len(self._open.collection.candidates) if spent else None

    @property
    def in_effect(self) -> dict[str, Any] | None:
        """What the server chose when it was first loaded, so that it is loaded alike again."""
        if self._open is None:
            return None
        endpoint = self._open.endpoint
        return {"slots": endpoint.slots, "gpu_layers": endpoint.effective.get("gpu_layers")}

    def enter(self, serving: Serving, pool: VerifierPool, hooks: Hooks, place: tuple[int, int]) -> None:
        """Makes the run ready to be asked. Raises ServerLost when the server did not come up as it was before."""
        endpoint, self._meters = serving.server.endpoint, hooks.meters
        if self._open is not None:
            if fingerprint(fingerprint_parts(self._request, self.work, endpoint)) != self._open.prepared.fingerprint:
                raise ServerLost("loaded again, it came up with other settings than before.", serving.server.log_tail())
            self._open.loop.move(serving)
            return
        prepared = prepare(self._request, self.work, endpoint, hooks.observer.note)
        self.folder = self._held.enter_context(prepared.folder)
        self.record = prepared.earlier.record
        if self.record is not None:
            return
        echo = ask(endpoint, self.work.sampling, roles(self._request, self.work), hooks.stop_requested)
        loop = CellLoop(prepared, serving, pool, hooks, place)
        self._held.callback(loop.close)
        collection = loop.restore()
        around = surroundings(serving, pool, prepared, echo, self._meters)
        self._open = _Open(prepared, loop, collection, endpoint, around)
        collection.begin([*collection.candidates, *(task_id for task_id, _ in collection.verdicts)])
        loop.settle()

    def ask(self, tasks: Sequence[str], enough: Callable[[], bool]) -> None:
        """Puts these tasks, or those of them that have no answer, until all are verified or ``enough`` says so."""
        if self._open is None:
            return
        collection = self._open.collection
        self._open.loop.sit(collection.begin(tasks), enough)
        left = [task_id for task_id in tasks if collection.verdict_of(task_id) is None]
        if left and not enough():
            raise ScriptError(f"the benchmark script ended without an answer to {len(left)} of the tasks it was asked, "
                              f"{left[0]} among them; what it said is in {self._open.prepared.folder.script_log}.")

    def leave(self, serving: Serving, pool: VerifierPool) -> None:
        """Before its server is stopped."""
        if self._open is not None:
            before = self._open.around
            now = surroundings(serving, pool, self._open.prepared, before.echo, self._meters)
            most = max((now.server_rss_bytes or 0, before.server_rss_bytes or 0)) or None
            self._open.around = replace(now, server_rss_bytes=most)

    def conclude(self, seen: Sequence[str], decision: Mapping[str, Any]) -> Mapping[str, Any]:
        """The record of the tasks that both have done; ``answered`` says how many this run did in all."""
        if self.record is not None or self._open is None:
            return self.record or {}
        here, total = self._open, len(self.work.tasks)
        answered = len(here.collection.candidates)
        outcome = here.loop.outcome()
        if len(seen) < total:
            asked = frozenset(seen)
            work = replace(self.work, tasks=tuple(task for task in self.work.tasks if task.task_id in asked))
            outcome = replace(outcome, prepared=replace(here.prepared, work=work))
            here.collection.narrow(seen)
        spent = outcome.spent
        outcome = replace(outcome, joules=joules_by_place(here.prepared.folder, spent.joules if spent else None))
        price = prices(self._request.prices).of(here.endpoint)
        here.prepared.folder.write_tasks(self.work.tasks, task_lines(here.collection, by_task(outcome, price)))
        around = replace(here.around, timestamp=utc_timestamp(), price=price,
                         unpriced=unpriced(here.endpoint) if price is None else None)
        fields = build(self._request, here.endpoint, outcome, around)
        if len(seen) < total and fields["status"] == "complete":
            fields["status"] = "decided"
        self.record = ledger_record.make({**fields, "decision": {**decision, "tasks_answered": answered}})
        return self.record


def _earlier_try(request: Request, work: Work) -> RunFolder | None:
    """The latest unfinished run of this very request on this model, to read."""
    if request.outputs.resume:
        asked = json.loads(json.dumps(plain_request(request)))
        for config in unended(request.outputs.runs_root):
            if config.get("request") == asked and text_at(config, "settings", "model") == work.cell.model.label:
                return RunFolder(request.outputs.runs_root, str(config.get("run_id")))
    return None


def _verdicts(folder: RunFolder) -> dict[str, Verdict | None]:
    """Of the tasks that were answered there the verdicts that were written down; none where a file is damaged."""
    with suppress(BenchError, ValueError):
        found: dict[str, Verdict | None] = dict.fromkeys(sample.task_id for sample in folder.samples())
        for line in folder.details():
            if (task_id := text_at(line, "task_id")) is not None:
                found[task_id] = Verdict(Outcome(text_at(line, "outcome") or ""))
        return found
    return {}
