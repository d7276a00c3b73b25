"""Candidates for a judge: the same number of texts for every task, and nothing chosen among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from core.records import Json
from strategies.base import Candidate
from strategies.fixed import Fixed

NAME: Final = "candidates"


@dataclass(frozen=True, slots=True)
class Candidates(Fixed):
    """Draw n. What became of a task is told by its first candidate that has a text; each is judged by itself."""

    @property
    def name(self) -> str:
        return NAME

    def settings(self) -> Mapping[str, Json]:
        return {"n": self.n}

    def merits(self) -> frozenset[str]:
        return frozenset()

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        with_text = (place for place, candidate in enumerate(candidates) if candidate.answer.value is not None)
        return next(with_text, 0) if candidates else None
