"""What a person can say of a strategy, beside its name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StrategySettings:
    """One cell's numbers, as the flags gave them; None (or no selectors) means that the flag was not given."""

    n: int | None = None
    """Samples a task, of a strategy that always draws as many (``--n``)."""
    max_n: int | None = None
    """The most samples a task, of a strategy that may stop early (``--max-n``)."""
    confidence: float | None = None
    """How sure an early stop must be, above 0.5 and below 1 (``--confidence``)."""
    window: int | None = None
    """Answers in a row that must agree (``--window``)."""
    selectors: tuple[str, ...] = ()
    """What picks the best candidate, the first one first (``--selector``)."""
    batch: int | None = None
    """The fewest samples that are drawn at once (``--batch``)."""
