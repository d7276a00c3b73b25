"""A budget for a whole run: each further sample goes to the task whose answer it is likeliest to change.

Every task gets one sample first, in order. Then the next sample is always drawn of the task with the largest chance
that its winner still changes within the samples its strategy would draw at most (``strategies.adaptive_margin``), as
long as the strategy wants more of it; of equal chances the task with fewer samples, then the earlier one. Samples are
drawn one at a time, and no more are asked for ahead than keep the slots busy: what is under way when the budget is
spent is finished, and nothing else begun.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from core.errors import UsageError
from runner.budget import Budget
from runner.collect import Collection
from runner.drawing import Drawing, Here
from runner.draws import Draw, Place
from strategies.adaptive_margin import chance_of_change
from strategies.base import Candidate, Strategy
from strategies.overtaking import lead
from strategies.votes import tally

AHEAD_PER_SLOT = 2
"""Draws that are under way or wait in the script, so that no slot idles while the next is chosen."""

_FIRST_SAMPLE = 2.0
"""Ranks before every chance: a task without a sample has no answer to be changed."""


@dataclass(frozen=True, slots=True)
class Used:
    """What it has used so far."""

    tokens: int
    seconds: float
    joules: float | None
    """None: nobody knows."""


def refuse_unmetered(budget: Budget, metered: bool) -> None:  # the one thing that is asked
    """Raises UsageError for a budget of joules where nothing measures them."""
    if budget.joules is not None and not metered:
        raise UsageError("--budget-joules: no meter of this machine can be read, so nobody knows when they are spent; "
                         "give --budget-tokens or --budget-seconds (docs/energy.md).")


class Singly(Drawing):
    """Draws one sample at a time, of whichever task it is told."""

    def begin(self, task_id: str, here: Here, closed: Container[Place]) -> list[Draw]:
        """What a task lacks of the samples that were drawn in an earlier sitting."""
        known = [*here, *(index for index in range(self.strategy.budget()) if (task_id, index) in closed)]
        if not known:
            return []
        self.count(task_id, max(known) + 1, [index for index in range(max(known)) if index not in known])
        return self.pending([task_id])

    def more(self, task_id: str, candidates: Sequence[Candidate]) -> Draw | None:
        """Nothing by itself: who rations says which task is next."""
        return None


class Rationing:
    """Of one cell."""

    def __init__(self, budget: Budget, collection: Collection, slots: int, used: Callable[[], Used]) -> None:
        self._budget = budget
        self._collection = collection
        self._most = AHEAD_PER_SLOT * slots
        self._used = used
        self._ranks: dict[str, tuple[int, tuple[float, int]]] = {}
        """By task how many samples were drawn when it was last looked at, and how it ranked."""

    def draws(self, under_way: int) -> list[Draw]:
        """What is asked next, while ``under_way`` are awaited; empty when the budget is spent."""
        found: list[Draw] = []
        while under_way + len(found) < self._most and not self.is_spent():
            task_id = self._next()
            if task_id is None:
                break
            found.append(self._collection.draw_one(task_id))
        return found

    def remark(self) -> str | None:
        """What is to be said at the end of a run whose budget was too small for one sample of each task."""
        without = sum(self._collection.drawn_of(task_id) == 0 for task_id in self._collection.tasks)
        if not without:
            return None
        return (f"the budget was spent before {without:,} of {len(self._collection.tasks):,} tasks had a sample, so "
                "the run is incomplete; raise it, or ask fewer tasks (--limit)")

    def is_spent(self) -> bool:
        """Whether nothing more is begun."""
        used = self._used()
        if self._budget.joules is not None and used.joules is None and used.tokens:
            return True  # the meter was lost: rather too little than without end
        limits = ((used.tokens, self._budget.tokens), (used.seconds, self._budget.seconds),
                  (used.joules or 0.0, self._budget.joules))
        return any(most is not None and now >= most for now, most in limits)

    def _next(self) -> str | None:
        open_ = {task_id: rank for task_id in self._collection.tasks if (rank := self._rank(task_id)) is not None}
        return max(open_, key=open_.__getitem__, default=None)  # the first of equals

    def _rank(self, task_id: str) -> tuple[float, int] | None:
        """None of a task that waits for a reply, or wants no more."""
        collection = self._collection
        drawn = collection.drawn_of(task_id)
        if drawn == 0:
            return _FIRST_SAMPLE, 0
        if not collection.wants_no_more(task_id):
            return None
        if self._ranks.get(task_id, (0,))[0] != drawn:
            self._ranks[task_id] = drawn, _rank(collection.strategy, collection.in_order(task_id), drawn)
        rank = self._ranks[task_id][1]
        return rank if rank[0] >= 0 else None


def _rank(strategy: Strategy, candidates: Sequence[Candidate], drawn: int) -> tuple[float, int]:
    """The chance that the winner changes, and fewer samples first; below 0 where no more are wanted."""
    if strategy.more(candidates, drawn) <= 0:
        return -1.0, -drawn
    now = lead(tally(candidates))
    chance = chance_of_change(now, strategy.budget() - drawn) if now.first else 1.0
    return chance, -drawn
