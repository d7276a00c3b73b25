"""What a record says of a run that draws several samples of a task. Pure."""

from __future__ import annotations

from typing import Any

from core.outcomes import NOT_COUNTED, Outcome
from runner.collect import Collection
from strategies.base import Strategy


def strategy_config(strategy: Strategy) -> dict[str, Any]:
    """The part of ``config`` that says how samples were drawn; their number only where it is the same for all tasks."""
    fixed = strategy.first() == strategy.budget()
    return {
        "strategy": strategy.name, **strategy.settings(),
        "samples_per_task": strategy.budget() if fixed else None,
    }


def several_samples(collection: Collection, strategy: Strategy) -> dict[str, Any]:
    """The part of ``results`` about what no choice decides.

    ``oracle``: percent of the tasks that count of which any sample is right, the best that any choice could do.
    """
    if strategy.budget() == 1:
        return {}
    counted = [result for result in collection.results()
               if result.verdict is not None and result.verdict.outcome not in NOT_COUNTED]
    right = sum(any(_is_right(collection, result.task.task_id, index)
                    for index in collection.candidates.get(result.task.task_id, {})) for result in counted)
    return {"oracle": 100 * right / len(counted) if counted else None}


def _is_right(collection: Collection, task_id: str, index: int) -> bool:
    verdict = collection.verdicts.get((task_id, index))
    return verdict is not None and verdict.outcome is Outcome.CORRECT
