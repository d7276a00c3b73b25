"""How values are spread: bars over ranges of equal width, those of the tasks that passed below the others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from reports.charts.axes import Axis, Frame, Marks, Size, chart
from reports.charts.palette import PAGE, SERIES, Palette
from reports.charts.scales import Scale

PASSED, OTHERS = SERIES[0], SERIES[1]
"""Blue and vermillion: told apart by anybody."""

BARS = 32
"""At most."""

FAR = 30.0
"""Times the smallest value; where the largest is further away, the ranges grow with the values."""

FARTHEST = 1e9
"""From there on the smallest value is a slip of a clock, which is not to take the axis with it."""

_SIZE = Size(420, 220)
"""Small, so that its words can be read on a telephone."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value and whether it belongs to what passed."""

    value: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """One range: from ``low`` up to and not including ``high``; the last includes it."""

    low: float
    high: float
    passed: int
    others: int


@dataclass(frozen=True, slots=True)
class What:
    """What is counted."""

    title: str
    """Along the axis: ``seconds a reply``."""
    shown: Callable[[float], str]
    """A value as people read it."""
    whole: bool = False
    """Whether values are whole numbers."""
    words: tuple[str, str] = ("correct", "not")
    """What a value that ``passed`` is called, and one that did not."""


def histogram(values: Sequence[Value], what: What, palette: Palette = PAGE) -> dict[str, Any]:
    """The specification. Raises ValueError where there is no value."""
    found = bars(values, whole=what.whole)
    frame = Frame(left=60, right=16, top=10, bottom=44)
    width, height = _SIZE.width - frame.left - frame.right, _SIZE.height - frame.top - frame.bottom
    across = Scale(found[0].low, found[-1].high, width, log=_is_far(values))
    most = max(bar.passed + bar.others for bar in found)
    up = Scale(0, most * 1.06, height, flipped=True)
    rows = []
    for bar in found:
        left, right = across.at(bar.low), across.at(bar.high)
        ends = f"{what.shown(bar.low)} to {what.shown(bar.high)}"
        for count, below, colour, word in ((bar.passed, 0, PASSED, what.words[0]),
                                           (bar.others, bar.passed, OTHERS, what.words[1])):
            if count:
                rows.append({
                    "x": left + 0.5, "width": max(1.0, right - left - 1), "y": up.at(below + count),
                    "height": round(up.at(below) - up.at(below + count), 2), "fill": colour,
                    "said": f"{ends}: {count:,} {word}",
                })
    channels = {name: name for name in ("x", "width", "y", "height", "fill")} | {"description": "said"}
    axes = {"x": Axis(across, what.title, whole=what.whole), "y": Axis(up, "replies", min(4, most + 1), whole=True)}
    return chart(_SIZE, frame, axes, [Marks("rect", rows, channels)], palette)


def bars(values: Sequence[Value], *, whole: bool = False) -> list[Bar]:
    """The ranges, at least one, and what lies in each. Raises ValueError where there is none; values are 0 or more."""
    if not values:
        raise ValueError("there is nothing to count")
    low, high = min(one.value for one in values), max(one.value for one in values)
    edges = _far_edges(low, high) if _is_far(values) else _even_edges(low, high, whole=whole)
    counts = [[0, 0] for _ in edges[1:]]
    for one in values:
        counts[_place(edges, one.value)][0 if one.passed else 1] += 1
    return [Bar(edges[place], edges[place + 1], *count) for place, count in enumerate(counts)]


def _is_far(values: Sequence[Value]) -> bool:
    low = min(one.value for one in values)
    return low > 0 and FAR * low < max(one.value for one in values) < FARTHEST * low


def _even_edges(low: float, high: float, *, whole: bool) -> list[float]:
    span = high - low
    if span <= 1e-6 * high or span < 1e-200:  # as good as equal; closer than a float's steps can be
        room = 0.5 if whole else high / 10 or 0.5
        return [low - room, high + room]
    power = 10.0 ** math.floor(math.log10(span / (BARS - 2)))
    step = next(digit * power for digit in (1, 2, 5, 10, 20) if span / (digit * power) <= BARS - 2)
    step = max(1.0, step) if whole else step
    first, last = math.floor(low / step), math.floor(high / step) + 1
    return [place * step for place in range(first, last + 1)]


def _far_edges(low: float, high: float) -> list[float]:
    ratio = (high / low) ** (1 / BARS)
    return [low, *(low * ratio ** place for place in range(1, BARS)), high]


def _place(edges: Sequence[float], value: float) -> int:
    """By halves, since rounding may put a value on either side of a quotient's edge."""
    low, high = 0, len(edges) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if value >= edges[middle] else (low, middle)
    return low
