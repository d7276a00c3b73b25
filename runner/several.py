"""What a record says of a run that draws several samples of a task. Pure."""

from __future__ import annotations

from collections import Counter
from typing import Any

from analysis.passk import mean_pass_at_k, oracle
from core.outcomes import NOT_COUNTED, Outcome
from runner.collect import Collection
from strategies.base import Strategy


def strategy_config(strategy: Strategy) -> dict[str, Any]:
    """The part of ``config`` that says how samples were drawn; their number only where it is the same for all tasks."""
    return {
        "strategy": strategy.name, **strategy.settings(),
        "samples_per_task": strategy.budget() if _always_draws_all(strategy) else None,
    }


def several_samples(collection: Collection, strategy: Strategy) -> dict[str, Any]:
    """The part of ``results`` about what no choice decides: ``pass_at`` and ``oracle``, in percent.

    Which tasks have many samples depends on their answers where a strategy stops early, so pass@k is only told of one
    that always draws as many.
    """
    if strategy.budget() == 1:
        return {}
    tasks = [_right(collection, result.task.task_id) for result in collection.results()
             if result.verdict is not None and result.verdict.outcome not in NOT_COUNTED]
    best = oracle(tasks)
    return {
        "pass_at": _pass_at(tasks) if _always_draws_all(strategy) else None,
        "oracle": None if best is None else 100 * best,
    }


def candidates_by_outcome(collection: Collection) -> dict[str, Any]:
    """The part of ``results`` about texts that a judge scores, of which none is chosen: all of them, by outcome."""
    counts = Counter(verdict.outcome for verdict in collection.verdicts.values())
    return {"candidates": {str(outcome): counts[outcome] for outcome in Outcome if counts[outcome]}}


def _always_draws_all(strategy: Strategy) -> bool:
    return strategy.first() == strategy.budget()


def _right(collection: Collection, task_id: str) -> tuple[int, int]:
    """(samples with a verdict on the model, right ones) of a task."""
    verdicts = [verdict for index in collection.candidates.get(task_id, {})
                if (verdict := collection.verdicts.get((task_id, index))) is not None
                and verdict.outcome not in NOT_COUNTED]
    return len(verdicts), sum(verdict.outcome is Outcome.CORRECT for verdict in verdicts)


def _pass_at(tasks: list[tuple[int, int]]) -> dict[str, float] | None:
    """For 1, 2, 4, … and for as many samples as every task has."""
    most = min((samples for samples, _ in tasks), default=0)
    doubling = [2**power for power in range(most.bit_length())]
    found = {str(k): mean_pass_at_k(tasks, k) for k in sorted({*doubling, most} - {0}) if k <= most}
    return {k: 100 * share for k, share in found.items() if share is not None} or None
