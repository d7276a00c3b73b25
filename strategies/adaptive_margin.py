"""Sampling until a change of winner is improbable.

How it stops. Let the answer that is ahead have a votes and the strongest other b, with m samples left. Of the samples
that give one of the two, each gives the other with some probability q that nobody knows. With every q equally likely
beforehand, the chance that r of m further samples go to the other answer, and m - r to the first, is

    C(b + r, r) C(a + m - r, m - r) / C(a + b + m + 1, m),

the beta-binomial distribution, or Pólya's urn that begins with a + 1 and b + 1 balls. Summed over every r that puts the
other answer ahead it is the chance that the winner still changes. Sampling stops when that is at most 1 - confidence.
It is 0, so that every confidence is kept, once the samples that are left are too few to overtake.

How often it errs. What it stops with is not what all ``max_n`` samples would have given for at most 1 - confidence of
the tasks that it stops early, on average over q as above: looking after every sample costs nothing, because the chance
is that of the future given these votes, however it was decided to look. For one single q it is more where q is near 1/2
and less elsewhere, and a third answer may come to lead; docs/strategies.md has the figures of both. Such a change makes
a right answer wrong about as often as a wrong one right, so accuracy moves by much less.

How it draws. It asks for as many samples as it takes at the least to stop, all agreeing with the leader: no sample is
drawn that drawing one at a time would have spared, and the first of them share one prompt. ``batch`` is a lower bound
on a draw, for a server whose slots would otherwise be idle.

Source: the posterior of the two leading answers is the Beta criterion of Aggarwal et al., Let's Sample Step by Step:
Adaptive-Consistency for Efficient Reasoning and Coding with LLMs (EMNLP 2023, arXiv 2305.11860), section 3. They stop
when the first answer is surely the likelier one, whatever is left; to ask instead whether the outcome can still change
is stochastic curtailment (Lan, Simon and Halperin, Communications in Statistics C 1, 1982, 207-219) in its predictive
form. benches/vote_streams.py holds both against each other.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from core.records import Json
from strategies.base import Candidate
from strategies.overtaking import Lead, lead
from strategies.votes import majority, tally


@dataclass(frozen=True, slots=True)
class AdaptiveMargin:
    """Draw until a change of winner is improbable, at most max_n; take the majority's answer."""

    max_n: int
    confidence: float
    batch: int = 1

    @property
    def name(self) -> str:
        return "adaptive_margin"

    def settings(self) -> Mapping[str, Json]:
        return {"max_n": self.max_n, "confidence": self.confidence, "batch": self.batch}

    def budget(self) -> int:
        return self.max_n

    def merits(self) -> frozenset[str]:
        return frozenset()

    def first(self) -> int:
        return self.more((), 0)

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        left, now = max(0, self.max_n - drawn), lead(tally(candidates))
        least = bisect_left(range(left), True, key=lambda more: self._settled(now.further(more), left - more))
        return min(left, max(least, self.batch)) if least else 0

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return majority(candidates)

    def _settled(self, now: Lead, left: int) -> bool:
        if now.first == 0 and left:
            return False  # nobody has voted: there is no winner that could change
        return chance_of_change(now, left) <= 1 - self.confidence


@cache
def chance_of_change(now: Lead, left: int) -> float:
    """The chance that the strongest other answer is ahead of the first one after ``left`` further samples."""
    # Of r votes for the other it takes second + r > first + left - r, or = where it came up earlier: bar - second is 1.
    enough = (now.first + left - now.bar) // 2 + 1
    ways = sum(_ways(now, left, votes) for votes in range(max(0, enough), left + 1))
    return ways / math.comb(now.first + now.second + left + 1, left)


def _ways(now: Lead, left: int, votes: int) -> int:
    return math.comb(now.second + votes, votes) * math.comb(now.first + left - votes, left - votes)
