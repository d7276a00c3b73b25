"""What a strategy is told of each sample: the key of its vote and its merits, some of which take time to find out.

Only what a person has without the answer key: this module is given the tasks as the benchmark script sees them, and
neither a reference nor a verdict.
"""

from __future__ import annotations

from core.records import Answer, Sample, Task
from parsers.keys.registry import key_of
from runner.appraisal import NOTHING_KNOWN, Appraisal
from runner.prepare import Work


class Appraiser:
    """Looks at the samples of one cell."""

    def __init__(self, work: Work) -> None:
        self._votes_by = work.benchmark.votes_by if work.benchmark else None
        self._alone = work.drawing.budget() == 1

    def look(self, task: Task, sample: Sample, answer: Answer) -> Appraisal:
        """What is known of it at once. A task's only sample is chosen whatever it is."""
        if self._alone or self._votes_by is None:
            return NOTHING_KNOWN
        return Appraisal(key_of(self._votes_by, answer))
