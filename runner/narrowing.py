"""Of a pool of samples, those that one strategy would have drawn by itself, as a collection of their own. Pure.

Sample i of a task has the same seed whoever draws it, so what a smaller budget, or a strategy that stops earlier, would
have drawn are the pool's first samples of each task.
"""

from __future__ import annotations

from runner.collect import Collection
from runner.draws import Place
from strategies.base import Strategy
from strategies.replay import replay


def narrowed(pool: Collection, strategy: Strategy, seed: int) -> Collection:
    """With the verdicts on these samples and on places that brought no reply; without audit and faults, which happened
    to the pool.
    """
    found = Collection(pool.tasks.values(), strategy, seed)
    for task_id in pool.tasks:
        for index in range(replay(strategy, pool.in_order(task_id), pool.drawn_of(task_id)).drawn):
            _copy((task_id, index), pool, found)
            found.odd.failed_requests += pool.tries_of((task_id, index))
    return found


def _copy(place: Place, pool: Collection, found: Collection) -> None:
    task_id, index = place
    candidate = pool.candidates.get(task_id, {}).get(index)
    verdict = pool.verdicts.get(place)
    if candidate is not None:
        found.candidates.setdefault(task_id, {})[index] = candidate
        found.completion_tokens += candidate.sample.completion_tokens or 0
        found.looping += candidate.sample.looping is True
    if verdict is not None:
        found.settle(place, verdict)
        if candidate is None:
            found.without_reply.setdefault(task_id, verdict)
