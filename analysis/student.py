"""Student's t distribution: intervals and p-values of means of few values.

Student (1908), The probable error of a mean, Biometrika 6:1-25. The distribution function by the continued fraction of
the incomplete beta function (Abramowitz & Stegun 26.5.8 and 26.7.1), evaluated by Lentz's method; its inverse by
bisection. Held against scipy in the tests.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.standings import Estimate

_TINY = 1e-300
_STEPS = 500
_ALIKE = 1e-9
"""Differences of means of scores that are equal by hand may differ in the last bit; real ones are far larger."""


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate | None:
    """The mean and its t interval; None of no values.

    Values that are all alike, as coarse scores easily are, say nothing of how far others may lie: there t would claim
    certainty of two of them. They have no interval, and the p-value of the sign test: that all fall on one side.
    """
    count = len(values)
    if count == 0:
        return None
    mean = math.fsum(values) / count
    if count == 1:
        return Estimate(mean, None, None, None, 1)
    if max(values) - min(values) <= _ALIKE:
        return Estimate(mean, None, None, 1.0 if abs(mean) <= _ALIKE else 2.0 ** (1 - count), count)
    error = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1) / count)
    half = quantile(0.5 + confidence / 2, count - 1) * error
    return Estimate(mean, mean - half, mean + half, two_sided(mean / error, count - 1), count)


def two_sided(t: float, freedom: int) -> float:
    """The chance of a value at least so far from 0."""
    return _incomplete_beta(freedom / (freedom + t * t), freedom / 2, 0.5)


def quantile(share: float, freedom: int) -> float:
    """The value below which ``share`` of the distribution lies; 0.5 <= share < 1."""
    low, high = 0.0, 1.0
    while 1 - two_sided(high, freedom) / 2 < share:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in {low, high}:
            break
        low, high = (middle, high) if 1 - two_sided(middle, freedom) / 2 < share else (low, middle)
    return (low + high) / 2


def _incomplete_beta(x: float, a: float, b: float) -> float:
    """The regularized one."""
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    found = d
    for step in range(1, _STEPS):
        even = step * (b - step) * x / ((a + 2 * step - 1) * (a + 2 * step))
        odd = -(a + step) * (a + b + step) * x / ((a + 2 * step) * (a + 2 * step + 1))
        change = 1.0
        for term in (even, odd):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            change = c * d
            found *= change
        if abs(change - 1) < 1e-15:
            break
    return found


def _not_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
