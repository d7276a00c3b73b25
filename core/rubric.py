"""A rubric: what judges go by, criterion by criterion, and what a text's scores come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Anchor:
    """What one score of a criterion means."""

    score: int
    meaning: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that is judged by itself."""

    name: str
    question: str
    anchors: tuple[Anchor, ...]
    """One for every score of the scale, the lowest first."""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Rubric:
    """A rubric as its file has it."""

    version: str
    sha256: str
    """Of its text in UTF-8 with plain line feeds."""
    text: str
    lowest: int
    highest: int
    """Both ends of the scale; scores are whole numbers."""
    criteria: tuple[Criterion, ...]
    instructions: str = ""
    weighted: bool = False
    """Whether the rubric gives weights; without them every criterion counts the same."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of the criteria, in the file's order."""
        return tuple(criterion.name for criterion in self.criteria)

    def composite(self, scores: Mapping[str, float]) -> float:
        """The (weighted) mean of the criteria, on the rubric's scale."""
        total = sum(criterion.weight for criterion in self.criteria)
        return sum(criterion.weight * scores[criterion.name] for criterion in self.criteria) / total

    def percent(self, composite: float) -> float:
        """A composite as a percentage of the way from the lowest to the highest score."""
        return 100 * (composite - self.lowest) / (self.highest - self.lowest)
