"""From what a reader found in somebody else's file to a record: the same counts and doubts as in a run of ours.

What a file does not tell is absent from its record, and ``validity.unchecked`` says which doubts nobody could look for.
All tasks count, whatever denominator the other program took; where its own score is another, that is a reason.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from analysis.loops import is_looping
from analysis.pairs import tasks_sha256
from analysis.scores import Scores, summarize
from analysis.validity import Evidence, empty_replies, validity
from analysis.wilson import wilson
from core.lookup import count_at, object_at, text_at
from core.outcomes import Outcome
from core.records import Verified
from core.repetition import LoopRule
from ledger.imports.found import Found
from ledger.record import FORMAT, Record, make, parse, without_unknown

_UNTOLD = ("whether the server took the sampling settings", "what the chat template made of the prompts")
_UNTOLD_CUT = "which replies were cut off by a token limit"
_UNTOLD_TEXTS = "empty replies and replies that repeat themselves"
_UNTOLD_TASKS = "which tasks passed"


def record_of(run: Found, fields: Mapping[str, Any]) -> Record:
    """``fields``: ``run_id``, ``fingerprint``, ``timestamp`` and ``provenance``."""
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
        "tasks_sha256": tasks_sha256(tasks_of(run)),
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
    rule = LoopRule() if has_texts(run) else None
    replied = [row.sample for row in deciding if row.verdict.outcome is not Outcome.LOST]
    loops = {sample.task_id for sample in samples if rule is not None and is_looping(sample, rule)}
    cut = {row.sample.task_id for row in deciding if row.verdict.outcome is Outcome.TRUNCATED}
    found = validity(Evidence(
        tasks_asked=len(samples), outcomes=scores.outcomes, bounds=scores.bounds, duplicates=run.duplicates,
        empty=empty_replies(replied) if has_texts(run) else 0, looping=len(loops), cut_looping=len(loops & cut),
        extra_reasons=(*run.remarks, *_own_score(run, scores)),
    ))
    unknown = [*([] if run.finish_known else [_UNTOLD_CUT]), *([] if has_texts(run) else [_UNTOLD_TEXTS]), *_UNTOLD]
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


def tasks_of(run: Found) -> list[str]:
    """Each once, in the file's order."""
    return list(dict.fromkeys(row.sample.task_id for row in run.rows))


def _deciding(run: Found) -> Iterable[Verified]:
    """Each task's first sample."""
    seen: set[str] = set()
    for row in run.rows:
        if row.sample.task_id not in seen:
            seen.add(row.sample.task_id)
            yield row


def has_texts(run: Found) -> bool:
    """Whether the file holds responses."""
    return any(row.sample.response or row.sample.completion or row.sample.reasoning for row in run.rows)
