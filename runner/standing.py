"""How the tasks stand that are done, while others are still being asked. No I/O."""

from __future__ import annotations

from collections import Counter

from core.outcomes import Outcome
from runner.collect import Collection


class Standing:
    """Of one collection. A task is looked at again only when it has more samples than before."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._done: dict[str, tuple[int, Outcome]] = {}

    def outcomes(self) -> Counter[Outcome]:
        """Tasks by the outcome of the answer that was chosen."""
        collection = self.collection
        for task_id in collection.tasks:
            drawn = collection.drawn_of(task_id)
            if self._done.get(task_id, (0,))[0] != drawn and collection.wants_no_more(task_id):
                verdict = collection.verdict_of(task_id)
                if verdict is not None:
                    self._done[task_id] = drawn, verdict.outcome
        return Counter(outcome for _, outcome in self._done.values())
