"""A judge's preferences between texts shown two by two, each pair in both orders.

Position bias: a judge that goes by the texts prefers the same one in both orders. Where it does not, it went by the
place; if neither place were liked better, such pairs would fall on the first and on the second place alike, and an
exact two-sided sign test says whether they do (large language models do have such a bias: Wang et al. 2023, Large
Language Models are not Fair Evaluators, arXiv:2305.17926). Because only pairs that were answered in both orders
count, a liking for a place helps no text more than the other.

Won: of all comparisons of a run's texts the share that it won, a tie as half, every scenario once; its interval is
Student's t over scenarios, cut off at 0 and 100 %.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from analysis.mcnemar import exact_p
from analysis.student import estimate
from core.standings import PositionBias, Won
from core.task_ids import natural_key

FIRST, SECOND, TIE = "first", "second", "tie"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One answer: which of two runs' texts for a scenario is better."""

    scenario: str
    shown_first: str
    """The run whose text came first."""
    shown_second: str
    better: str
    """``first``, ``second`` or ``tie``."""


def position_bias(comparisons: Iterable[Comparison]) -> PositionBias | None:
    """None where no pair was answered in both orders."""
    both = list(_in_both_orders(comparisons))
    if not both:
        return None
    leanings = [_leaning(*(each.better for each in pair)) for pair in both]
    first, second = leanings.count(FIRST), leanings.count(SECOND)
    return PositionBias(len(both), leanings.count(TIE), first, second, exact_p(first, second))


def _in_both_orders(comparisons: Iterable[Comparison]) -> Iterable[tuple[Comparison, ...]]:
    """The two answers to each pair that has both. One alone is as much about the place as about the text."""
    by_pair: dict[tuple[str, frozenset[str]], dict[str, Comparison]] = {}
    for one in comparisons:
        by_pair.setdefault((one.scenario, frozenset((one.shown_first, one.shown_second))), {})[one.shown_first] = one
    return (tuple(answers.values()) for answers in by_pair.values() if len(answers) == 2)


def _leaning(one: str, other: str) -> str:
    """The place that was liked better than the texts explain; ``tie`` where the answers are consistent."""
    points = {FIRST: 1, TIE: 0, SECOND: -1}
    lean = points[one] + points[other]  # the same text preferred in both orders: first once, second once
    return FIRST if lean > 0 else SECOND if lean < 0 else TIE


def won(comparisons: Sequence[Comparison]) -> tuple[Won, ...]:
    """Of every run that was compared in both orders, the best first."""
    found: dict[str, dict[str, list[float]]] = {}
    for one in chain.from_iterable(_in_both_orders(comparisons)):
        for run_id, place in ((one.shown_first, FIRST), (one.shown_second, SECOND)):
            share = 50.0 if one.better == TIE else 100.0 * (one.better == place)
            found.setdefault(run_id, {}).setdefault(one.scenario, []).append(share)
    shares = [_won(run_id, scenarios) for run_id, scenarios in found.items()]
    return tuple(sorted(shares, key=lambda each: (-each.share.mean, each.run_id)))


def _won(run_id: str, scenarios: dict[str, list[float]]) -> Won:
    means = [sum(scenarios[name]) / len(scenarios[name]) for name in sorted(scenarios, key=natural_key)]
    share = estimate(means)
    if share is None:
        raise ValueError(f"run {run_id} was compared in no scenario")
    if share.low is not None and share.high is not None:
        share = share._replace(low=max(0.0, share.low), high=min(100.0, share.high))
    return Won(run_id, share, sum(map(len, scenarios.values())))
