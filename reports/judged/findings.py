"""What the leaderboard shows, as plain records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.rubric import Rubric
from core.standings import Agreement, Board, PositionBias, Won


@dataclass(frozen=True, slots=True)
class OfJudge:
    """One judge's scores under one rubric."""

    judge: str
    kind: str
    """``human`` or ``model``."""
    rubric: Rubric
    board: Board
    itself: tuple[Agreement, ...] = ()
    """The judge held against itself, where it saw texts twice."""
    unjudged: tuple[str, ...] = ()
    """Models and prompts whose texts this judge has not scored."""


@dataclass(frozen=True, slots=True)
class InPairs:
    """One judge's comparisons under one rubric."""

    judge: str
    kind: str
    rubric_version: str
    won: tuple[Won, ...]
    """The best first."""
    bias: PositionBias | None
    labels: Mapping[str, tuple[str, str]]
    """Run → model, prompt."""
    one_order: int = 0
    """Answers to pairs that were answered in one order only, which count for nothing."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Of one experiment."""

    experiment: str
    benchmark: str
    judges: tuple[OfJudge, ...]
    agreement: tuple[Agreement, ...]
    """Between judges."""
    pairs: tuple[InPairs, ...] = ()
    remarks: tuple[str, ...] = ()
