"""The ledger's record of a judgement: what one judge's scores of one run come to. The run's own record stays as it is.

It has the run's benchmark, model and settings, an id of its own, ``judgement_of`` (the run's), ``results.score`` (the
composite as a percentage of the way from the lowest to the highest score), ``results.composite`` and
``results.criteria`` on the rubric's scale, and ``judging``. A later one of the same run, judge and rubric supersedes
it.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.judged import Scored, judged
from core.lookup import text_at
from core.rubric import Rubric
from core.standings import Judged
from ledger.record import FORMAT
from ledger.run_id import make_run_id
from runner.judging.judgements import Line, scores_of

KEPT = ("benchmark", "model", "config", "validity", "tasks_sha256", "outcomes")
"""Fields of the run that its judgement has too."""


def scored(lines: Iterable[Line], rubric: Rubric) -> list[Scored]:
    """The lines' scores of what was seen for the first time."""
    return [Scored(line["task_id"], line["sample"], scores_of(line, rubric.names)) for line in lines
            if line["occasion"] == 1]


def build(
    run: Mapping[str, Any], lines: Sequence[Line], rubric: Rubric, candidates: int, timestamp: str
) -> dict[str, Any] | None:
    """The record of these lines, all of one judge; None where there is no score of a first occasion.

    ``candidates``: how many texts the run has in all.
    """
    found = judged(scored(lines, rubric), rubric)
    if found is None:
        return None
    label = f"judged-{text_at(run, 'benchmark') or 'x'}"
    last = lines[-1]
    fields = {
        "timestamp": timestamp,
        **{key: run[key] for key in KEPT if key in run},
        "results": _results(found, rubric),
        "format": FORMAT,
        "run_id": make_run_id(timestamp, label, text_at(run, "model") or "x", secrets.token_hex(3)),
        "judgement_of": text_at(run, "run_id"),
        "status": "complete",
        "interval": _interval(found, rubric),
        "judging": {
            "rubric": rubric.version,
            "rubric_sha256": rubric.sha256,
            "judge": last["judge"],
            "kind": last["kind"],
            "candidates": candidates,
            "scored": found.candidates,
            "scenarios": found.composite.size,
            "twice": sum(line["occasion"] != 1 for line in lines) or None,
            "file_id": last.get("file_id"),
        },
    }
    return {**fields, "fingerprint": _fingerprint(fields)}


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two records of one run, judge and rubric say the same."""
    return text_at(one, "fingerprint") == text_at(other, "fingerprint")


def latest(records: Iterable[Mapping[str, Any]], run_id: str, judge: str, sha256: str) -> Mapping[str, Any] | None:
    """The record that counts of this run, judge and rubric."""
    found = None
    for record in records:
        if (text_at(record, "judgement_of") == run_id and text_at(record, "judging", "judge") == judge
                and text_at(record, "judging", "rubric_sha256") == sha256):
            found = record
    return found


def _results(found: Judged, rubric: Rubric) -> dict[str, Any]:
    return {
        "score": round(rubric.percent(found.composite.mean), 6),
        "composite": round(found.composite.mean, 6),
        "criteria": {name: round(each.mean, 6) for name, each in found.criteria.items()},
    }


def _interval(found: Judged, rubric: Rubric) -> list[float] | None:
    low, high = found.composite.low, found.composite.high
    return None if low is None or high is None else [round(rubric.percent(end), 6) for end in (low, high)]


def _fingerprint(fields: Mapping[str, Any]) -> str:
    """Of whatever the judgement says; not of when and from which file."""
    judging = {key: value for key, value in fields["judging"].items() if key != "file_id"}
    said = [fields["judgement_of"], fields["results"], fields["interval"], judging]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode("ascii")).hexdigest()
