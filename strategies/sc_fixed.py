"""Self-consistency with a fixed number of samples: the answer that most of them give.

Source: Wang et al., Self-Consistency Improves Chain of Thought Reasoning in Language Models (ICLR 2023,
arXiv 2203.11171), section 2, the unweighted sum.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.records import Json
from strategies.base import Candidate
from strategies.fixed import Fixed
from strategies.votes import majority


@dataclass(frozen=True, slots=True)
class ScFixed(Fixed):
    """Draw n, take the majority's answer; of two with as many votes the one that came up first."""

    @property
    def name(self) -> str:
        return "sc_fixed"

    def settings(self) -> Mapping[str, Json]:
        return {"n": self.n}

    def merits(self) -> frozenset[str]:
        return frozenset()

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return majority(candidates)
