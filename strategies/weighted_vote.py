"""A majority in which a reply weighs the more, the likelier the model thought it.

A reply's weight is exp(mean log-probability of its tokens), a number from 0 to 1: its probability, normalised by its
length. Of a reply whose log-probability is unknown nothing is assumed: it weighs the mean of those that are known in
its task, and where none is known every reply weighs the same, which is the plain majority.

Source: Wang et al., Self-Consistency Improves Chain of Thought Reasoning in Language Models (ICLR 2023, arXiv
2203.11171), equation 1 and the row "weighted sum (normalized)" of table 1.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.records import Json
from strategies.base import Candidate
from strategies.fixed import Fixed
from strategies.merits import LOGPROB, known
from strategies.votes import first_with, winner


@dataclass(frozen=True, slots=True)
class WeightedVote(Fixed):
    """Draw n, take the answer whose replies weigh the most; of two that weigh the same the one that came up first."""

    @property
    def name(self) -> str:
        return "weighted_vote"

    def settings(self) -> Mapping[str, Json]:
        return {"n": self.n}

    def merits(self) -> frozenset[str]:
        return frozenset({LOGPROB})

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return first_with(candidates, winner(weights(candidates)))


def weights(candidates: Sequence[Candidate]) -> dict[str, float]:
    """What the replies of each key weigh together, in the order in which the keys came up."""
    voters = [(candidate.key, _weight(candidate)) for candidate in candidates if candidate.key is not None]
    certain = [weight for _, weight in voters if weight is not None]
    usual = math.fsum(certain) / len(certain) if certain else 1.0
    piles: dict[str, list[float]] = {}
    for key, weight in voters:
        piles.setdefault(key, []).append(usual if weight is None else weight)
    return {key: math.fsum(pile) for key, pile in piles.items()}  # exact, so that no order of replies breaks a tie


def _weight(candidate: Candidate) -> float | None:
    mean = known(candidate, LOGPROB)
    return None if mean is None else math.exp(min(mean, 0.0))  # a probability above 1 is some server's rounding
