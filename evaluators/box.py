"""What an evaluator is, and what it may ask of the pool."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from core.records import Answer, Verdict
from evaluators.sandbox.job import Job
from system.sandbox.limits import Limits

MAX_PROGRAM = 1 << 20
"""Characters of source; longer ones are refused unread."""


class Box(Protocol):
    """Where programs run. Pure evaluators never touch it."""

    grading: str
    """``native`` or ``upstream``."""
    python: str | None
    """The verifying interpreter; None: our own."""

    def limits(self, published_s: float, **other: int) -> Limits:
        """A benchmark's limits: its published seconds, unless the user asked for others."""

    def report(self, job: Job) -> tuple[Verdict, Mapping[str, Any]]:
        """As ``run``, with what else the judge said: of a task's own solution its values, of a candidate that is tried
        on public examples a digest and counts.
        """

    def run(self, job: Job) -> Verdict:
        """Runs a program against its tests, verified again alone before a time-out counts."""


class Evaluate(Protocol):
    """``evaluate(task_id, reference, answer, box)``; the answer's value is not None."""

    def __call__(self, task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Evaluator:
    """An entry of the registry."""

    name: str
    evaluate: Evaluate
    runs_code: bool
    """False: pure, never touches the box."""
