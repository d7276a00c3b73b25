"""What a cell came to, before it is made a record."""

from __future__ import annotations

from dataclasses import dataclass

from parsers.events import ScoreRead
from runner.collect import Collection
from runner.prepare import Prepared
from runner.sitting import Spent


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """Its samples and verdicts, and what they took."""

    prepared: Prepared
    collection: Collection
    score: ScoreRead | None
    spent: Spent
    """Over all sittings."""
