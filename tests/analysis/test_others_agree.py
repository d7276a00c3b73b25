"""The statistics against independent implementations, on a thousand random cases each, and against printed tables."""

from __future__ import annotations

import gc
import math
import random
from collections.abc import Iterator

import pytest
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from analysis.holm import holm
from analysis.mcnemar import exact_p
from analysis.tango import tango
from analysis.wilson import wilson

CASES = 1000
EXACT = 1e-9


def pairs() -> Iterator[tuple[int, int, int]]:
    """Numbers of tasks, few and many, and the flips each way; none and all among them."""
    source = random.Random(5)
    for _ in range(CASES):
        total = source.choice((1, 2, 10, 164, 1319, 14042, source.randint(1, 500)))
        flips = round(total * source.choice((0.0, 0.02, 0.1, 0.3, 1.0, source.random())))
        only_first = round(flips * source.choice((0.0, 0.5, 1.0, source.random())))
        yield total, only_first, flips - only_first


def test_mcnemar_agrees_with_statsmodels_and_scipy() -> None:
    for total, one, other in pairs():
        table = [[total - one - other, one], [other, 0]]
        assert exact_p(one, other) == pytest.approx(statsmodels_mcnemar(table, exact=True).pvalue, abs=EXACT)
        if one + other:
            assert exact_p(one, other) == pytest.approx(binomtest(one, one + other).pvalue, abs=EXACT)


def test_wilson_agrees_with_statsmodels_and_scipy() -> None:
    source = random.Random(6)
    for total, passed, _ in pairs():
        confidence = source.choice((0.95, 0.9, 0.99, source.uniform(0.5, 0.999)))
        ours = wilson(passed, total, confidence)
        assert ours is not None
        low, high = proportion_confint(passed, total, alpha=1 - confidence, method="wilson")
        assert ours == pytest.approx((100 * low, 100 * high), abs=EXACT)
        theirs = binomtest(passed, total).proportion_ci(confidence, method="wilson")
        assert ours == pytest.approx((100 * theirs.low, 100 * theirs.high), abs=EXACT)


def test_holm_agrees_with_statsmodels() -> None:
    source = random.Random(7)
    gc.freeze()  # theirs collects garbage at every call
    try:
        for _ in range(CASES):
            drawn = [source.choice((source.random(), source.random() ** 5, 0.0, 0.01, 1.0))
                     for _ in range(source.randint(1, 30))]
            assert holm(drawn) == pytest.approx(list(multipletests(drawn, method="holm")[1]), abs=EXACT)
    finally:
        gc.unfreeze()


def score_interval(total: int, only_first: int, only_second: int, confidence: float) -> tuple[float, float]:
    """Tango's interval from its definition, by scipy's root finder: the likeliest flips under a difference are found
    where the likelihood has no slope, not by the closed form, and the variance is the information's, not Tango's.
    """
    def statistic(difference: float) -> float:
        least, most = max(0.0, -difference), (1 - difference) / 2

        def slope(first: float) -> float:  # of the log-likelihood, times the denominators that are there
            first_cell, second_cell = first if only_first else 1, first + difference if only_second else 1
            agreeing = total - only_first - only_second
            agree_cell = 1 - 2 * first - difference if agreeing else 1
            return (only_first * second_cell * agree_cell + only_second * first_cell * agree_cell
                    - 2 * agreeing * first_cell * second_cell)

        if slope(least) <= 0 or slope(most) >= 0:
            first = least if slope(least) <= 0 else most
        else:
            first = brentq(slope, least, most, xtol=1e-17, rtol=1e-15, maxiter=500)
        variance = (2 * first + difference - difference**2) / total
        away = (only_second - only_first) / total - difference
        return away / math.sqrt(variance) if variance > 0 else math.copysign(1e9, away) if away else 0.0

    z, seen = norm.ppf((1 + confidence) / 2), (only_second - only_first) / total
    ends = []
    for end, wanted in ((-1.0, z), (1.0, -z)):
        if abs(statistic(end)) < z:
            ends.append(end)
        else:
            ends.append(brentq(lambda d: statistic(d) - wanted, *sorted((end, seen)), xtol=1e-15, rtol=1e-14))  # noqa: B023
    return 100 * ends[0], 100 * ends[1]


