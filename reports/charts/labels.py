"""Where labels go: beside what they name, over nothing else; and where there is no room, in a column at the right.

Greedy: each label takes the first free place around its point. That is not the best there is, but the same every time,
quick, and looks well with as many labels as can be read.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

GAP = 9.0
"""Pixels between a marker's middle and its label."""

_NARROW, _WIDE = frozenset("iljtfrI.,:;'|!()[]/ "), frozenset("mwMWQOGDHNU@%")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        return (self.left < other.right and other.left < self.right
                and self.top < other.bottom and other.top < self.bottom)

    def within(self, other: Box) -> bool:
        return (self.left >= other.left and self.right <= other.right
                and self.top >= other.top and self.bottom <= other.bottom)


class Taken:
    """Boxes where something stands, sorted into squares, so that a chart of a thousand points is no matter."""

    _SQUARE = 48.0

    def __init__(self, boxes: Iterable[Box] = ()) -> None:
        self._squares: dict[tuple[int, int], list[Box]] = {}
        for box in boxes:
            self.add(box)

    def add(self, box: Box) -> None:
        for square in self._under(box):
            self._squares.setdefault(square, []).append(box)

    def is_free(self, box: Box) -> bool:
        return not any(box.meets(other) for square in self._under(box) for other in self._squares.get(square, ()))

    def _under(self, box: Box) -> Iterable[tuple[int, int]]:
        across = range(int(box.left // self._SQUARE), int(box.right // self._SQUARE) + 1)
        down = range(int(box.top // self._SQUARE), int(box.bottom // self._SQUARE) + 1)
        return ((column, row) for column in across for row in down)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label that is to stand beside a point."""

    text: str
    x: float
    y: float
    size: float
    """Of the font, in pixels."""
    gap: float = GAP
    """Between the point's middle and the label."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Where it stands: ``x`` is its left end or its right one, as ``align`` says; ``y`` its middle."""

    text: str
    x: float
    y: float
    align: str
    box: Box


def width_of(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font; rather too much than too little."""
    return size * sum(1.05 if unicodedata.east_asian_width(char) in "WF" else
                      0.33 if char in _NARROW else 0.86 if char in _WIDE else 0.70 if char.isupper() else 0.58
                      for char in text)


def shortened(text: str, size: float, pixels: float) -> str:
    """The text cut in its middle until it fits."""
    keep = len(text)
    while keep > 4 and width_of(found := _cut(text, keep), size) > pixels:
        keep -= 1
    return text if keep == len(text) else found


def _cut(text: str, keep: int) -> str:
    if keep >= len(text):
        return text
    return f"{text[: (keep + 1) // 2]}…{text[len(text) - keep // 2:]}"


def told_apart(texts: Sequence[str], size: float, pixels: float) -> list[str]:
    """Each text cut until it fits; where that makes different ones alike, what all begin or end with goes first."""
    found = [shortened(text, size, pixels) for text in texts]
    if len(set(found)) == len(set(texts)):
        return found
    different = list(dict.fromkeys(texts))
    begin, end = _shared(different), _shared([text[::-1] for text in different])
    end = min(end, min(map(len, different)) - begin)
    for kept in (32, 24, 16, 12, 8, 4, 2, 0):  # of what they share, next to what they do not
        found = [_without(text, begin - kept, end - kept) for text in texts]
        if all(width_of(text, size) <= pixels for text in found):
            return found
    return [shortened(text, size, pixels) for text in found]


def _without(text: str, begin: int, end: int) -> str:
    """Without so many characters at the beginning and at the end, where that is worth a mark."""
    tail = f"{text[:len(text) - end]}…" if end > 2 else text
    return f"…{tail[begin:]}" if begin > 2 else tail


def _shared(texts: Sequence[str]) -> int:
    """How many characters all begin with."""
    return next((place for place, chars in enumerate(zip(*texts, strict=False)) if len(set(chars)) > 1),
                min(map(len, texts)))


def wrapped(text: str, size: float, pixels: float) -> list[str]:
    """The text in lines that fit, broken between words."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= pixels:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def around(wanted: Wanted, taken: Taken, bounds: Box) -> Placed | None:
    """The label at the first place around its point that is free; None where there is none."""
    width, half = width_of(wanted.text, wanted.size), 0.62 * wanted.size
    gap, off, aside, over = wanted.gap, 1.3 * half + 2, 0.7 * wanted.gap, 2.2 * half + 4
    for right, down in ((gap, 0.0), (aside, -off), (aside, off), (None, -over), (None, over), (-gap, 0.0),
                        (-aside, -off), (-aside, off)):
        y = wanted.y + down
        if right is None:
            x, align, left = wanted.x, "center", wanted.x - width / 2
        else:
            x, align = wanted.x + right, "left" if right > 0 else "right"
            left = x if right > 0 else x - width
        box = Box(left, y - half, left + width, y + half)
        if box.within(bounds) and taken.is_free(box):
            return Placed(wanted.text, x, y, align, box)
    return None


def spread(places: Sequence[float], distance: float, low: float, high: float) -> list[float]:
    """Places in rising order moved apart to at least ``distance``, as little as can be, within ``low`` and ``high``.

    Where there are too many for that they are spread evenly, closer than asked.
    """
    count = len(places)
    if count > 1 and (count - 1) * distance > high - low:
        distance = (high - low) / (count - 1)
    groups: list[list[float]] = []  # of each its first place and how many stand in it, distance apart
    for place in places:
        groups.append([min(max(place, low), high), 1])
        while len(groups) > 1 and groups[-2][0] + distance * groups[-2][1] > groups[-1][0] + 1e-9:
            first, count_two = groups.pop()
            start, count_one = groups[-1]
            both = count_one + count_two
            middle = (count_one * start + count_two * (first - distance * count_one)) / both
            groups[-1] = [min(max(middle, low), high - distance * (both - 1)), both]
    return [start + distance * number for start, members in groups for number in range(int(members))]


def along(points: Sequence[tuple[float, float]], thickness: float = 3.0) -> Iterable[Box]:
    """What the line through these points covers, as small boxes."""
    half = thickness / 2
    for (x1, y1), (x2, y2) in pairwise(points):
        steps = max(1, int(max(abs(x2 - x1), abs(y2 - y1)) // 6))
        for step in range(steps + 1):
            x, y = x1 + (x2 - x1) * step / steps, y1 + (y2 - y1) * step / steps
            yield Box(x - half, y - half, x + half, y + half)
