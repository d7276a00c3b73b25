"""What so many tasks could have shown: the power of the exact McNemar test, and the smallest difference it finds.

The power is exact and unconditional. Each task flips with the flip rate, and a flip goes to the better side with the
chance that makes the difference what it is; so the number of flips is binomial, and so is its split. The power is the
chance of a split that the test rejects, summed over every number of flips (Duffy, S. W. (1984), Asymptotic and exact
power for the McNemar test, Biometrics 40:1005-1015). Both tails count: a test that rejects to the wrong side rejects.

How often two runs disagree has to be assumed. It is taken as it was seen, and never below the difference asked about,
because a difference of 6 points needs flips on 6 % of the tasks at the least.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist

from analysis.mcnemar import exact_p
from analysis.wilson import z_of

TINY = 1e-12
"""Numbers of flips that are together rarer than this are left out of the sum."""

CLOSE = 5e-5
"""Half a hundredth of a point."""


def power(total: int, flip_rate: float, difference: float, alpha: float = 0.05) -> float:
    """The chance that the exact McNemar test gives p < ``alpha`` on ``total`` tasks.

    ``flip_rate`` and ``difference`` are shares of the tasks. Raises ValueError unless 0 <= difference <= flip_rate
    <= 1.
    """
    if not 0 <= difference <= flip_rate <= 1 or total < 0:
        raise ValueError(f"a difference of {difference} with flips on {flip_rate} of {total} tasks cannot be")
    better = (1 + difference / flip_rate) / 2 if flip_rate > 0 else 0.5
    found = 0.0
    for weight, rejected in zip(_binomial(total, flip_rate), _rejected(better, alpha), strict=False):
        found += weight * rejected
    return min(1.0, found)


def smallest_difference(total: int, flips: int, wanted: float = 0.8, alpha: float = 0.05) -> float | None:
    """The smallest difference, in points, that ``total`` tasks show with power ``wanted``, ``flips`` having flipped.

    None when not even a difference of 100 points would show, as with fewer than six tasks at an ``alpha`` of 0.05.
    Raises ValueError for counts that cannot be.
    """
    if not 0 <= flips <= total:
        raise ValueError(f"{flips} flips of {total} tasks cannot be")
    if total == 0 or exact_p(total, 0) >= alpha:
        return None

    def over(share: float) -> float:
        return power(total, max(flips / total, share), share, alpha) - wanted

    # The normal approximation (Miettinen 1968, Biometrics 24:339-352) says about where, so that few looks are enough.
    z = z_of(1 - alpha) + NormalDist().inv_cdf(wanted)
    guess = max(z * math.sqrt(flips) / total, z * z / total)
    low, high = min(0.9, 0.9 * guess), min(1.0, 1.15 * guess)
    below, above = over(low), over(high)
    while below >= 0:
        low, below, high, above = low / 2, over(low / 2), low, below
    while above < 0:
        low, below, high = high, above, min(1.0, 1.5 * high)
        above = over(high)
    return 100 * _root(over, (low, below), (high, above))


def _root(function: Callable[[float], float], low: tuple[float, float], high: tuple[float, float]) -> float:
    """Where a rising function is 0, from above, to CLOSE; the ends are (place, value there).

    By false position: the straight line between the ends says where, and the next look is a little beyond that, on the
    side of the end that is farther away, so that this end comes near, too. A few looks where halving takes a dozen.
    """
    (start, below), (end, above) = low, high
    while end - start > CLOSE:
        line = start - (end - start) * below / (above - below)
        beyond = CLOSE / 3 if line - start < end - line else -CLOSE / 3
        middle = min(max(line + beyond, start + CLOSE / 3), end - CLOSE / 3)
        value = function(middle)
        if value < 0:
            start, below = middle, value
        else:
            end, above = middle, value
    return end


def _binomial(total: int, rate: float) -> Iterator[float]:
    """The chance of 0, 1, 2 ... flips, up to where the rest is rarer than TINY."""
    if rate in {0.0, 1.0}:
        yield from ([1.0] if rate == 0 else [0.0] * total + [1.0])
        return
    passed = 0.0
    for count in range(total + 1):
        logarithm = (math.lgamma(total + 1) - math.lgamma(count + 1) - math.lgamma(total - count + 1)
                     + count * math.log(rate) + (total - count) * math.log1p(-rate))
        yield (chance := math.exp(logarithm))
        passed += chance
        # of thousands of tasks the rounding alone keeps the sum away from 1; past the middle every chance is smaller
        if passed > 1 - TINY or (count > total * rate and chance < TINY / total):
            return


def _rejected(better: float, alpha: float) -> Iterator[float]:
    """The chance that p < alpha at 0, 1, 2 ... flips, each of which falls to one side with ``better``."""
    even, fewer, more = _Tail(0.5), _Tail(better), _Tail(1 - better)
    while True:
        yield fewer.chance + more.chance
        for tail in (even, fewer, more):
            tail.another_flip()
        if 2 * (even.chance + even.next_chance()) < alpha:
            for tail in (even, fewer, more):
                tail.another_place()


class _Tail:
    """The chance of at most ``places - 1`` of ``flips`` to a side, kept while either grows by one."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.flips = 0
        self.places = 0
        self.chance = 0.0
        self._last = 0.0  # of exactly places - 1

    def another_flip(self) -> None:
        """The last place loses those whose new flip goes to this side."""
        before = self._before_last()
        self.chance -= self.rate * self._last
        self._last = (1 - self.rate) * self._last + self.rate * before
        self.flips += 1

    def another_place(self) -> None:
        self._last = self.next_chance()
        self.chance += self._last
        self.places += 1

    def next_chance(self) -> float:
        """Of exactly ``places``."""
        if self.places == 0:
            return (1 - self.rate)**self.flips
        if self.rate == 1:
            return float(self.places == self.flips)
        return self._last * (self.flips - self.places + 1) / self.places * self.rate / (1 - self.rate)

    def _before_last(self) -> float:
        """Of exactly ``places - 2``."""
        if self.places < 2 or self.rate == 0:
            return 0.0
        return self._last * (self.places - 1) / (self.flips - self.places + 2) * (1 - self.rate) / self.rate
