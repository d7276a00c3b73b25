"""Self-consistency with a fixed number of samples: the answer that most of them give.

Source: Wang et al., Self-Consistency Improves Chain of Thought Reasoning in Language Models (ICLR 2023,
arXiv 2203.11171), the unweighted sum of its section 2. All samples are asked for at once, so that their prompt is
evaluated once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.records import Json
from strategies.base import Candidate
from strategies.votes import majority


@dataclass(frozen=True, slots=True)
class ScFixed:
    """Draw n, take the majority's answer."""

    n: int
    name: str = "sc_fixed"

    def settings(self) -> Mapping[str, Json]:
        return {"n": self.n}

    def budget(self) -> int:
        return self.n

    def merits(self) -> frozenset[str]:
        return frozenset()

    def first(self) -> int:
        return self.n

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        return max(0, self.n - drawn)

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return majority(candidates)
