"""What became of each task, for ``tasks.jsonl``: which sample counted, and what all its samples cost together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Sample
from runner.collect import Collection
from runner.filed import TaskResult
from strategies.votes import tally

Extra = Mapping[str, Mapping[str, float]]
"""By task what was found out beside its samples, such as ``joules``."""


def task_lines(collection: Collection, extra: Extra | None = None) -> list[dict[str, Any]]:
    """One for each task that has a verdict. A number that is unknown of one of its samples is absent."""
    return [_line(collection, result) | dict((extra or {}).get(result.task.task_id, {}))
            for result in collection.results() if result.verdict is not None]


def _line(collection: Collection, result: TaskResult) -> dict[str, Any]:
    task_id = result.task.task_id
    here = collection.in_order(task_id)
    samples = [candidate.sample for candidate in here]
    failed = sum(collection.tries_of((task_id, index)) for index in range(collection.drawn_of(task_id)))
    votes = tally(here)
    outcome = result.verdict.outcome if result.verdict is not None else None
    line = {
        "task_id": task_id,
        "outcome": str(outcome),
        "passed": outcome is Outcome.CORRECT,
        "chosen": result.chosen,
        "samples": len(samples),
        "requests": len(samples) + failed,
        "prompt_tokens": _sum(sample.prompt_tokens for sample in samples),
        "cached_tokens": _sum(sample.cached_tokens for sample in samples),
        "completion_tokens": _sum(sample.completion_tokens for sample in samples),
        "ttft_s": samples[0].ttft_s if samples else None,
        "decode_s": _seconds(samples, "predicted_ms"),
        "wall_s": _sum(sample.wall_s for sample in samples),
        "difficulty": result.task.difficulty,
        "votes": dict(votes) or None,
    }
    return {key: value for key, value in line.items() if value is not None}


def _sum(values: Iterable[float | None]) -> Any:
    """None as soon as one is unknown: a part would be taken for the whole."""
    every = list(values)
    known = [value for value in every if value is not None]
    total = sum(known) if known and len(known) == len(every) else None
    return round(total, 6) if isinstance(total, float) else total


def _seconds(samples: Iterable[Sample], timing: str) -> float | None:
    total = _sum((sample.timings or {}).get(timing) for sample in samples)
    return None if total is None else round(total / 1000, 6)
