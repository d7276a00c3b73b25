"""Sampling until the winner is sure enough.

How it stops. Let the answer that is ahead have a votes and the strongest other b, with m samples left. Of the samples
that give one of the two, each gives the other with some probability q that nobody knows; every q is equally likely
beforehand. Sampling stops as soon as one of two things holds:

* The first answer is surely the likelier one: q is below one half with a probability of at least ``confidence``. That
  is the mass of Beta(a + 1, b + 1) above one half. It is the published rule as it is.
* Further samples would surely not change the winner: the chance of that is at most SPARED x (1 - ``confidence``). The
  chance that r of m further samples go to the other answer, and m - r to the first, is

      C(b + r, r) C(a + m - r, m - r) / C(a + b + m + 1, m),

  the beta-binomial distribution, or Pólya's urn that begins with a + 1 and b + 1 balls; summed over every r that puts
  the other answer ahead. It is 0 once the samples that are left are too few to overtake.

The first keeps it from ever drawing more than the published rule does at the same ``confidence``, whatever the votes.
The second spares the samples of a close race that would change nothing; a fifth of the error allowed leaves accuracy
within 0.1 point of the published rule's, and at a whole one would stop long before it, with accuracy lost.

How often it errs. What it stops with is not what all ``max_n`` samples would have given for at most 1 - confidence of
the tasks that it stops early, on average over q as above: in both cases the chance of a change is no more than that (of
the first, because an answer that is the likelier one seldom loses a lead; at a confidence below 0.7 it may be more,
where the lead is one vote over an answer that came up earlier and wins the ties), and looking after every sample costs
nothing, because the chance is that of the future given these votes, however it was decided to look. For one single q it
may be more where q is near 1/2 and less elsewhere, and a third answer may come to lead; docs/strategies.md has the
figures of both. Such a change makes a right answer wrong about as often as a wrong one right, so accuracy moves by much
less.

How it draws. It asks for as many samples as it takes at the least to stop, all agreeing with the leader: no sample is
drawn that drawing one at a time would have spared, and the first of them share one prompt. ``batch`` is a lower bound
on a draw, for a server whose slots would otherwise be idle.

Source: the Beta criterion of Aggarwal et al., Let's Sample Step by Step: Adaptive-Consistency for Efficient Reasoning
and Coding with LLMs (EMNLP 2023, arXiv 2305.11860), section 3, for the first. To ask whether the outcome can still
change is stochastic curtailment (Lan, Simon and Halperin, Communications in Statistics C 1, 1982, 207-219) in its
predictive form. benches/vote_streams.py holds both together against the first alone.
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

SPARED = 1 / 5
"""Of the error allowed: the chance of a change up to which the samples that are left are spared."""


@dataclass(frozen=True, slots=True)
class AdaptiveMargin:
    """Draw until the winner is sure enough, at most max_n; take the majority's answer."""

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
        if likelier(now.first, now.second) >= self.confidence:
            return True
        return chance_of_change(now, left) <= SPARED * (1 - self.confidence)


@cache
def likelier(first: int, second: int) -> float:
    """How sure it is that an answer with ``first`` votes is likelier to be given than one with ``second``.

    The mass of Beta(first + 1, second + 1) above one half, as heads of as many tosses of a coin as there are votes, and
    one more.
    """
    tosses = first + second + 1
    return sum(math.comb(tosses, heads) for heads in range(first + 1)) / (1 << tosses)


@cache
def chance_of_change(now: Lead, left: int) -> float:
    """The chance that the strongest other answer is ahead of the first one after ``left`` further samples."""
    # Of r votes for the other it takes second + r > first + left - r, or = where it came up earlier: bar - second is 1.
    enough = (now.first + left - now.bar) // 2 + 1
    ways = sum(_ways(now, left, votes) for votes in range(max(0, enough), left + 1))
    return ways / math.comb(now.first + now.second + left + 1, left)


def _ways(now: Lead, left: int, votes: int) -> int:
    return math.comb(now.second + votes, votes) * math.comb(now.first + left - votes, left - votes)
