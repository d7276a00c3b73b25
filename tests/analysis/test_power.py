"""What so many tasks could have shown, against plain summing over every outcome."""

from __future__ import annotations

import math
import random

import pytest
from scipy.stats import binom

from analysis.mcnemar import exact_p
from analysis.power import power, smallest_difference


def summed(total: int, flip_rate: float, difference: float, alpha: float) -> float:
    """The power with scipy's binomial, over every number of flips and every split."""
    better = (1 + difference / flip_rate) / 2 if flip_rate else 0.5
    return math.fsum(binom.pmf(flips, total, flip_rate) * binom.pmf(one, flips, better)
                     for flips in range(total + 1) for one in range(flips + 1)
                     if exact_p(one, flips - one) < alpha)


def test_power_agrees_with_summing_over_every_outcome() -> None:
    source = random.Random(9)
    for _ in range(40):
        total, flip_rate = source.choice((1, 5, 6, 10, 30)), source.choice((0.0, 0.1, 1.0, source.random()))
        difference, alpha = flip_rate * source.choice((0.0, 1.0, source.random())), source.choice((0.05, 0.01, 0.2))
        assert power(total, flip_rate, difference, alpha) == pytest.approx(
            summed(total, flip_rate, difference, alpha), abs=1e-9)


def test_without_a_difference_the_power_is_the_error_rate_and_below_alpha() -> None:
    assert 0.02 < power(164, 0.2, 0.0) < 0.05


def test_the_smallest_difference_has_the_power_and_a_smaller_one_has_not() -> None:
    for total, flips in ((20, 3), (164, 0), (164, 16), (164, 33), (1319, 130)):
        smallest = smallest_difference(total, flips)
        assert smallest is not None
        for points, enough in ((smallest, True), (smallest - 0.01, False)):
            share = points / 100
            assert (power(total, max(flips / total, share), share) >= 0.8) is enough


def test_more_tasks_show_less_and_more_flips_hide_more() -> None:
    few, many = smallest_difference(164, 16), smallest_difference(1640, 160)
    noisy = smallest_difference(164, 33)
    assert few is not None
    assert many is not None
    assert noisy is not None
    assert many < few / 2
    assert few < noisy


def test_runs_that_never_disagreed_are_taken_to_flip_as_often_as_the_difference_needs() -> None:
    """Six flips to one side are the fewest that the test rejects; 80 % of the time there must be as many."""
    smallest = smallest_difference(164, 0)
    assert smallest is not None
    assert binom.sf(5, 164, smallest / 100) == pytest.approx(0.8, abs=1e-3)


def test_too_few_tasks_show_nothing() -> None:
    assert [smallest_difference(total, 0) for total in range(6)] == [None] * 6
    assert smallest_difference(6, 0) is not None


def test_thousands_of_tasks_are_no_trouble() -> None:
    smallest = smallest_difference(14042, 1400)
    assert smallest is not None
    assert 0.7 < smallest < 0.8


def test_counts_that_cannot_be_are_refused() -> None:
    for total, flips in ((5, 6), (5, -1)):
        with pytest.raises(ValueError, match="cannot be"):
            smallest_difference(total, flips)
    for flip_rate, difference in ((0.1, 0.2), (1.2, 0.2), (0.1, -0.1)):
        with pytest.raises(ValueError, match="cannot be"):
            power(10, flip_rate, difference)