def test_tango_agrees_with_its_definition_solved_by_scipy() -> None:
    source = random.Random(8)
    for total, only_first, only_second in pairs():
        confidence = source.choice((0.95, 0.9, 0.99))
        theirs = score_interval(total, only_first, only_second, confidence)
        assert tango(total, only_first, only_second, confidence) == pytest.approx(theirs, abs=EXACT), (
            total, only_first, only_second, confidence)


@pytest.mark.parametrize(("total", "only_first", "only_second", "confidence", "digits", "printed"), [
    (32, 3, 9, 0.95, 3, (-0.027, 0.390)),     # Tango 1998, table VII
    (44, 1, 0, 0.90, 3, (-0.096, 0.037)),     # Tango 1998, table V
    (86, 8, 16, 0.95, 3, (-0.020, 0.207)),    # Agresti and Min 2005
    (21, 7, 1, 0.95, 3, (-0.517, -0.026)),    # Fagerland, Lydersen and Laake 2014
    (14, 1, 3, 0.95, 4, (-0.1670, 0.4327)),   # Tang, Ling, Ling and Tian 2010
    (161, 16, 6, 0.95, 4, (-0.1240, -0.0054)),  # Fagerland, Lydersen and Laake 2017, chapter 8
    (3, 0, 3, 0.95, 4, (-0.1230, 1.0)),
])
def test_tango_agrees_with_printed_tables(total: int, only_first: int, only_second: int, confidence: float,
                                          digits: int, printed: tuple[float, float]) -> None:
    found = tango(total, only_first, only_second, confidence)
    assert found is not None
    assert (round(found[0] / 100, digits), round(found[1] / 100, digits)) == printed


@pytest.mark.parametrize(("passed", "total", "printed"), [
    (81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718)),
])
def test_wilson_agrees_with_newcombes_table(passed: int, total: int, printed: tuple[float, float]) -> None:
    """Newcombe 1998, Statistics in Medicine 17:857-872, table I, method 3."""
    found = wilson(passed, total)
    assert found is not None
    assert (round(found[0] / 100, 4), round(found[1] / 100, 4)) == printed


def test_mcnemar_agrees_with_printed_p_values() -> None:
    """Fagerland, Lydersen and Laake 2017, chapter 8: the exact conditional test of its two examples."""
    assert round(exact_p(6, 16), 6) == 0.052479
    assert round(exact_p(1, 7), 4) == 0.0703


def test_holm_agrees_with_a_printed_example() -> None:
    """From the manual of pingouin."""
    assert [round(p, 4) for p in holm([0.50, 0.003, 0.32, 0.054, 0.0003])] == [0.64, 0.012, 0.64, 0.162, 0.0015]


def test_holm_keeps_the_order_of_the_tests_and_the_order_of_the_p_values() -> None:
    assert holm([]) == []
    assert holm([0.04]) == [0.04]
    assert holm([0.03, 0.02, 0.02]) == pytest.approx([0.06, 0.06, 0.06])
    for nonsense in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="cannot be"):
            holm([0.5, nonsense])


def test_tango_is_mirrored_when_the_runs_change_places() -> None:
    for total, only_first, only_second in pairs():
        there, back = tango(total, only_first, only_second), tango(total, only_second, only_first)
        assert there is not None
        assert back is not None
        assert there == (-back[1], -back[0])
        assert -100 <= there[0] <= 100 * (only_second - only_first) / total <= there[1] <= 100


def test_tango_says_nothing_without_tasks_and_refuses_counts_that_cannot_be() -> None:
    assert tango(0, 0, 0) is None
    for counts in ((5, 3, 3), (5, -1, 3), (-1, 0, 0)):
        with pytest.raises(ValueError, match="cannot be"):
            tango(*counts)
