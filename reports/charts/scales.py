"""From values to pixels, and which values an axis names.

Vega could choose both; what it chose would then not be known here, where labels are placed beside what they name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

ROOM = 0.06
"""Of an axis, left free on either side of the values."""

LEAST, MOST = 1e-12, 1e15
"""Beyond these no figure of ours is a sensible one, and a float's own ends are near."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis of ``pixels`` from ``low`` to ``high``; ``flipped``: upwards, as pixels are counted from the top."""

    low: float
    high: float
    pixels: float
    log: bool = False
    flipped: bool = False

    def at(self, value: float) -> float:
        """Where a value lies; one beyond an end stands there."""
        value = min(max(value, self.low), self.high)
        share = (self._even(value) - self._even(self.low)) / (self._even(self.high) - self._even(self.low))
        return round(self.pixels * (1 - share if self.flipped else share), 2)

    def ticks(self, most: int, *, whole: bool = False) -> list[float]:
        """Round values along the axis, ``most`` of them or fewer; with ``whole`` no halves of what is counted."""
        if self.log and self.high / self.low > 5:
            found = _log_ticks(self.low, self.high, most)
        else:
            found = _even_ticks(self.low, self.high, most, (1, 2, 5, 10) if whole else (1, 2, 2.5, 5, 10))
        return [tick for tick in found if tick.is_integer()] if whole else found

    def spec(self, name: str) -> dict[str, Any]:
        """As Vega's scale."""
        ends = [self.pixels, 0] if self.flipped else [0, self.pixels]
        return {"name": name, "type": "log" if self.log else "linear", "domain": [self.low, self.high], "range": ends,
                "nice": False, "zero": False}

    def _even(self, value: float) -> float:
        return math.log10(value) if self.log else value


def log_scale(values: Iterable[float], pixels: float) -> Scale:
    """For values above 0, with some room on either side, as far as sensible ones reach.

    Raises ValueError where there are none.
    """
    found = [min(max(value, LEAST), MOST) for value in values if value > 0]
    if not found:
        raise ValueError("a log axis has no place for values of 0 or less, and there are no others")
    ends = math.log10(min(found)), math.log10(max(found))
    room = max(ROOM * (ends[1] - ends[0]), 0.02) if ends[1] > ends[0] else 0.2
    return Scale(10 ** (ends[0] - room), 10 ** (ends[1] + room), pixels, log=True)


def even_scale(values: Iterable[float], pixels: float) -> Scale:
    """With some room on either side; from 0 on where the values are not far from it."""
    found = list(values) or [0.0, 1.0]
    low, high = min(found), max(found)
    room = ROOM * (high - low) or abs(high) * 0.2 or 1.0
    return Scale(0.0 if 0 <= low < (high - low) else low - room, high + room, pixels)


def percent_scale(values: Iterable[float], pixels: float) -> Scale:
    """For percentages, drawn upwards: as far as the values reach, and at least 10 points; never beyond 0 and 100."""
    found = list(values) or [0.0, 100.0]
    low, high = min(found), max(found)
    room = max(2.0, ROOM * (high - low), (10 - (high - low)) / 2)
    low, high = low - room, high + room
    if low < 0:
        low, high = 0.0, max(high, 10.0)
    if high > 100:
        low, high = min(low, 90.0), 100.0
    return Scale(low, high, pixels, flipped=True)


def _log_ticks(low: float, high: float, most: int) -> list[float]:
    for digits in ((1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0 ** power
                 for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
                 for digit in digits if low <= digit * 10.0 ** power <= high]
        if len(found) <= most:
            return found
    return found[:: math.ceil(len(found) / most)]


def _even_ticks(low: float, high: float, most: int, digits: Sequence[float]) -> list[float]:
    rough = (high - low) / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(digit * power for digit in digits if digit * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(place * step, 10) for place in range(first, last + 1)]
