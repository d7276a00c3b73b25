"""What further compute buys: the frontier of accuracy over cost, the area under it, and the gain between budgets.

Everything is about one set of tasks that was answered at several budgets. A point is a budget's mean cost a task
(tokens; or seconds, joules, money) and its accuracy, a share from 0 to 1.

**Frontier**: the best accuracy that can be had for at most some cost. It is a step function that never falls: a budget
that costs more and is no better is not on it.

**FA**, frontier area: the area under that step function over the binary logarithm of the cost, from one end of a
range of costs to the other, divided by the length of the range. 1 is perfect. Below the cheapest budget nothing can be
had, and the step there is 0. The range is shared by whatever is compared, and belongs beside the number. No range, no
area: at a single cost it is None.

**MVC**, marginal value of compute: the accuracy gained from one budget to the next dearer one, for 1,000 further units
of cost (1,000 tokens; of joules, a kilojoule). It may be negative.

Intervals are of the percentile bootstrap over tasks (Efron, Annals of Statistics 7, 1979, 1-26): a resample draws as
many tasks as there are, with replacement, and takes each task's answers at all budgets along, since those of one task
belong together. Budgets keep their places of the whole data. A gain whose further cost is not above zero in more than a
twentieth of the resamples has no interval: there the two budgets cannot be told apart in cost.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, Protocol

PER = 1000
"""Units of cost that a gain is for."""

RESAMPLES = 1000
_FRACTION_BITS = 20


class Chooser(Protocol):
    """A seeded source of draws with replacement; ``random.Random`` is one."""

    def choices(self, population: Sequence[int], *, k: int) -> list[int]: ...


class Point(NamedTuple):
    """What one budget came to."""

    cost: float
    """A task, in the mean."""
    accuracy: float
    """Share of the tasks, 0 to 1."""


class Span(NamedTuple):
    """A range of costs, from the lowest to the highest mean of whatever is compared."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Budget:
    """The tasks at one budget, in an order that is the same at every budget."""

    costs: Sequence[float]
    passed: Sequence[bool]

    def point(self) -> Point:
        """Means; ValueError when there are no tasks."""
        if not self.passed or len(self.costs) != len(self.passed):
            raise ValueError("a budget needs a cost and a verdict for each of its tasks, and one task at least")
        return Point(math.fsum(self.costs) / len(self.costs), sum(self.passed) / len(self.passed))


@dataclass(frozen=True, slots=True)
class Intervals:
    """Percentile intervals; None where there is no number to have one."""

    area: tuple[float, float] | None
    gains: list[tuple[float, float] | None]
    """Between neighbours, from the cheapest budget to the dearest."""


def best_so_far(points: Iterable[Point]) -> list[Point]:
    """The frontier: both cost and accuracy rise from one point to the next."""
    found: list[Point] = []
    for point in sorted(points, key=lambda point: (point.cost, -point.accuracy)):
        if not found or point.accuracy > found[-1].accuracy:
            found.append(point)
    return found


def span_of(points: Iterable[Point]) -> Span | None:
    """From the lowest cost to the highest of those above zero; None when there is none."""
    costs = [point.cost for point in points if point.cost > 0]
    return Span(min(costs), max(costs)) if costs else None


def area(points: Iterable[Point], span: Span) -> float | None:
    """FA, 0 to 1; None for a range without length."""
    low, high = math.log2(span.low), math.log2(span.high)
    if high <= low:
        return None
    steps = [(max(low, _log2(point.cost)), point.accuracy) for point in best_so_far(points)]
    steps = [*((at, height) for at, height in steps if at < high), (high, 0.0)]
    return math.fsum(height * (end - at) for (at, height), (end, _) in pairwise(steps)) / (high - low)


def gains(points: Sequence[Point]) -> list[float | None]:
    """MVC between neighbours, from the cheapest budget to the dearest: a share for ``PER`` further units of cost; None
    where two cost the same.
    """
    return [_gain(cheap, dear) if dear.cost > cheap.cost else None for cheap, dear in pairwise(sorted(points))]


def intervals(budgets: Sequence[Budget], span: Span, chooser: Chooser, resamples: int = RESAMPLES) -> Intervals:
    """95 % intervals of FA and MVC over that range of costs.

    ValueError for budgets of different tasks (told by their number), or a cost that is below zero or not finite.
    """
    budgets = sorted(budgets, key=Budget.point)
    drawn = list(_resampled(budgets, chooser, resamples))
    areas = [found for points in drawn if (found := area(points, span)) is not None]
    between = [
        [_gain(points[at], points[at + 1]) for points in drawn if points[at + 1].cost > points[at].cost]
        for at in range(len(budgets) - 1)
    ]
    certain = [20 * len(found) >= 19 * resamples > 0 for found in between]
    return Intervals(
        _percentiles(areas) if areas else None,
        [_percentiles(found) if enough else None for found, enough in zip(between, certain, strict=True)],
    )


def _gain(cheap: Point, dear: Point) -> float:
    return PER * (dear.accuracy - cheap.accuracy) / (dear.cost - cheap.cost)


def _log2(cost: float) -> float:
    return math.log2(cost) if cost > 0 else -math.inf


def _percentiles(values: Iterable[float]) -> tuple[float, float]:
    """The ends of the middle 95 %: a fortieth is left out on either side."""
    ordered = sorted(values)
    out = len(ordered) // 40
    return ordered[out], ordered[-1 - out]


def _resampled(budgets: Sequence[Budget], chooser: Chooser, resamples: int) -> Iterable[list[Point]]:
    """The budgets' points in each resample.

    All of a task's numbers lie side by side in one long integer, so that a resample of a thousand tasks is one sum: its
    fields are wide enough for the largest sum there can be, so none runs over into the next.
    """
    tasks = len(budgets[0].passed) if budgets else 0
    if any(len(budget.passed) != tasks or len(budget.costs) != tasks for budget in budgets):
        raise ValueError("the budgets are not of the same tasks")
    if not all(0 <= cost < math.inf for budget in budgets for cost in budget.costs):
        raise ValueError("a cost is below zero or not finite")
    scaled = [[round(cost * (1 << _FRACTION_BITS)) for cost in budget.costs] for budget in budgets]
    width = max(((tasks * max(costs)).bit_length() for costs in scaled), default=0) + tasks.bit_length()
    mask = (1 << width) - 1
    rows = [
        sum((costs[task] << 2 * at * width) + (budget.passed[task] << (2 * at + 1) * width)
            for at, (costs, budget) in enumerate(zip(scaled, budgets, strict=True)))
        for task in range(tasks)
    ]
    for _ in range(resamples):
        total = sum(chooser.choices(rows, k=tasks))
        fields = [total >> at * width & mask for at in range(2 * len(budgets))]
        yield [Point(cost / tasks / (1 << _FRACTION_BITS), passed / tasks)
               for cost, passed in zip(fields[::2], fields[1::2], strict=True)]
