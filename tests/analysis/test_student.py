"""Student's t, held against scipy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.student import estimate, quantile, two_sided


@pytest.mark.parametrize("freedom", [1, 2, 3, 7, 19, 99, 1000])
@pytest.mark.parametrize("share", [0.5, 0.6, 0.9, 0.975, 0.9995])
def test_quantiles_are_scipys(share: float, freedom: int) -> None:
    assert quantile(share, freedom) == pytest.approx(float(stats.t.ppf(share, freedom)), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("freedom", [1, 2, 5, 30, 500])
@pytest.mark.parametrize("t", [-3.0, 0.0, 0.01, 1.0, 2.5, 40.0])
def test_p_values_are_scipys(t: float, freedom: int) -> None:
    assert two_sided(t, freedom) == pytest.approx(2 * float(stats.t.sf(abs(t), freedom)), rel=1e-9, abs=1e-300)


@given(st.lists(st.integers(-20, 20), min_size=2, max_size=12).filter(lambda values: len(set(values)) > 1))
def test_a_mean_has_scipys_interval_and_p_value(values: list[int]) -> None:
    found = estimate(values)
    theirs = stats.ttest_1samp(values, 0)
    ends = theirs.confidence_interval(0.95)
    assert found is not None
    assert [found.low, found.high] == pytest.approx([ends.low, ends.high], rel=1e-8, abs=1e-9)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-8, abs=1e-12)


def test_of_one_value_there_is_nothing_but_itself() -> None:
    assert estimate([]) is None
    assert estimate([3.0]) == (3.0, None, None, None, 1)


@pytest.mark.parametrize("count", [2, 3, 8])
def test_values_that_are_all_alike_claim_no_certainty(count: int) -> None:
    found = estimate([-1.0] * count)
    assert found == (-1.0, None, None, stats.binomtest(count, count).pvalue, count)
    assert estimate([0.0] * count) == (0.0, None, None, 1.0, count)


def test_values_that_differ_in_the_last_bit_only_are_alike() -> None:
    values = [14 / 3 - 11 / 3, 10 / 3 - 7 / 3]  # one each, by hand
    assert values[0] != values[1]
    found = estimate(values)
    assert found is not None
    assert (found.low, found.p_value) == (None, 0.5)
