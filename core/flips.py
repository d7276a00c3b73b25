"""Tasks that one run passed and another did not, with what each of them said."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.records import Json


@dataclass(frozen=True, slots=True)
class Reply:
    """What a run's folder says of one task."""

    text: str
    outcome: str | None = None
    detail: str = ""
    """Why it failed, in a line."""
    answer: Json | None = None
    """What the parser took out of the text."""
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True)
class Flip:
    """One task. A reply is None where the run's folder is not here or has none."""

    task_id: str
    won: bool
    """Whether it was this run that passed, and not its baseline."""
    prompt: str
    """Empty where it is not known."""
    baseline: Reply | None
    run: Reply | None


@dataclass(frozen=True, slots=True)
class Flips:
    """Of one run against its baseline."""

    group: str
    """As in the rows of ``compare``, and so the names."""
    benchmark: str
    baseline: str
    run: str
    baseline_run_id: str | None
    run_id: str | None
    lost: tuple[str, ...]
    """All tasks that only the baseline passed; ``won``: that only this run did."""
    won: tuple[str, ...]
    told: tuple[Flip, ...] = field(default=())
    """Those that are shown with their replies."""
    absent: tuple[str, ...] = field(default=())
    """Which of the two, by label, have no folder here."""
