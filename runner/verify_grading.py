"""Samples of the verify verb on their way through the verifiers, here or on another machine: the same steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Json, Sample, Verdict
from evaluators.pool import Programs, VerifierPool
from evaluators.registry import get as evaluator_named
from runner.parsing import parser_named
from runner.settle import after_verification, before_verification
from system.host import usable_cores

_AHEAD_PER_WORKER = 16
"""Samples handed to the pool before the first of them is told: bounded memory for any number."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What reads a benchmark's replies and what judges their answers, by their names in the registries."""

    parser: str
    evaluator: str


@dataclass(frozen=True, slots=True)
class Item:
    """One sample to be graded."""

    sample: Sample
    prompt: Mapping[str, Json]
    """Its task's."""
    lost: str | None = None
    """Why there was no reply; None: there was one."""


@dataclass(frozen=True, slots=True)
class Graded:
    """What became of a sample."""

    outcome: Outcome
    detail: str
    answer: Json

    def fields(self) -> dict[str, Any]:
        """As a line of results has it."""
        return {"outcome": self.outcome.value, "passed": self.outcome is Outcome.CORRECT, "detail": self.detail,
                "answer": self.answer}


@dataclass(frozen=True, slots=True)
class _Pending:
    sample: Sample
    answer: Answer
    verdict: Future[Verdict] | Verdict

    def graded(self) -> Graded:
        verdict = self.verdict if isinstance(self.verdict, Verdict) else self.verdict.result()
        verdict = after_verification(self.sample, verdict)
        return Graded(verdict.outcome, verdict.detail, self.answer.value)


@dataclass(frozen=True, slots=True)
class Asking:
    """How answers are to be verified, as the flags say. Means the same on every machine."""

    workers: int | None = None
    isolation: str = "auto"
    timeout_s: float | None = None
    grading: str = "native"
    python: str | None = None
    preload: tuple[str, ...] = ()

    def count(self) -> int:
        """Verifiers on this machine."""
        return self.workers or max(1, min(8, usable_cores()))

    def pool(self, evaluator: str, turns: Path | None = None) -> VerifierPool:
        """Raises as the pool does. ``turns``: a file by which several pools of a machine know of one another."""
        programs = Programs(evaluator_named(evaluator).runs_code, self.python, self.preload, turns)
        return VerifierPool(self.count(), self.isolation, self.timeout_s, self.grading, programs=programs)


References = Callable[[str], Mapping[str, Any]]
"""What the evaluator needs to judge answers to a task, by the task's id."""


@dataclass(frozen=True, slots=True)
class Set:
    """What stored samples are held against."""

    rules: Rules
    references: References
    needs: tuple[str, ...] = ()
    """Modules that judging takes."""


def grade(
    items: Iterable[Item], rules: Rules, references: References, pool: VerifierPool, workers: int
) -> Iterator[Graded]:
    """One for each item, in order, while later ones are being verified. Raises what ``references`` raises."""
    waiting: deque[_Pending] = deque()
    for item in items:
        waiting.append(_submitted(item, rules, references, pool))
        if len(waiting) >= workers * _AHEAD_PER_WORKER:
            yield waiting.popleft().graded()
    while waiting:
        yield waiting.popleft().graded()


def _submitted(item: Item, rules: Rules, references: References, pool: VerifierPool) -> _Pending:
    sample = item.sample
    if item.lost is not None:
        return _Pending(sample, Answer(None), Verdict(Outcome.LOST, item.lost))
    answer = parser_named(rules.parser)(sample, item.prompt)
    certain = before_verification(sample, answer)
    if certain is not None:
        return _Pending(sample, answer, certain)
    return _Pending(
        sample, answer, pool.submit(rules.evaluator, sample.task_id, lambda: references(sample.task_id), answer))
