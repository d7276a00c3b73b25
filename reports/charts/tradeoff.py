"""What is gained for what is spent: scores against tokens, seconds, joules, money, speed or memory.

A series is a line of points (a strategy at rising budgets, say) or one point. Each is named beside its last point, not
in a box somewhere else; where that has no room for all, the names stand in a column at the right in the order in which
the lines end, with a thin line to each. On a narrow drawing they stand below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.charts.axes import FONT_PX, WIDE, Axis, Frame, Marks, Size, chart
from reports.charts.labels import GAP, Box, Placed, Taken, Wanted, along, around, spread, told_apart, width_of, wrapped
from reports.charts.palette import PRINTED, Palette, colour_of, marker_of
from reports.charts.scales import Scale, even_scale, log_scale, percent_scale

MARKER = 60.0
"""Area of a marker, in square pixels."""

LONGEST_NAME = 230.0
"""Pixels."""

ROW = 17.0
"""Pixels from a name in a column to the next."""

MOST_SERIES = 40
"""So many are named, those that come first; more could not be read."""

MOST_NOTES = 300

SMALL = FONT_PX - 1

CAPTION = 14.0
"""Pixels from one line of a caption to the next."""

BOTTOM = Frame().bottom

NOWHERE = Box(0, 0, 0, 0)
"""Of a text that nothing is placed around."""

_Line = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Point:
    """One run."""

    x: float
    y: float
    """Percent."""
    low: float | None = None
    high: float | None = None
    """Ends of the interval, in percent."""
    said: str = ""
    """All about it, in a line: shown under the pointer."""
    note: str = ""
    """Written beside it where there is room, such as ``n=4``."""
    ringed: bool = False
    """Marked by a ring around it."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points that belong together."""

    name: str
    points: Sequence[Point]
    """By rising ``x``."""
    hosted: bool = False
    """Runs of a hosted model: hollow markers and a dashed line."""
    joined: bool = True
    """Whether a line joins the points."""
    faint: bool = False
    """In grey, as what others are seen against."""


@dataclass(frozen=True, slots=True)
class Look:
    """How it is drawn."""

    x_title: str
    y_title: str = "Accuracy (%)"
    log: bool = True
    frontier: Sequence[tuple[float, float]] = field(default=())
    """The best score reached up to each x, by rising x; drawn as steps."""
    caption: str = ""
    """What bars, steps and hollow markers are; stands above the plot."""
    size: Size = WIDE
    palette: Palette = PRINTED


def tradeoff(series: Sequence[Series], look: Look) -> dict[str, Any]:
    """The specification. Raises ValueError where no point can be drawn."""
    shown = [one for one in series if one.points]
    if not shown:
        raise ValueError("there is no point to draw")
    names = [one.name for one in shown[:MOST_SERIES]]
    above = wrapped(look.caption, SMALL, look.size.width - 52 - 20) if look.caption else []
    top = 12 + CAPTION * len(above) + (4 if above else 0)
    plot = look.size.height - 12 - BOTTOM
    if look.size.narrow:
        below = ROW * len(names) + 14 if any(names) else 0
        plan = _planned(shown, told_apart(names, FONT_PX, look.size.width - 100), look,
                        Frame(top=top, bottom=BOTTOM + below), plot)
    else:
        named = told_apart(names, FONT_PX, min(LONGEST_NAME, look.size.width * 0.3))
        plan = _planned(shown, named, look, Frame(top=top), plot)
        if any(place is None for place in plan.names):
            widest = max(width_of(name, FONT_PX) for name in named)
            plot = max(plot, ROW * len(named))
            plan = _planned(shown, named, look, Frame(top=top, right=widest + 50), plot)
    size = Size(look.size.width, top + plot + plan.frame.bottom)
    lines = [Placed(text, 0, CAPTION * (place + 0.5) - top + 8, "left", NOWHERE) for place, text in enumerate(above)]
    return chart(size, plan.frame,
                 {"x": Axis(plan.x, look.x_title, 5 if look.size.narrow else 9), "y": Axis(plan.y, look.y_title)},
                 [*_marks(shown, plan, look), _text(lines, SMALL, look.palette.muted)], look.palette)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where everything goes."""

    frame: Frame
    x: Scale
    y: Scale
    names: Sequence[Placed | None]
    notes: Sequence[Placed]
    leaders: Sequence[_Line] = ()
    keys: Sequence[tuple[float, float]] = ()
    """Where each series' marker stands beside its name, in a column or below."""


def _planned(shown: Sequence[Series], names: Sequence[str], look: Look, frame: Frame, height: float) -> _Plan:
    """Names go beside the points, or into a column where the frame has room at the right, or below."""
    width = look.size.width - frame.left - frame.right
    points = [point for one in shown for point in one.points]
    along_x = [*(point.x for point in points), *(at for at, _ in look.frontier)]
    x = log_scale(along_x, width) if look.log else even_scale(along_x, width)
    y = percent_scale([end for point in points for end in (point.y, point.low, point.high) if end is not None], height)
    taken = Taken(_taken(shown, look, x, y))
    bounds = Box(0, 0, width + 8, height)
    placed: list[Placed | None] = []
    leaders: list[_Line] = []
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
    return _Plan(frame, x, y, placed, _notes(shown, x, y, taken, bounds), leaders, keys)


