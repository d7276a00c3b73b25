"""What became of each task, for ``tasks.jsonl``: which sample counted, and what all its samples cost together. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.task_costs import task_costs
from core.outcomes import Outcome
from runner.collect import Collection
from runner.filed import TaskResult
from strategies.candidates import NAME as CANDIDATES
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
    chooses = collection.strategy.name != CANDIDATES
    votes = tally(here) if chooses else {}
    outcome = result.verdict.outcome if result.verdict is not None else None
    line = {
        "task_id": task_id,
        "outcome": str(outcome),
        "passed": outcome is Outcome.CORRECT,
        "chosen": result.chosen if chooses else None,
        "samples": len(samples),
        **task_costs(samples, failed),
        "difficulty": result.task.difficulty,
        "votes": dict(votes) or None,
    }
    return {key: value for key, value in line.items() if value is not None}
