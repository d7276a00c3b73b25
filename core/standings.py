"""What judges' scores come to, as the statistics find it and the leaderboard shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

ALPHA = 0.05
"""Below it a corrected p-value is called clear."""


class Estimate(NamedTuple):
    """A mean of values that are independent of one another, with its interval."""

    mean: float
    low: float | None
    """None, as ``high``, where there is only one value, or all are alike."""
    high: float | None
    p_value: float | None
    """Two-sided, of a mean of 0; None where there is only one value."""
    size: int
    """How many values."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A run's scores by one judge, on the rubric's scale."""

    composite: Estimate
    criteria: Mapping[str, Estimate]
    by_scenario: Mapping[str, float]
    """Composites; the scenarios in natural order."""
    candidates: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One model with one prompt, judged by one judge."""

    model: str
    prompt: str
    run_id: str
    judged: Judged
    texts: int
    """That the run has for judges."""
    missing: int = 0
    """Samples of the run that have no text for a judge: cut off, without an answer, blocked."""
    floor: float | None = None
    """The composite had each of these the lowest score; None where there are none."""
    tokens: float | None = None
    """Generated for a text, as the next two a mean over all samples of the run."""
    seconds: float | None = None
    usd: float | None = None

    @property
    def label(self) -> str:
        """Both names."""
        return f"{self.model} {self.prompt}".strip()


@dataclass(frozen=True, slots=True)
class Standing:
    """A cell's row."""

    cell: Cell
    is_baseline: bool
    difference: Estimate | None = None
    """To the baseline, on the rubric's scale, over the scenarios that both have."""
    p_corrected: float | None = None


@dataclass(frozen=True, slots=True)
class Interaction:
    """How much more a prompt gains on one model than on another."""

    prompt: str
    over: str
    """The prompt that it is held against."""
    model: str
    on: str
    """The model that it is held against."""
    gain: float
    """Of the prompt on ``model``, and on the other."""
    gain_there: float
    difference: Estimate
    p_corrected: float | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """All of one judge."""

    standings: tuple[Standing, ...]
    """The best first."""
    baseline: Cell
    is_named: bool
    """Whether the baseline was named, or is the best, which the scores have chosen."""
    interactions: tuple[Interaction, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of some judges on one criterion."""

    judges: tuple[str, ...]
    """Two; the same one twice where it is held against itself; or all of them."""
    criterion: str
    texts: int
    """That at least two of them scored."""
    kappa: float | None = None
    """Of two."""
    alpha: float | None = None
    """Of all, where there are three or more; of two beside kappa."""
    exact: float | None = None
    """The share of texts on which two gave the same score."""
    words: str = ""
    """Why there is no figure, or why it is rough."""


@dataclass(frozen=True, slots=True)
class PositionBias:
    """Of pairs that were answered in both orders."""

    pairs: int
    consistent: int
    """The same text, or a tie, in both orders."""
    for_first: int
    """Pairs of which each text won when it was shown first (or won once so, with a tie)."""
    for_second: int
    p_value: float
    """Of so uneven a split between the last two, were neither place liked better."""


@dataclass(frozen=True, slots=True)
class Won:
    """What one run won, in percent."""

    run_id: str
    share: Estimate
    comparisons: int