def _taken(shown: Sequence[Series], look: Look, x: Scale, y: Scale) -> Iterable[Box]:
    """What is drawn already where names would go."""
    for one in shown:
        places = [(x.at(point.x), y.at(point.y)) for point in one.points]
        yield from (Box(left - 5, top - 5, left + 5, top + 5) for left, top in places)
        yield from along(places) if one.joined else ()
        yield from (Box(x.at(point.x) - 2, y.at(point.high), x.at(point.x) + 2, y.at(point.low))
                    for point in one.points if point.low is not None and point.high is not None)
    yield from along([(x.at(at), y.at(top)) for at, top in _steps(look.frontier, x)], 2)


def _end(one: Series) -> Point:
    """The point that a series is named at: its last, or of points that nothing joins a marked one."""
    return next((point for point in one.points if point.ringed and not one.joined), one.points[-1])


def _column(shown: Sequence[Series], names: Sequence[str], x: Scale, y: Scale, bounds: Box) -> tuple[
        list[Placed | None], list[_Line], list[tuple[float, float]]]:
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


def _steps(frontier: Sequence[tuple[float, float]], x: Scale) -> list[tuple[float, float]]:
    """As values of x and y: level until something better is reached, and on to the right end."""
    found: list[tuple[float, float]] = []
    for at, best in frontier:
        if found:
            found.append((at, found[-1][1]))
        found.append((at, best))
    return [*found, (x.high, found[-1][1])] if found else []


def _marks(shown: Sequence[Series], plan: _Plan, look: Look) -> list[Marks]:
    palette = look.palette
    found = [Marks("rule", [{"x": x1, "y": y1, "x2": x2, "y2": y2} for x1, y1, x2, y2 in plan.leaders],
                   {"x": "x", "y": "y", "x2": "x2", "y2": "y2"},
                   {"stroke": palette.muted, "strokeWidth": 0.7, "strokeOpacity": 0.55})]
    steps = [{"x": plan.x.at(x), "y": plan.y.at(y)} for x, y in _steps(look.frontier, plan.x)]
    found.append(Marks("line", steps, {"x": "x", "y": "y"},
                       {"stroke": palette.muted, "strokeWidth": 6, "strokeOpacity": 0.28, "strokeJoin": "round"}))
    rows = [row for place, one in sorted(enumerate(shown), key=lambda placed: not placed[1].faint)
            for row in _rows(one, place, plan, palette)]
    found += [
        Marks("rule", [row for row in rows if "low" in row], {"x": "x", "y": "low", "y2": "high", "stroke": "colour"},
              {"strokeWidth": 1.5, "strokeOpacity": 0.5}),
        *(_line(one, place, plan) for place, one in enumerate(shown) if one.joined and len(one.points) > 1),
        Marks("symbol", [row for row in rows if row["ringed"]], {"x": "x", "y": "y"},
              {"shape": "circle", "size": 4 * MARKER, "stroke": palette.ink, "strokeWidth": 1.2}),
        Marks("symbol", rows, _SYMBOL | {"description": "said"}, {"strokeWidth": 1.5}),
        Marks("symbol", [{"x": left, "y": top, **_looks(one, place, palette)}
                         for place, (one, (left, top)) in enumerate(zip(shown, plan.keys, strict=False))],
              _SYMBOL, {"strokeWidth": 1.5}),
        _text([placed for placed in plan.names if placed], FONT_PX, palette.ink),
        _text(plan.notes, SMALL, palette.muted),
    ]
    return [marks for marks in found if marks.rows]


_SYMBOL = {name: name for name in ("x", "y", "shape", "size", "fill", "stroke")}


def _rows(one: Series, place: int, plan: _Plan, palette: Palette) -> list[dict[str, Any]]:
    looks = {**_looks(one, place, palette), "colour": palette.muted if one.faint else colour_of(place)}
    return [{"x": plan.x.at(point.x), "y": plan.y.at(point.y), "said": point.said or one.name, "ringed": point.ringed,
             **looks, **({"low": plan.y.at(point.low), "high": plan.y.at(point.high)}
                         if point.low is not None and point.high is not None else {})} for point in one.points]


def _looks(one: Series, place: int, palette: Palette) -> dict[str, Any]:
    colour = palette.muted if one.faint else colour_of(place)
    shape, size = ("circle", MARKER / 2) if one.faint else (marker_of(place), MARKER)
    stroke, fill = (colour, palette.halo) if one.hosted else (palette.halo, colour)
    return {"shape": shape, "size": size, "stroke": stroke, "fill": fill}


def _line(one: Series, place: int, plan: _Plan) -> Marks:
    return Marks("line", [{"x": plan.x.at(point.x), "y": plan.y.at(point.y)} for point in one.points],
                 {"x": "x", "y": "y"}, {"stroke": colour_of(place), "strokeWidth": 1.8,
                                        **({"strokeDash": [5, 3]} if one.hosted else {})})


def _text(placed: Sequence[Placed], size: float, colour: str) -> Marks:
    return Marks("text", [{"x": one.x, "y": one.y, "text": one.text, "align": one.align} for one in placed],
                 {"x": "x", "y": "y", "text": "text", "align": "align"},
                 {"fontSize": size, "fill": colour, "baseline": "middle"})
