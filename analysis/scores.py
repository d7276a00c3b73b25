"""From verdicts to a score: every task counts once.

``lost`` and ``harness_fault`` are not the model's doing and leave the denominator; everything else stays in it, so a
reply without an answer, cut off or blocked counts as not passed. Texts that wait for a judge are in no denominator, and
a run of a benchmark that is judged has no score at all until then (``unjudged``): a share of those that were cut or
empty would look like one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.wilson import wilson
from core.outcomes import NOT_COUNTED, UNSETTLED, Outcome
from core.records import Verdict
from core.task_ids import natural_key


@dataclass(frozen=True, slots=True)
class Scores:
    """What a run's verdicts come to. Percentages are of ``total_problems``."""

    score: float | None
    """Percent; None when no task counts."""
    total_passed: int
    total_problems: int
    """Tasks that count: without lost ones and without our own faults."""
    difficulty_scores: Mapping[str, Mapping[str, int]]
    """``{difficulty: {"passed", "total"}}``; empty when the tasks have none."""
    failed_tasks: tuple[str, ...]
    """Tasks that count and did not pass, sorted naturally."""
    outcomes: Mapping[str, int]
    """All tasks by outcome, the uncounted ones too."""
    interval: tuple[float, float] | None
    """Wilson, in percent."""
    bounds: tuple[float, float] | None
    """Percent had all truncated tasks failed, or passed; None when none was truncated."""
    field_scores: Mapping[str, Any] | None = None
    """Benchmarks scored by field: see ``_field_scores``."""
    duplicates: tuple[str, ...] = field(default=())
    """Tasks that came more than once; only their first verdict counts."""
    awaits_judge: bool = False
    """Whether all that counts is still to be said, by a judge."""

    @property
    def tasks(self) -> int:
        """All tasks that have a verdict."""
        return sum(self.outcomes.values())

    @property
    def whole(self) -> bool:
        """Whether every verdict counts: none lost, none spoilt by our own fault."""
        return not any(self.outcomes.get(outcome) for outcome in UNSETTLED)

    def unjudged(self) -> Scores:
        """The same without a score: what remains is how many texts there are, and what became of the others."""
        return replace(self, score=None, interval=None, bounds=None, field_scores=None, awaits_judge=True)

    def results(self) -> dict[str, Any]:
        """The fields of a record's ``results``, less ``time_taken``: none of a run that waits for its judge."""
        if self.awaits_judge:
            return {}
        found = {
            "score": self.score,
            "total_passed": self.total_passed,
            "total_problems": self.total_problems,
            "difficulty_scores": {name: dict(counts) for name, counts in self.difficulty_scores.items()} or None,
            "failed_tasks": list(self.failed_tasks),
            "field_scores": self.field_scores,
        }
        return {key: value for key, value in found.items() if value is not None}


def summarize(verdicts: Iterable[tuple[str, str | None, Verdict]], confidence: float = 0.95) -> Scores:
    """Scores of (task id, difficulty, verdict), one verdict a task: the one of the answer that a strategy chose."""
    kept: dict[str, tuple[str | None, Verdict]] = {}
    duplicates: set[str] = set()
    for task_id, difficulty, verdict in verdicts:
        if task_id in kept:
            duplicates.add(task_id)
        else:
            kept[task_id] = (difficulty, verdict)
    counted = {task_id: item for task_id, item in kept.items() if item[1].outcome not in NOT_COUNTED}
    passed = sum(verdict.outcome is Outcome.CORRECT for _, verdict in counted.values())
    truncated = sum(verdict.outcome is Outcome.TRUNCATED for _, verdict in counted.values())
    occurred = Counter(verdict.outcome for _, verdict in kept.values())
    return Scores(
        score=100 * passed / len(counted) if counted else None,
        total_passed=passed,
        total_problems=len(counted),
        difficulty_scores=_by_difficulty(counted.values()),
        failed_tasks=tuple(sorted_tasks(task_id for task_id, (_, verdict) in counted.items()
                                        if verdict.outcome is not Outcome.CORRECT)),
        outcomes={str(outcome): occurred[outcome] for outcome in Outcome if occurred[outcome]},
        interval=wilson(passed, len(counted), confidence),
        bounds=(100 * passed / len(counted), 100 * (passed + truncated) / len(counted)) if truncated else None,
        field_scores=_field_scores([verdict for _, verdict in counted.values()]),
        duplicates=tuple(sorted_tasks(duplicates)),
    )


def sorted_tasks(task_ids: Iterable[str]) -> list[str]:
    """Task ids in natural order; ids that are alike in it (``a1``, ``a01``) in the order of their letters."""
    return sorted(task_ids, key=lambda task_id: (natural_key(task_id), task_id))


def _by_difficulty(counted: Iterable[tuple[str | None, Verdict]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for difficulty, verdict in counted:
        if difficulty is not None:
            counts = found.setdefault(difficulty, {"passed": 0, "total": 0})
            counts["total"] += 1
            counts["passed"] += verdict.outcome is Outcome.CORRECT
    known = {"easy": 0, "medium": 1, "hard": 2}
    return dict(sorted(found.items(), key=lambda item: (known.get(item[0], 3), natural_key(item[0]))))


def _field_scores(verdicts: list[Verdict]) -> dict[str, Any] | None:
    """``{"score": percent, "fields": {name: {"passed", "total"}}}``; None when no verdict has fields.

    The score is the mean over tasks of the share of their fields that agree, where a task without any (no answer, cut
    off) has a share of 0. The counts by field are over the tasks that have that field.
    """
    shares: list[float] = []
    fields: dict[str, dict[str, int]] = {}
    for verdict in verdicts:
        named = verdict.fields or {}
        shares.append(sum(named.values()) / len(named) if named else 0.0)
        for name, agrees in named.items():
            counts = fields.setdefault(name, {"passed": 0, "total": 0})
            counts["total"] += 1
            counts["passed"] += agrees
    if not fields:
        return None
    return {"score": 100 * sum(shares) / len(shares), "fields": dict(sorted(fields.items()))}
