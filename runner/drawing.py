"""What is drawn of each task, and what of it is still awaited. No I/O.

A place is one (task, sample index). It waits for a response from its draw on. A strategy looks at a task when none of
its places waits for a response.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence

from core.seeds import sample_seed
from runner.draws import Draw, Place
from strategies.base import Candidate, Strategy

Here = Mapping[int, Candidate]
"""A task's candidates by sample index."""


class Drawing:
    """The draws of one cell."""

    def __init__(self, strategy: Strategy, seed: int) -> None:
        self.strategy = strategy
        self._seed = seed
        self._drawn: Counter[str] = Counter()
        self._waiting: dict[str, set[int]] = {}
        self._done: set[str] = set()

    def begin(self, task_id: str, here: Here, closed: Container[Place]) -> list[Draw]:
        """A task's first draw; of one that has samples already, what it lacks.

        Replays what the strategy asked for, round by round, up to the round whose samples are not all here.
        ``closed``: places that were given up.
        """
        count = self.strategy.first()
        while count > 0:
            draw = self._draw(task_id, count)
            waiting = self._waiting[task_id]
            waiting -= {index for index in waiting if index in here or (task_id, index) in closed}
            if len(waiting) == count:
                return [draw]
            if waiting:
                return [self.single(task_id, index) for index in sorted(waiting)]
            drawn = self._drawn[task_id]
            count = self.strategy.more([here[index] for index in sorted(here) if index < drawn], drawn)
        self._done.add(task_id)
        return []

    def more(self, task_id: str, candidates: Sequence[Candidate]) -> Draw | None:
        """What the strategy wants next of a task; None while it waits for a response, or when it is done."""
        if task_id in self._done or self.waits(task_id):
            return None
        count = self.strategy.more(candidates, self._drawn[task_id])
        if count > 0:
            return self._draw(task_id, count)
        self._done.add(task_id)
        return None

    def single(self, task_id: str, index: int) -> Draw:
        """The draw of one place."""
        return Draw(task_id, index, 1, sample_seed(self._seed, task_id, index))

    def one(self, task_id: str) -> Draw:
        """One more sample of a task, whatever its strategy says."""
        return self._draw(task_id, 1)

    def count(self, task_id: str, drawn: int, missing: Iterable[int]) -> None:
        """What an earlier sitting drew of a task, and what of it is still to come."""
        self._drawn[task_id] = drawn
        self._waiting.setdefault(task_id, set()).update(missing)

    def _draw(self, task_id: str, count: int) -> Draw:
        first = self._drawn[task_id]
        self._drawn[task_id] += count
        self._waiting.setdefault(task_id, set()).update(range(first, first + count))
        return Draw(task_id, first, count, sample_seed(self._seed, task_id, first))

    def arrived(self, place: Place) -> None:
        """A place waits no more: its response is here, or it was given up."""
        self._waiting.get(place[0], set()).discard(place[1])

    def waits(self, task_id: str) -> bool:
        """Whether a response of this task is awaited."""
        return bool(self._waiting.get(task_id))

    def drawn(self, task_id: str) -> int:
        """How many of its samples."""
        return self._drawn[task_id]

    def has_begun(self, task_id: str) -> bool:
        """Whether anything of it was drawn."""
        return task_id in self._drawn

    def pending(self, task_ids: Iterable[str]) -> list[Draw]:
        """Every place of these tasks that waits for a response, one draw each."""
        return [self.single(task_id, index) for task_id in task_ids
                for index in sorted(self._waiting.get(task_id, ()))]

    @property
    def tasks_done(self) -> int:
        """How many tasks want no more."""
        return len(self._done)
