"""What a reader of an origin finds in a file: one ``Found`` a run, facts only. ``runner.importing`` makes records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict, Verified
from ledger.record import Record

CUT = frozenset({"length", "max_tokens", "model_length"})
BLOCKED = frozenset({"content_filter", "safety"})


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user says of the file, where it does not say so itself or is to be called otherwise."""

    model: str | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One run of another program. What the file does not tell is None or empty."""

    origin: str
    """Program and version, as far as known: ``lm-eval 0.4.13``."""
    part: str
    """Which of the runs in this file it is; the same again when the file is read again."""
    benchmark: str
    model: str
    model_named: bool = True
    """False: the file does not name its model, so the name of the file or its folder does."""
    digest: str | None = None
    """SHA-256 of what it was read from, where that is not the file named alone."""
    timestamp: str | None = None
    """ISO 8601."""
    rows: Sequence[Verified] = ()
    """One a sample; a task's first one decides it."""
    extra_samples: Sequence[Sample] = ()
    """Further responses that have no verdict of their own."""
    difficulties: Mapping[str, str] = field(default_factory=dict)
    prompts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    """Settings by the names of a record's ``config``."""
    samples_per_task: int = 1
    time_taken_s: float | None = None
    reported_percent: float | None = None
    """The score that the file itself claims."""
    passed_of: tuple[int, int] | None = None
    """Where there are counts and no tasks."""
    duplicates: int = 0
    """Samples of tasks that came more often than the others."""
    finish_known: bool = False
    """Whether the file tells which replies were cut off."""
    remarks: Sequence[str] = ()
    """What is known against the score, one line each."""
    older: Record | None = None
    """The record itself, where the file is a ledger."""


def judged(
    *, passed: bool, sample: Sample, answer: Answer, detail: str = "", failed: Outcome = Outcome.WRONG,
) -> Verified:
    """A sample under another program's verdict, in our words.

    A reply that was cut and failed is ``truncated``; one that passed stands, as in a run of ours.
    """
    ended = (sample.finish_reason or "").lower()
    outcome, line = (Outcome.CORRECT, detail) if passed else (failed, detail)
    if not passed and ended in BLOCKED:
        outcome, line = Outcome.BLOCKED, "the provider's safety stop"
    elif not passed and ended in CUT:
        outcome, line = Outcome.TRUNCATED, f"cut by the token limit{f' ({detail})' if detail else ''}"
    elif not passed and failed is Outcome.WRONG and answer.value is None and answer.reason:
        outcome, line = Outcome.NO_ANSWER, answer.reason
    return Verified(sample, answer, Verdict(outcome, " ".join(line.split())[:300]))


def lost(task_id: str, index: int, why: str) -> Verified:
    """A task that was put, or was to be put, and has no reply."""
    return Verified(Sample(task_id, index, ""), Answer(None, "no reply"),
                    Verdict(Outcome.LOST, " ".join(why.split())[:300]))


def repeats(tasks: Sequence[str]) -> tuple[int, int]:
    """(samples a task, samples beyond that number) of the tasks' ids as they stand in a file."""
    counts: dict[str, int] = {}
    for task in tasks:
        counts[task] = counts.get(task, 0) + 1
    least = min(counts.values(), default=1)
    return least, sum(count - least for count in counts.values())
