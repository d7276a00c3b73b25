"""Two models taking turns on one benchmark: the order of its tasks, how many each does, and what counts as drawn. Pure.

What counts as drawn is the longest beginning of the order that both models have done. With several slots quick tasks
come back before slow ones that were asked earlier, so the tasks that happen to be there are no random sample; those at
the beginning of an order that was fixed beforehand are.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from analysis.urns import Drawn
from core.outcomes import NOT_COUNTED, Outcome
from core.records import Verdict

Place = Literal[0, 1]
"""The first of the two models, or the second."""

FIRST_BATCH = 16
"""Tasks before which hardly any pair of models can be told apart, and by which a task's time is known."""
SMALLEST_BATCH = 4


def shuffled(task_ids: Iterable[str], seed: int) -> tuple[str, ...]:
    """The tasks in a random order that depends on nothing but their ids and the seed, so that it can be had again."""
    return tuple(sorted(task_ids, key=lambda task_id: hashlib.sha256(f"order {seed} {task_id}".encode()).digest()))


def batch(done: int, load_s: float | None, task_s: float | None) -> int:
    """How many tasks are put to one model before the other is loaded, after ``done`` tasks that both have done.

    Large batches save swaps, at ``load_s`` each; small ones save answers of the model that is ahead, of which half a
    batch is lost, on average, when the decision falls. For n tasks to come, in batches of b, that is n / b * load_s +
    b / 2 * task_s, which is least at b = sqrt(2 n load_s / task_s). As nobody knows n, it is taken to be as many as
    were done: the decision may be as far away as the beginning. So batches grow, and the swaps stay few.
    """
    if done == 0 or load_s is None or not task_s:
        return FIRST_BATCH
    return max(SMALLEST_BATCH, math.ceil(math.sqrt(2 * done * load_s / task_s)))


def whose_turn(done: tuple[int, int]) -> Place:
    """Of how many tasks from the beginning each has done: the one that is behind is asked next; the first at a tie."""
    return 1 if done[1] < done[0] else 0


def until(done: tuple[int, int], size: int, total: int) -> int:
    """Up to which task the model whose turn it is goes: it catches up and begins the next batch in the same load."""
    return min(total, max(done) + size)


class Prefix:
    """The longest beginning of the order that both have done. Grows only: each task is looked at once."""

    def __init__(self, order: Sequence[str], verdicts: Sequence[Callable[[str], Verdict | None]]) -> None:
        """``verdicts``: of each of the two models, the verdict on a task; None while it has none."""
        self._order = order
        self._verdicts = verdicts
        self._seen = self._only_first = self._only_second = self._scored = self._both = 0

    def drawn(self) -> Drawn:
        """As far as it goes now. A task that cannot be scored for one of the two is seen, and no flip."""
        while self._seen < len(self._order):
            verdicts = [verdict_of(self._order[self._seen]) for verdict_of in self._verdicts]
            if None in verdicts:
                break
            self._seen += 1
            if not any(verdict.outcome in NOT_COUNTED for verdict in verdicts if verdict is not None):
                self._count(*(verdict is not None and verdict.outcome is Outcome.CORRECT for verdict in verdicts))
        return Drawn(len(self._order), self._seen, self._only_first, self._only_second)

    def _count(self, first: bool, second: bool) -> None:  # two verdicts, in the order of the models
        self._scored += 1
        self._both += first and second
        self._only_first += first and not second
        self._only_second += second and not first

    @property
    def scores(self) -> tuple[float, float] | None:
        """Percent that each passed, of the tasks that are scored for both; None while there are none."""
        if not self._scored:
            return None
        first, second = (self._both + alone for alone in (self._only_first, self._only_second))
        return 100 * first / self._scored, 100 * second / self._scored
