"""The import verb: results of other programs become records and run folders, and say whose they are.

Everything is read, and the ledger and the place for run folders are looked at, before anything is written: a file that
is damaged anywhere changes nothing. A run is known again by what it was read from (``provenance.imported_sha256`` and
``imported_part``), so that the same file twice adds nothing.

What a file does not tell is absent from its record, and ``validity.unchecked`` says which doubts nobody could look for.
All tasks count, whatever denominator the other program took; where its own score is another, that is a reason.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from analysis.loops import is_looping
from analysis.pairs import tasks_sha256
from analysis.scores import Scores, summarize
from analysis.validity import Evidence, empty_replies, validity
from analysis.wilson import wilson
from core.errors import UsageError
from core.lookup import count_at, object_at, text_at, texts_at
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict, Verified
from core.repetition import LoopRule
from core.version import VERSION
from ledger import runs, store
from ledger.fingerprint import fingerprint
from ledger.folder import RunFolder
from ledger.imports.found import Found, Wish
from ledger.imports.registry import read_file
from ledger.imports.source import Source
from ledger.record import FORMAT, Record, make, parse, without_unknown
from ledger.run_id import is_run_id, make_run_id
from runner.conclude import conclude
from system.clock import utc_timestamp

_UNTOLD = ("whether the server took the sampling settings", "what the chat template made of the prompts")
_UNTOLD_CUT = "which replies were cut off by a token limit"
_UNTOLD_TEXTS = "empty replies and replies that repeat themselves"
_UNTOLD_TASKS = "which tasks passed"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to read, how to call it and where to put it."""

    file: Path
    results: Path
    runs_root: Path
    origin: str = "auto"
    model: str | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of it."""

    added: Sequence[Mapping[str, Any]]
    there_already: Sequence[str]
    """Run ids of those that had been imported before."""


def import_file(request: ImportRequest, say: Callable[[str], None] = lambda _: None) -> ImportReport:
    """Raises BadInput and UsageError before anything is written, with file and line; BenchError where a disk fails."""
    if request.results.exists() and request.file.exists() and request.file.samefile(request.results):
        raise UsageError(f"{request.file} is the ledger itself; what is in it need not be imported")
    source = Source(request.file)
    found = read_file(source, Wish(request.model, request.benchmark), request.origin)
    there = _imported(store.read(request.results))
    new = [run for run in found if not _known(run, source, there)]
    if new:
        store.check_writable(request.results)
        runs.check_writable(request.runs_root)
    added = []
    for run in new:
        added.append(_add(request, source, run))
        say(_sentence(added[-1], run))
    return ImportReport(added, [there[key] for run in found if (key := _known(run, source, there))])


def _imported(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], str]:
    """Run ids by what was imported, and by themselves."""
    found: dict[tuple[str, ...], str] = {}
    for record in records:
        run_id = text_at(record, "run_id") or "?"
        found[(run_id,)] = run_id
        digest = text_at(record, "provenance", "imported_sha256")
        if digest is not None:
            found[digest, text_at(record, "provenance", "imported_part") or ""] = run_id
    return found


def _known(run: Found, source: Source, there: Mapping[tuple[str, ...], str]) -> tuple[str, ...] | None:
    own = text_at(run.older, "run_id") if run.older is not None else None
    keys: list[tuple[str, ...]] = [(run.digest or source.sha256, run.part), *([(own,)] if own is not None else [])]
    return next((key for key in keys if key in there), None)


def _add(request: ImportRequest, source: Source, run: Found) -> Mapping[str, Any]:
    """One run folder and one record."""
    mark = fingerprint({"imported": run.digest or source.sha256, "part": run.part})
    when = _moment(run.timestamp)
    run_id = _free_id(request.runs_root, run, when or utc_timestamp(), mark)
    imported = {"imported_file": source.name, "imported_sha256": run.digest or source.sha256, "imported_part": run.part,
                "imported_at": utc_timestamp(), "imported_by": VERSION}
    config = {"fingerprint": mark, "imported": {**imported, "origin": run.origin}}
    with RunFolder.create(request.runs_root, run_id, config) as folder:
        rows = run.rows or _failures(run)
        if run.rows:
            folder.write_tasks(Task(task, run.prompts.get(task, {})) for task in _tasks(run))
        for sample in (*(row.sample for row in run.rows), *run.extra_samples) if _has_texts(run) else ():
            folder.append_sample(sample)
        for row in rows:
            folder.append_detail(row)
        fields = {"run_id": run_id, "fingerprint": mark, "timestamp": when or imported["imported_at"],
                  "provenance": imported}
        return conclude(request.results, folder, _record(run, fields), lambda: None)


def _record(run: Found, fields: Mapping[str, Any]) -> Record:
    if run.older is not None:
        return _as_it_is(run, run.older, fields)
    return make(_scored(run, fields)) if run.rows else _unchecked(_score_alone(run, fields))


def _scored(run: Found, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a run whose tasks are known."""
    scores = summarize((row.sample.task_id, run.difficulties.get(row.sample.task_id), row.verdict)
                       for row in _deciding(run))
    return {
        **fields, **_head(run), "format": FORMAT,
        "results": {**scores.results(), "time_taken": run.time_taken_s, "reported_score": run.reported_percent},
        "status": "complete" if scores.whole else "incomplete",
        "validity": _validity(run, scores),
        "interval": list(scores.interval) if scores.interval else None,
        "bounds": list(scores.bounds) if scores.bounds else None,
        "tasks_sha256": tasks_sha256(_tasks(run)),
        "outcomes": dict(scores.outcomes),
        "usage": _usage(run),
    }


