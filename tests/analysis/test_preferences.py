"""Comparisons in pairs: a judge's liking for a place is told from its liking for a text."""

from __future__ import annotations

from itertools import combinations

import pytest
from scipy import stats

from analysis.preferences import Comparison, position_bias, won

RUNS = ("r1", "r2", "r3")


def asked(judge: object, scenarios: int = 6) -> list[Comparison]:
    """Every pair in both orders, as ``judge`` says of (first, second)."""
    assert callable(judge)
    return [Comparison(f"s/{place}", first, second, judge(first, second)) for place in range(scenarios)
            for one, other in combinations(RUNS, 2) for first, second in ((one, other), (other, one))]


def test_a_judge_that_goes_by_the_texts_has_no_bias_and_its_order_comes_out() -> None:
    comparisons = asked(lambda first, second: "first" if first < second else "second")
    bias = position_bias(comparisons)
    assert bias is not None
    assert (bias.pairs, bias.consistent, bias.for_first, bias.for_second, bias.p_value) == (18, 18, 0, 0, 1.0)
    assert [(each.run_id, each.share.mean) for each in won(comparisons)] == [("r1", 100), ("r2", 50), ("r3", 0)]


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_judge_that_goes_by_the_place_is_found_out_and_helps_nobody(place: str) -> None:
    comparisons = asked(lambda *_: place)
    bias = position_bias(comparisons)
    assert bias is not None
    assert (bias.consistent, bias.for_first, bias.for_second) == (
        (0, 18, 0) if place == "first" else (0, 0, 18))
    assert bias.p_value == pytest.approx(stats.binomtest(18, 18).pvalue)
    assert {each.share.mean for each in won(comparisons)} == {50.0}


def test_ties_are_consistent_and_a_tie_beside_a_win_leans_to_the_winners_place() -> None:
    assert position_bias([Comparison("s", "a", "b", "tie"), Comparison("s", "b", "a", "tie")]) == (
        position_bias([Comparison("s", "a", "b", "first"), Comparison("s", "b", "a", "second")]))
    leaning = position_bias([Comparison("s", "a", "b", "tie"), Comparison("s", "b", "a", "second")])
    assert leaning is not None
    assert (leaning.consistent, leaning.for_second) == (0, 1)


def test_a_pair_in_one_order_alone_says_nothing_of_the_place_nor_of_the_text() -> None:
    """Of a judge who likes the first place whatever stands there, one answer would be a win."""
    alone = Comparison("s", "a", "b", "first")
    assert position_bias([alone]) is None
    assert won([alone]) == ()
    both = [Comparison("s", "a", "c", "tie"), Comparison("s", "c", "a", "tie")]
    assert [(each.run_id, each.share.mean) for each in won([alone, *both])] == [("a", 50.0), ("c", 50.0)]
    assert position_bias([]) is None


def test_a_scenario_counts_once_and_an_interval_stays_within_0_and_100() -> None:
    better = [Comparison(scenario, first, second, "first" if first == best else "second")
              for scenario, best, others in (("s/1", "a", "bcd"), ("s/2", "b", "b"))
              for other in others for first, second in (("a", other), (other, "a"))]
    found = {each.run_id: each for each in won(better)}["a"]
    assert (found.share.mean, found.share.low, found.share.high, found.comparisons) == (50.0, 0.0, 100.0, 8)
