"""How the tasks stand that are done, while others are still being asked. No I/O."""

from __future__ import annotations

from collections import Counter

from core.outcomes import Outcome
from runner.collect import Collection


class Standing:
    """Of one collection. A task that is done stays so, and is looked at once."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._done: dict[str, Outcome] = {}

    def outcomes(self) -> Counter[Outcome]:
        """Tasks by the outcome of the answer that was chosen."""
        collection = self.collection
        for task_id in collection.tasks:
            if task_id not in self._done and collection.wants_no_more(task_id):
                verdict = collection.verdict_of(task_id)
                if verdict is not None:
                    self._done[task_id] = verdict.outcome
        return Counter(self._done.values())