def _score_alone(run: Found, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a score without tasks: nothing can be paired with it."""
    passed, total = run.passed_of or (None, None)
    return {
        **fields, **_head(run),
        "results": {"score": run.reported_percent, "total_passed": passed, "total_problems": total,
                    "time_taken": run.time_taken_s},
        "validity": {"status": "suspect" if run.remarks else "ok", "reasons": list(run.remarks),
                     "unchecked": [_UNTOLD_TASKS, _UNTOLD_CUT, _UNTOLD_TEXTS, *_UNTOLD]},
        "interval": wilson(passed, total) if passed is not None and total else None,
    }


def _head(run: Found) -> dict[str, Any]:
    config = {"origin": run.origin, "imported": True, "strategy": "single", "samples_per_task": run.samples_per_task,
              **run.config}
    if not config.get("sampling"):
        config.pop("sampling", None)
    return {"benchmark": run.benchmark, "model": run.model, "config": config}


def _as_it_is(run: Found, record: Record, fields: Mapping[str, Any]) -> Record:
    """A record of a ledger: all that it says, where it came from, and an interval where it has counts and none."""
    passed, total = count_at(record, "results", "total_passed"), count_at(record, "results", "total_problems")
    interval = wilson(passed, total) if passed is not None and total and passed <= total else None
    own = text_at(record, "run_id")
    given = dict(fields["provenance"]) | ({"imported_run_id": own} if own not in {None, fields["run_id"]} else {})
    return _unchecked({
        "interval": interval, "fingerprint": fields["fingerprint"], **record,
        "run_id": fields["run_id"], "benchmark": run.benchmark, "model": run.model,
        "config": {**object_at(record, "config"), "origin": run.origin, "imported": True},
        "provenance": {**object_at(record, "provenance"), **given},
    })


def _unchecked(fields: Mapping[str, Any]) -> Record:
    """A record that lacks what one of ours must have."""
    kept = without_unknown(fields)
    text = json.dumps(kept, allow_nan=False)
    return parse(json.loads(text), text, f"run {kept['run_id']}")


def _validity(run: Found, scores: Scores) -> dict[str, Any]:
    deciding = list(_deciding(run))
    samples = [row.sample for row in deciding]
    rule = LoopRule() if _has_texts(run) else None
    replied = [row.sample for row in deciding if row.verdict.outcome is not Outcome.LOST]
    loops = {sample.task_id for sample in samples if rule is not None and is_looping(sample, rule)}
    cut = {row.sample.task_id for row in deciding if row.verdict.outcome is Outcome.TRUNCATED}
    found = validity(Evidence(
        tasks_asked=len(samples), outcomes=scores.outcomes, bounds=scores.bounds, duplicates=run.duplicates,
        empty=empty_replies(replied) if _has_texts(run) else 0, looping=len(loops), cut_looping=len(loops & cut),
        extra_reasons=(*run.remarks, *_own_score(run, scores)),
    ))
    unknown = [*([] if run.finish_known else [_UNTOLD_CUT]), *([] if _has_texts(run) else [_UNTOLD_TEXTS]), *_UNTOLD]
    return {**found, "unchecked": unknown}


def _own_score(run: Found, scores: Scores) -> list[str]:
    """Where the other program says another score of the same samples."""
    theirs, ours = run.reported_percent, scores.score
    if theirs is None or ours is None or run.samples_per_task > 1 or abs(theirs - ours) < 0.05:
        return []
    return [f"{run.origin} itself reports {theirs:.1f} %; here all {scores.total_problems} tasks with a reply count"]


def _usage(run: Found) -> dict[str, int] | None:
    samples = [row.sample for row in run.rows]
    sums = {name: sum(known) for name in ("prompt_tokens", "completion_tokens", "thinking_tokens")
            if (known := [value for sample in samples if (value := getattr(sample, name)) is not None])}
    return sums or None


def _tasks(run: Found) -> list[str]:
    return list(dict.fromkeys(row.sample.task_id for row in run.rows))


def _deciding(run: Found) -> Iterable[Verified]:
    """Each task's first sample."""
    seen: set[str] = set()
    for row in run.rows:
        if row.sample.task_id not in seen:
            seen.add(row.sample.task_id)
            yield row


def _has_texts(run: Found) -> bool:
    return any(row.sample.response or row.sample.completion or row.sample.reasoning for row in run.rows)


def _failures(run: Found) -> list[Verified]:
    """What a ledger's record says of its tasks: those that did not pass, and no more."""
    failed = texts_at(run.older or {}, "results", "failed_tasks") or ()
    return [Verified(Sample(task, 0, ""), Answer(None), Verdict(Outcome.WRONG, "not passed; the ledger says no more"))
            for task in dict.fromkeys(failed)]


def _free_id(root: Path, run: Found, when: str, mark: str) -> str:
    """The run's own id, where it has one that is free here; else one that tells when it was and what it is."""
    own = text_at(run.older, "run_id") if run.older is not None else None
    made = [make_run_id(when, run.benchmark, run.model, mark[at:at + 6]) for at in range(0, 60, 6)]
    wanted = [own, *made] if own is not None and is_run_id(own) else made
    return next((name for name in wanted if not (root / name).exists()), made[-1])


def _moment(text: str | None) -> str | None:
    """An ISO 8601 time in UTC with Z; one without a zone is taken for UTC. None for what is no time."""
    try:
        found = datetime.fromisoformat(text or "")
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sentence(record: Mapping[str, Any], run: Found) -> str:
    passed, total = count_at(record, "results", "total_passed"), count_at(record, "results", "total_problems")
    score = record["results"].get("score")
    counts = f"{passed:,} of {total:,} tasks" if passed is not None and total is not None else "tasks not recorded"
    shown = f" ({score:.1f} %)" if isinstance(score, int | float) else ""
    suspect = ", suspect" if text_at(record, "validity", "status") == "suspect" else ""
    return f"{run.origin}: {record['benchmark']}, {record['model']}: {counts}{shown}{suspect}; run {record['run_id']}"
