"""The best of n candidates, by what a person has without the answer key.

The selectors are asked in order: the first one decides, the next where it leaves a tie. What they leave tied goes by
votes, then by the mean log-probability of the reply's tokens, then to the earlier sample. A candidate of which a
selector knows nothing is behind every one of which it knows something. One without any answer is behind all that have
one, whatever its merits: it cannot be right.

Source: best-of-n with a verifier is Cobbe et al., Training Verifiers to Solve Math Word Problems (2021, arXiv
2110.14168), section 4; with public examples as the verifier it is the filtering of Li et al., Competition-Level Code
Generation with AlphaCode (2022, arXiv 2203.07814), section 4.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.records import Json
from strategies.base import Candidate
from strategies.fixed import Fixed
from strategies.merits import LOGPROB, or_worst
from strategies.selectors import AGREEMENT, merit_of
from strategies.votes import tally


@dataclass(frozen=True, slots=True)
class BestOfN(Fixed):
    """Draw n, take the one that the selectors put first."""

    selectors: tuple[str, ...] = (AGREEMENT,)

    @property
    def name(self) -> str:
        return "best_of_n"

    def settings(self) -> Mapping[str, Json]:
        return {"n": self.n, "selector": list(self.selectors)}

    def merits(self) -> frozenset[str]:
        return frozenset(merit_of(selector) for selector in self.selectors) - {AGREEMENT} | {LOGPROB}

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        votes = tally(candidates)

        def rank(at: int) -> tuple[float, ...]:
            candidate = candidates[at]
            agreed = float(votes[candidate.key]) if candidate.key is not None else 0.0
            merits = [agreed if selector == AGREEMENT else or_worst(candidate, merit_of(selector))
                      for selector in self.selectors]
            return (float(candidate.answer.value is not None), *merits, agreed, or_worst(candidate, LOGPROB), -at)

        return max(range(len(candidates)), key=rank, default=None)
