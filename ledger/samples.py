"""Samples and what became of them, as lines of a run's files.

``samples.jsonl`` uses the field names of the scripts' sample events, so that the file can be fed to ``verify``.
``details.jsonl`` leaves out the texts that ``samples.jsonl`` has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields as fields_of
from pathlib import Path
from typing import Any

from core.errors import BadInput
from core.outcomes import Outcome
from core.records import Sample, Verified

_NAMES = tuple(field.name for field in fields_of(Sample))


def sample_fields(sample: Sample) -> dict[str, Any]:
    """A line of ``samples.jsonl``; ``index`` is called ``sample``, as in the scripts' events."""
    return {"sample" if name == "index" else name: value
            for name in _NAMES if (value := getattr(sample, name)) is not None}


def sample_of(line: Mapping[str, Any], path: Path) -> Sample:
    """A sample out of its line. Raises BadInput when the line is none."""
    known = {"index" if name == "sample" else name: value for name, value in line.items()}
    task_id, index = known.get("task_id"), known.get("index")
    if not isinstance(task_id, str) or not isinstance(index, int) or not isinstance(known.get("response"), str):
        raise BadInput(f"{path}: a line has no task_id, sample or response; remove it or start afresh with --no-resume")
    if "left_out" in known:
        known["left_out"] = tuple(map(str, known["left_out"])) if isinstance(known["left_out"], list) else None
    return Sample(**{name: known[name] for name in _NAMES if name in known})


def detail_fields(verified: Verified) -> dict[str, Any]:
    """A line of ``details.jsonl``: answer, verdict, tokens and seconds of one sample."""
    sample, answer, verdict = verified.sample, verified.answer, verified.verdict
    line: dict[str, Any] = {
        "task_id": sample.task_id,
        "sample": sample.index,
        "outcome": str(verdict.outcome),
        "passed": verdict.outcome is Outcome.CORRECT,
        "detail": verdict.detail,
        "answer": answer.value,
        "no_answer_reason": answer.reason,
        "thinking_closed": False if not answer.thinking_closed else None,
        "fields": dict(verdict.fields) if verdict.fields is not None else None,
        "finish_reason": sample.finish_reason,
        "prompt_tokens": sample.prompt_tokens,
        "cached_tokens": sample.cached_tokens,
        "completion_tokens": sample.completion_tokens,
        "ttft_s": sample.ttft_s,
        "wall_s": sample.wall_s,
        "verify_s": verdict.wall_s,
        "isolation": verdict.isolation,
    }
    return {key: value for key, value in line.items() if value is not None}
