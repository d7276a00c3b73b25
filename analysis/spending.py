"""What a run's tasks came to and what they cost, from the lines of its files.

``details.jsonl`` has a line a sample. Its lines are enough for a run of one sample a task; where a strategy drew
several, the line that the run wrote for each task at its end says which answer counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from core.errors import BadInput
from core.lookup import count_at, number_at, text_at
from core.outcomes import NOT_COUNTED, Outcome

AMOUNTS = ("prompt_tokens", "cached_tokens", "completion_tokens", "wall_s", "joules", "cost_usd")
"""Of a task or a sample; an absent one is unknown."""

_OUTCOMES = {str(outcome): outcome for outcome in Outcome}


@dataclass(frozen=True, slots=True)
class Spent:
    """What one task came to."""

    passed: bool
    counts: bool = True
    """False: no fault of the model's, so it is not in the denominator."""
    samples: int = 1
    amounts: Mapping[str, float] = field(default_factory=dict)
    """By name, see ``AMOUNTS``; of all samples together."""


class Samples:
    """The lines of one ``details.jsonl``, added up by task as they are read."""

    def __init__(self) -> None:
        self._tasks: dict[str, Spent] = {}
        self._first: dict[str, int] = {}
        self.most = 0
        """Samples of the task that has most."""

    def add(self, line: Mapping[str, Any]) -> None:
        """Raises BadInput for a line that is no verified sample; the place is for the caller to say."""
        task_id, index = _task(line), count_at(line, "sample") or 0
        new = replace(_verdict(line), amounts=_amounts(line))
        old = self._tasks.get(task_id)
        if old is None:
            self._tasks[task_id], self._first[task_id] = new, index
            self.most = max(self.most, 1)
            return
        # A sum of what is known of some samples only would be taken for all of them.
        both = {name: old.amounts[name] + new.amounts[name] for name in old.amounts if name in new.amounts}
        shown = new if index < self._first[task_id] else old
        self._first[task_id] = min(index, self._first[task_id])
        self._tasks[task_id] = Spent(shown.passed, shown.counts, old.samples + 1, both)
        self.most = max(self.most, old.samples + 1)

    def tasks(self) -> dict[str, Spent]:
        """By task; the verdict is that of its first sample."""
        return self._tasks


def concluded(line: Mapping[str, Any]) -> tuple[str, Spent]:
    """A task out of the line that a run wrote for it at its end. Raises BadInput for another line."""
    return _task(line), replace(_verdict(line), samples=count_at(line, "samples") or 0, amounts=_amounts(line))


def mean(tasks: Iterable[Spent], name: str) -> float | None:
    """The mean of an amount over the tasks that count; None where it is unknown of one of them, or of all."""
    counted = [task for task in tasks if task.counts]
    values = [task.amounts[name] for task in counted if name in task.amounts]
    return sum(values) / len(values) if counted and len(values) == len(counted) else None


def _task(line: Mapping[str, Any]) -> str:
    task_id = text_at(line, "task_id")
    if task_id is None:
        raise BadInput("it names no task (task_id)")
    return task_id


def _verdict(line: Mapping[str, Any]) -> Spent:
    outcome = _OUTCOMES.get(text_at(line, "outcome") or "")
    if outcome is not None:
        return Spent(outcome is Outcome.CORRECT, outcome not in NOT_COUNTED)
    passed = line.get("passed")
    if not isinstance(passed, bool) or "outcome" in line:
        raise BadInput("it has no outcome that is known, nor says whether the task passed")
    return Spent(passed)


def _amounts(line: Mapping[str, Any]) -> dict[str, float]:
    found = {}
    for name in AMOUNTS:
        value = number_at(line, name)
        if value is not None and value >= 0:
            found[name] = value
        elif name in line and line[name] is not None:
            raise BadInput(f"{name} is no number of 0 or more")
    return found
