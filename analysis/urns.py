"""The arithmetic of the early decision: which differences the tasks drawn so far leave open. See ``analysis.anytime``.

All numbers are natural logarithms of the probability of what was drawn in the order in which it came. Tasks drawn
without replacement give ratios of factorials, so one table serves every term; an urn that a bet follows gives ratios
of Gamma functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

ROUNDING = 1e-9
"""A bet that has won by less than this has not won, so that rounding cannot decide anything."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What is known after some of a benchmark's tasks; their order says no more than these counts."""

    total: int
    """Tasks in the benchmark."""
    seen: int
    """Tasks that both runs have done."""
    only_first: int
    """Of those, the tasks that the first run alone passed."""
    only_second: int

    def __post_init__(self) -> None:
        if min(self.only_first, self.only_second) < 0 or not self.flips <= self.seen <= self.total or self.total < 1:
            raise ValueError(f"{self.only_first} and {self.only_second} flips in {self.seen} of {self.total} tasks "
                             "cannot be")

    @property
    def flips(self) -> int:
        return self.only_first + self.only_second


@dataclass(frozen=True, slots=True)
class Stakes:
    """How the stake on one difference is spread over three urns, as shares of 1."""

    lopsided: float
    """As many flips as the benchmark is supposed to have; four of five to one side, it is not said which."""
    open: float
    """Flips on about one task in seven, to either side in any proportion."""
    even: float
    """As many, about evenly to both sides."""


NEAR = Stakes(0.80, 0.14, 0.06)
"""On differences within the margin, which have to fall before one run is called better."""
FAR = Stakes(0.10, 0.05, 0.85)
"""On differences at or beyond it, which have to fall before the two are called equivalent."""


def left_open(drawn: Drawn, margin: int | None, alpha: float) -> tuple[int, int]:
    """The least and the greatest difference, in tasks of the whole benchmark, against which no bet has won yet.

    A bet has won when its stake has become ``1 / alpha`` times as much. Each number of flips that the benchmark may
    have is looked at in turn. For a given one, what was drawn is likeliest at one split of the flips and less likely
    the further from it, so the splits left open are one stretch, whose ends are found by halving.
    """
    inside = drawn.total if margin is None else margin - 1
    zones = [(NEAR, -inside, inside), (FAR, -drawn.total, -inside - 1), (FAR, inside + 1, drawn.total)]
    state = _State(drawn, math.log(alpha) - ROUNDING)
    least, greatest = drawn.total + 1, -drawn.total - 1
    for flips in state.plausible_flips():
        for stakes, lowest, highest in zones:
            is_open = state.bet(flips, stakes)
            # A split is written as the flips to the second run: twice that less all flips is the difference.
            fewest = max(drawn.only_second, -((-lowest - flips) // 2))
            most = min(flips - drawn.only_first, (highest + flips) // 2)
            if fewest > most:
                continue
            likeliest = min(max(state.likeliest_split(flips), fewest), most)
            lower = min(likeliest, (least - 1 + flips) // 2)  # only what is below the least so far is of interest
            if lower >= fewest and is_open(lower):
                least = 2 * _edge(is_open, lower, fewest) - flips
            upper = max(likeliest, (greatest + 2 + flips) // 2)
            if upper <= most and is_open(upper):
                greatest = 2 * _edge(is_open, upper, most) - flips
    return least, greatest


class _State:
    """What was drawn, and how the bets stand."""

    def __init__(self, drawn: Drawn, log_alpha: float) -> None:
        self._drawn, self._log_alpha, self._falling = drawn, log_alpha, _falling(drawn.total)
        first, second, flips = drawn.only_first, drawn.only_second, drawn.flips
        which = _urn(2, 12, flips, drawn.seen - flips)
        uniform, even = which + _urn(1, 1, second, first), which + _urn(50, 50, second, first)
        lopsided = _log_sum((0.5, _urn(8, 2, second, first)), (0.5, _urn(2, 8, second, first)))
        self._worth = {stakes: (math.log(stakes.lopsided) + lopsided,
                                _log_sum((stakes.open, uniform), (stakes.even, even))) for stakes in (NEAR, FAR)}

    def plausible_flips(self) -> Iterator[int]:
        """The numbers of flips in the whole benchmark at which any split can be open, from the likeliest outwards."""
        drawn, agreed = self._drawn, self._drawn.seen - self._drawn.flips
        fewest, most = drawn.flips, drawn.total - agreed
        likeliest = -((agreed - drawn.flips * drawn.total) // drawn.seen) if drawn.seen else fewest
        likeliest = min(max(likeliest, fewest), most)
        lost = self._log_alpha + min(rest for _, rest in self._worth.values())
        for outwards in (range(likeliest, most + 1), range(likeliest - 1, fewest - 1, -1)):
            for flips in outwards:
                if self._log_flips(flips) < lost:  # it only falls from here
                    break
                yield flips

    def bet(self, flips: int, stakes: Stakes) -> Callable[[int], bool]:
        """Whether the bet is still open against so many flips of which so many are the second run's."""
        drawn, falling = self._drawn, self._falling
        lopsided, rest = self._worth[stakes]
        lost = (self._log_alpha + falling(flips, drawn.flips)
                + _log_sum((1, lopsided), (1, rest - self._log_flips(flips))))
        return lambda second: (falling(second, drawn.only_second) + falling(flips - second, drawn.only_first)) >= lost

    def likeliest_split(self, flips: int) -> int:
        """The flips to the second run, of so many in all, that make what was drawn likeliest."""
        drawn = self._drawn
        return -((drawn.only_first - flips * drawn.only_second) // drawn.flips) if drawn.flips else flips // 2

    def _log_flips(self, flips: int) -> float:
        """Of which of the drawn tasks are flips, when the whole benchmark has so many."""
        drawn, falling = self._drawn, self._falling
        return (falling(flips, drawn.flips) + falling(drawn.total - flips, drawn.seen - drawn.flips)
                - falling(drawn.total, drawn.seen))


def _edge(is_open: Callable[[int], bool], inside: int, outside: int) -> int:
    """The number nearest to ``outside`` that is open, where ``inside`` is and those open are one stretch."""
    if is_open(outside):
        return outside
    while abs(outside - inside) > 1:
        middle = (inside + outside) // 2
        if is_open(middle):
            inside = middle
        else:
            outside = middle
    return inside


@cache
def _falling(largest: int) -> Callable[[int, int], float]:
    """The logarithm of n (n - 1) ... with so many factors, for n up to ``largest``."""
    table = [math.lgamma(n + 1) for n in range(largest + 1)]

    def falling(n: int, factors: int) -> float:
        return table[n] - table[n - factors]

    return falling


def _urn(ones: float, others: float, drawn_ones: int, drawn_others: int) -> float:
    """Of an order of draws from Polya's urn, which starts with two weights and adds 1 to what is drawn."""
    return (math.lgamma(ones + drawn_ones) - math.lgamma(ones) + math.lgamma(others + drawn_others)
            - math.lgamma(others) - math.lgamma(ones + others + drawn_ones + drawn_others) + math.lgamma(ones + others))


def _log_sum(*terms: tuple[float, float]) -> float:
    """Of weights times exponentials."""
    largest = max(term for _, term in terms)
    return largest + math.log(sum(weight * math.exp(term - largest) for weight, term in terms))
