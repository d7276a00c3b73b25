"""The record of two chained models: what they came to together, as a run of its own.

The first model's run is an ordinary one, with a record; so is the second one's, of the tasks that were passed on. The
joined run has the lines of both folders, the second one's samples numbered after the first one's, and is written before
the second one is concluded, as replays are (``runner.replaying``). Its tokens and times are those of both.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.lookup import count_at, number_at, object_at, text_at
from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict
from ledger import record as ledger_record
from ledger.fingerprint import fingerprint
from ledger.folder import RunFolder
from ledger.run_id import make_run_id
from ledger.runs import unfinished
from runner.appraisal import Appraisal
from runner.cell_key import cell_key
from runner.chain import Chain, Chained, passed_on
from runner.collect import Collection
from runner.command import Command
from runner.conclude import conclude, conclude_again
from runner.config import run_config
from runner.costs import by_task
from runner.outcome import CellOutcome
from runner.prepare import fingerprint_parts
from runner.record import build
from runner.replaying import Pool
from runner.request import Request
from runner.sitting import Spent
from runner.task_lines import task_lines
from runner.work import Work
from system.clock import utc_timestamp

_OF_ONE_MODEL = ("path", "size_bytes", "parameters", "architecture")
"""Parts of ``config`` that say what the second model is."""


def second_work(request: Request, first: Work, second: Work, record: Mapping[str, Any]) -> Work | None:
    """What the second model is asked, after the first one's run; None when no task is passed on."""
    run_id = str(record["run_id"])
    if request.chain is None:
        return second
    details = RunFolder(request.outputs.runs_root, run_id).details()
    wanted = frozenset(passed_on(request.chain, (task.task_id for task in second.tasks), details))
    if not wanted:
        return None
    asked = tuple(task for task in second.tasks if task.task_id in wanted)
    joined = replace(joined_work(request.chain, first), after=run_id)
    return replace(second, tasks=asked, after=run_id, joined=joined)


def all_works(request: Request, planned: Sequence[Sequence[Work]]) -> list[Work]:
    """All that a command brings to a record: the works of each load, and what chained models do together."""
    found = [work for works in planned for work in works]
    if request.chain is not None:
        found += [joined_work(request.chain, work) for work in planned[0]]
    return found


def joined_work(chain: Chain, first: Work) -> Work:
    """The first model's work, as both do it together."""
    model = replace(first.cell.model, path=None, parts=())
    return replace(first, cell=replace(first.cell, model=model), strategy=Chained(chain, first.strategy))


def join(request: Request, second: Pool, command: Command) -> Iterator[Mapping[str, Any]]:
    """The joined record as it stands in the ledger; none of a run that is not chained. Raises BenchError."""
    work = second.outcome.prepared.work.joined
    if work is not None:
        yield command.record_of(work) or _join(request, work, second, command)


def _join(request: Request, work: Work, second: Pool, command: Command) -> Mapping[str, Any]:
    root, mine = request.outputs.runs_root, second.outcome.prepared.folder
    parts = {**fingerprint_parts(request, work, second.endpoint), "joined_from": [work.after, mine.run_id]}
    mark, cell = fingerprint(parts), cell_key(request, work)
    folder = unfinished(root, mark, lambda _why: None) if request.outputs.resume else None
    if folder is None:
        run_id = make_run_id(utc_timestamp(), work.cell.benchmark, work.cell.model.label, secrets.token_hex(3))
        config = {"fingerprint": mark, "cell": cell, "settings": parts, **run_config(request, second.endpoint)}
        folder = RunFolder.create(root, run_id, config)
    with folder:
        entered = partial(command.note, work, folder.run_id)
        if (written := folder.record()) is not None:
            return conclude_again(request.outputs.results, folder, written, entered)
        first = RunFolder(root, str(work.after))
        both = _Both(work, first, second, folder, (mark, cell))
        folder.write_replayed(both.lines(lambda source: (line for _, line in source.sample_lines())),
                              both.lines(lambda source: source.details()))
        outcome = both.outcome()
        folder.write_tasks(work.tasks, task_lines(outcome.collection, both.joules()))
        record = ledger_record.make(both.record(request, outcome))
        return conclude(request.outputs.results, folder, record, entered)


