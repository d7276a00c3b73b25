"""What a cell came to, before it is made a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from parsers.events import ScoreRead
from runner.collect import Collection
from runner.diversity import Measured
from runner.narrowing import narrowed
from runner.pooling import Pooled
from runner.sitting import Spent
from runner.work import Prepared


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """Its samples and verdicts, and what they took."""

    prepared: Prepared
    collection: Collection
    """The samples that the cell's strategy uses."""
    score: ScoreRead | None
    spent: Spent | None
    """Over all sittings; None of a run that was put to another's samples."""
    drawn: Collection | None = None
    """All samples of the sittings, where other strategies wanted more than this one uses."""
    replayed_from: str | None = None
    """The run whose samples these are, where it is another."""
    joules: Mapping[tuple[str, int], float] = field(default_factory=dict)
    """Of each sample drawn, where energy was measured."""
    diversity: Measured | None = None
    """How much the texts of each task differ, where that was asked for."""


def as_its_strategy(outcome: CellOutcome) -> CellOutcome:
    """The samples that the cell's own strategy uses, where others that may stop earlier or later drew beside it."""
    work, pool = outcome.prepared.work, outcome.collection
    if not isinstance(work.drawing, Pooled):
        return outcome
    own = narrowed(pool, work.strategy, work.sampling.seed)
    own.audit, own.faults = pool.audit, pool.faults
    return replace(outcome, collection=own, drawn=pool)
