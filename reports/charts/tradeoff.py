"""What is gained for what is spent: scores against tokens, seconds, joules, money, speed or memory.

A series is a line of points (a strategy at rising budgets, say) or one point. Each is named beside its last point, not
in a box somewhere else; where that has no room for all, the names stand in a column at the right in the order in which
the lines end, with a thin line to each. On a narrow drawing they stand below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reports.charts.axes import FONT_PX, Axis, Frame, Marks, Size, chart
from reports.charts.labels import Placed, told_apart, width_of, wrapped
from reports.charts.palette import Palette, colour_of, marker_of
from reports.charts.places import BOTTOM, NOWHERE, ROW, SMALL, Plan, planned, steps
from reports.charts.series import Look, Series

MARKER = 60.0
"""Area of a marker, in square pixels."""

LONGEST_NAME = 230.0
"""Pixels."""

MOST_SERIES = 40
"""So many are named, those that come first; more could not be read."""

CAPTION = 14.0
"""Pixels from one line of a caption to the next."""


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
        plan = planned(shown, told_apart(names, FONT_PX, look.size.width - 100), look,
                        Frame(top=top, bottom=BOTTOM + below), plot)
    else:
        named = told_apart(names, FONT_PX, min(LONGEST_NAME, look.size.width * 0.3))
        plan = planned(shown, named, look, Frame(top=top), plot)
        if any(place is None for place in plan.names):
            widest = max(width_of(name, FONT_PX) for name in named)
            plot = max(plot, ROW * len(named))
            plan = planned(shown, named, look, Frame(top=top, right=widest + 50), plot)
    size = Size(look.size.width, top + plot + plan.frame.bottom)
    lines = [Placed(text, 0, CAPTION * (place + 0.5) - top + 8, "left", NOWHERE) for place, text in enumerate(above)]
    return chart(size, plan.frame,
                 {"x": Axis(plan.x, look.x_title, 5 if look.size.narrow else 9), "y": Axis(plan.y, look.y_title)},
                 [*_marks(shown, plan, look), _text(lines, SMALL, look.palette.muted)], look.palette)


def _marks(shown: Sequence[Series], plan: Plan, look: Look) -> list[Marks]:
    palette = look.palette
    found = [Marks("rule", [{"x": x1, "y": y1, "x2": x2, "y2": y2} for x1, y1, x2, y2 in plan.leaders],
                   {"x": "x", "y": "y", "x2": "x2", "y2": "y2"},
                   {"stroke": palette.muted, "strokeWidth": 0.7, "strokeOpacity": 0.55})]
    best = [{"x": plan.x.at(x), "y": plan.y.at(y)} for x, y in steps(look.frontier, plan.x)]
    found.append(Marks("line", best, {"x": "x", "y": "y"},
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


def _rows(one: Series, place: int, plan: Plan, palette: Palette) -> list[dict[str, Any]]:
    looks = {**_looks(one, place, palette), "colour": palette.muted if one.faint else colour_of(place)}
    return [{"x": plan.x.at(point.x), "y": plan.y.at(point.y), "said": point.said or one.name, "ringed": point.ringed,
             **looks, **({"low": plan.y.at(point.low), "high": plan.y.at(point.high)}
                         if point.low is not None and point.high is not None else {})} for point in one.points]


def _looks(one: Series, place: int, palette: Palette) -> dict[str, Any]:
    colour = palette.muted if one.faint else colour_of(place)
    shape, size = ("circle", MARKER / 2) if one.faint else (marker_of(place), MARKER)
    stroke, fill = (colour, palette.halo) if one.hosted else (palette.halo, colour)
    return {"shape": shape, "size": size, "stroke": stroke, "fill": fill}


def _line(one: Series, place: int, plan: Plan) -> Marks:
    return Marks("line", [{"x": plan.x.at(point.x), "y": plan.y.at(point.y)} for point in one.points],
                 {"x": "x", "y": "y"}, {"stroke": colour_of(place), "strokeWidth": 1.8,
                                        **({"strokeDash": [5, 3]} if one.hosted else {})})


def _text(placed: Sequence[Placed], size: float, colour: str) -> Marks:
    return Marks("text", [{"x": one.x, "y": one.y, "text": one.text, "align": one.align} for one in placed],
                 {"x": "x", "y": "y", "text": "text", "align": "align"},
                 {"fontSize": size, "fill": colour, "baseline": "middle"})
