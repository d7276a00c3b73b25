"""What is asked of a script: a place is one (task, sample index), a draw one or several of a task."""

from __future__ import annotations

from dataclasses import dataclass

Place = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Draw:
    """``count`` samples of a task from index ``sample`` on; ``seed`` is that of the first."""

    task_id: str
    sample: int
    count: int
    seed: int
