"""Where everything in a chart of gains against costs goes: points, names, notes and the lines between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reports.charts.axes import FONT_PX, Frame
from reports.charts.labels import GAP, Box, Placed, Taken, Wanted, along, around, spread
from reports.charts.scales import Scale, even_scale, log_scale, percent_scale
from reports.charts.series import Look, Point, Series

ROW = 17.0
"""Pixels from a name in a column to the next."""

MOST_NOTES = 300

SMALL = FONT_PX - 1

BOTTOM = Frame().bottom

NOWHERE = Box(0, 0, 0, 0)
"""Of a text that nothing is placed around."""

Line = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Plan:
    """Where everything goes."""

    frame: Frame
    x: Scale
    y: Scale
    names: Sequence[Placed | None]
    notes: Sequence[Placed]
    leaders: Sequence[Line] = ()
    keys: Sequence[tuple[float, float]] = ()
    """Where each series' marker stands beside its name, in a column or below."""


def planned(shown: Sequence[Series], names: Sequence[str], look: Look, frame: Frame, height: float) -> Plan:
    """Names go beside the points, or into a column where the frame has room at the right, or below."""
    width = look.size.width - frame.left - frame.right
    points = [point for one in shown for point in one.points]
    along_x = [*(point.x for point in points), *(at for at, _ in look.frontier)]
    x = log_scale(along_x, width) if look.log else even_scale(along_x, width)
    y = percent_scale([end for point in points for end in (point.y, point.low, point.high) if end is not None], height)
    taken = Taken(_taken(shown, look, x, y))
    bounds = Box(0, 0, width + 8, height)
    placed: list[Placed | None] = []
    leaders: list[Line] = []
    keys: list[tuple[float, float]] = []
    if not any(names):
        placed = [Placed("", 0, 0, "left", NOWHERE)] * len(names)
    elif frame.bottom > BOTTOM:
        keys = [(8.0, height + BOTTOM + 8 + ROW * place) for place in range(len(names))]
        placed = [Placed(name, 20, top, "left", NOWHERE) for name, (_, top) in zip(names, keys, strict=True)]
    elif frame.right > Frame().right:
        placed, leaders, keys = _column(shown, names, x, y, bounds)
        for x1, y1, x2, y2 in leaders:
            for box in along([(x1, y1), (x2, y2)], 2):
                taken.add(box)
    else:
        for one, name in zip(shown, names, strict=False):
            last = _end(one)
            place = around(Wanted(name, x.at(last.x), y.at(last.y), FONT_PX), taken, bounds)
            placed.append(place)
            if place:
                taken.add(place.box)
    return Plan(frame, x, y, placed, _notes(shown, x, y, taken, bounds), leaders, keys)


def _taken(shown: Sequence[Series], look: Look, x: Scale, y: Scale) -> Iterable[Box]:
    """What is drawn already where names would go."""
    for one in shown:
        places = [(x.at(point.x), y.at(point.y)) for point in one.points]
        yield from (Box(left - 5, top - 5, left + 5, top + 5) for left, top in places)
        yield from along(places) if one.joined else ()
        yield from (Box(x.at(point.x) - 2, y.at(point.high), x.at(point.x) + 2, y.at(point.low))
                    for point in one.points if point.low is not None and point.high is not None)
    yield from along([(x.at(at), y.at(top)) for at, top in steps(look.frontier, x)], 2)


def _end(one: Series) -> Point:
    """The point that a series is named at: its last, or of points that nothing joins a marked one."""
    return next((point for point in one.points if point.ringed and not one.joined), one.points[-1])


def _column(shown: Sequence[Series], names: Sequence[str], x: Scale, y: Scale, bounds: Box) -> tuple[
        list[Placed | None], list[Line], list[tuple[float, float]]]:
    """Names at the right, in the order in which the lines end, from the top."""
    ends = [(y.at(end.y), x.at(end.x), place) for place, end in enumerate(map(_end, shown[:len(names)]))]
    ends.sort(key=lambda end: (end[0], -end[1], end[2]))
    tops = spread([top for top, _, _ in ends], ROW, 6, bounds.bottom - 6)
    placed: list[Placed | None] = [None] * len(names)
    keys, leaders = [(0.0, 0.0)] * len(names), []
    for (top, left, place), moved in zip(ends, tops, strict=True):
        placed[place] = Placed(names[place], bounds.right + 30, moved, "left", NOWHERE)
        keys[place] = (bounds.right + 20, moved)
        leaders.append((left + 6, top, bounds.right + 12, moved))
    return placed, leaders, keys


def _notes(shown: Sequence[Series], x: Scale, y: Scale, taken: Taken, bounds: Box) -> list[Placed]:
    found: list[Placed] = []
    noted = [point for one in shown for point in one.points if point.note]
    for point in sorted(noted, key=lambda point: not point.ringed)[:MOST_NOTES]:  # these first, while there is room
        gap = GAP + 4 if point.ringed else GAP
        place = around(Wanted(point.note, x.at(point.x), y.at(point.y), SMALL, gap), taken, bounds)
        if place:
            found.append(place)
            taken.add(place.box)
    return found


def steps(frontier: Sequence[tuple[float, float]], x: Scale) -> list[tuple[float, float]]:
    """As values of x and y: level until something better is reached, and on to the right end."""
    found: list[tuple[float, float]] = []
    for at, best in frontier:
        if found:
            found.append((at, found[-1][1]))
        found.append((at, best))
    return [*found, (x.high, found[-1][1])] if found else []