class _Both:
    """The two runs."""

    def __init__(
        self, work: Work, first: RunFolder, second: Pool, folder: RunFolder, names: tuple[str, str]
    ) -> None:
        """``names``: its fingerprint and the key of its cell."""
        self._work = work
        self._first, self._second = first, second
        self._folder, self._names = folder, names
        self._record = first.summary() or {}
        inner = second.outcome.prepared.work.strategy
        self._shift = inner.budget()

    def lines(self, of: Any) -> Iterator[dict[str, Any]]:
        """The lines of both, of one kind; the second model's with its name and their new numbers."""
        yield from of(self._first)
        label = self._second.outcome.prepared.work.cell.model.label
        for line in of(self._second.outcome.prepared.folder):
            yield {**line, "sample": (count_at(line, "sample") or 0) + self._shift, "model": label}

    def outcome(self) -> CellOutcome:
        """As if one run had asked both."""
        of, collection = self._second.outcome, self._collection()
        prepared = replace(of.prepared, work=self._work, folder=self._folder, fingerprint=self._names[0],
                           cell=self._names[1], model_sha256=None)
        return CellOutcome(prepared, collection, None, self._spent())

    def _collection(self) -> Collection:
        collection = Collection(self._work.tasks, self._work.strategy, self._work.sampling.seed)
        collection.opening()
        samples = {(sample.task_id, sample.index): sample for sample in self._first.samples()}
        for line in self._first.details():
            place, verdict = (line["task_id"], count_at(line, "sample") or 0), _verdict(line, self._first.details_path)
            if place in samples:
                _file(collection, samples[place], line)
            else:
                collection.without_reply.setdefault(place[0], verdict)
            collection.settle(place, verdict)
        theirs = self._second.outcome.collection
        for task_id, here in theirs.candidates.items():
            for index, candidate in here.items():
                sample = replace(candidate.sample, index=index + self._shift)
                collection.take(sample, candidate.answer, Appraisal(candidate.key, candidate.merits))
                if (found := theirs.verdicts.get((task_id, index))) is not None:
                    collection.settle((task_id, index + self._shift), found)
        collection.odd.failed_requests = theirs.odd.failed_requests
        return collection

    def _spent(self) -> Spent | None:
        own = self._second.outcome.spent
        total, generation = number_at(self._record, "results", "time_taken"), number_at(
            self._record, "latency", "generation_s")
        if own is None or total is None or generation is None:
            return None
        sittings = count_at(self._record, "latency", "sittings") or 1
        return Spent(own.sittings + sittings, own.generation_s + generation, own.total_s + total)

    def joules(self) -> dict[str, dict[str, float]]:
        """By task, where both were measured."""
        costs = by_task(self._second.outcome).items()
        second = {task_id: cost["joules"] for task_id, cost in costs if "joules" in cost}
        asked, found = {task.task_id for task in self._second.outcome.prepared.work.tasks}, {}
        for line in self._first.task_results():
            task_id, joules = line["task_id"], number_at(line, "joules")
            if joules is not None and (task_id not in asked or task_id in second):
                found[task_id] = {"joules": joules + (second[task_id] if task_id in asked else 0.0)}
        return found

    def record(self, request: Request, outcome: CellOutcome) -> dict[str, Any]:
        """Under both names."""
        second, around = self._second, replace(self._second.around, timestamp=utc_timestamp(), startup_s=None,
                                               gguf_sha256=None, metered=None, price=None)
        fields = build(request, second.endpoint, outcome, around)
        labels = [text_at(self._record, "model") or "?", second.outcome.prepared.work.cell.model.label]
        config = {key: value for key, value in fields["config"].items() if key not in _OF_ONE_MODEL}
        joined = {"models": labels, "passed_on": len(second.outcome.prepared.work.tasks)}
        return {**fields, "model": " > ".join(labels), "config": {**config, "chain": joined},
                "joined_from": [self._first.run_id, second.outcome.prepared.folder.run_id],
                "energy": self._energy(fields["results"].get("total_passed"), second)}

    def _energy(self, passed: int | None, second: Pool) -> dict[str, Any] | None:
        """Of both, where it was measured throughout."""
        tasks = self.joules()
        if second.around.metered is None or len(tasks) < len(self._work.tasks):
            return None
        joules = sum(task["joules"] for task in tasks.values())
        sources = text_at(self._record, "energy", "source")
        return {"energy_j": round(joules, 3), "per_solved_j": round(joules / passed, 3) if passed else None,
                "source": sources, "apportioned": True}


def _file(collection: Collection, sample: Sample, line: Mapping[str, Any]) -> None:
    answer = Answer(line.get("answer"), text_at(line, "no_answer_reason"),
                    thinking_closed=line.get("thinking_closed") is not False)
    merits = {name: number for name in object_at(line, "merits")
              if (number := number_at(line, "merits", name)) is not None}
    collection.take(sample, answer, Appraisal(text_at(line, "key"), merits))


def _verdict(line: Mapping[str, Any], path: Path) -> Verdict:
    try:
        outcome = Outcome(text_at(line, "outcome") or "")
    except ValueError:
        raise BadInput(f"{path}: a line has no outcome that is known; start afresh with --no-resume") from None
    return Verdict(outcome, text_at(line, "detail") or "", isolation=text_at(line, "isolation"),
                   wall_s=number_at(line, "verify_s"))
