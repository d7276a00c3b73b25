"""Quantization ladders: the scores of one model from its largest file down to its smallest, with their intervals.

A row a quantization, its name at the left and how it does against the largest at the right. Colour says what the paired
test says, and so do the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.charts.axes import FONT_PX, WIDE, Axis, Frame, Marks, Size, chart
from reports.charts.labels import shortened, width_of, wrapped
from reports.charts.palette import PRINTED, SERIES, Palette
from reports.charts.scales import Scale, percent_scale

STEP = 24.0
"""Pixels from a row to the next."""

SMALL = FONT_PX - 1

COLOURS: Mapping[str, str] = {"lower": SERIES[1], "higher": SERIES[2]}
"""Vermillion and bluish green; whatever no test tells apart is blue."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One run."""

    name: str
    score: float
    """Percent."""
    low: float | None = None
    high: float | None = None
    words: str = ""
    """Against the largest: ``baseline``, ``-5.0 lower``."""
    kind: str = ""
    """``lower`` or ``higher`` where the paired test says so; ``baseline``."""
    suspect: bool = False
    """Drawn hollow."""
    said: str = ""
    """All about it, in a line."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """One base model."""

    name: str
    rungs: Sequence[Rung]


def ladders(found: Sequence[Ladder], title: str, caption: str = "", size: Size = WIDE,
            palette: Palette = PRINTED) -> dict[str, Any]:
    """The specification; as high as its rows want. Raises ValueError without rows."""
    rungs = [rung for ladder in found for rung in ladder.rungs]
    if not rungs:
        raise ValueError("there is no row to draw")
    left = min(max(width_of(rung.name, FONT_PX) for rung in rungs) + 18, size.width * 0.3)
    right = max(width_of(rung.words, SMALL) for rung in rungs) + 22
    above = wrapped(caption, SMALL - 1, size.width - left - 10) if caption else []
    frame = Frame(left=left, right=right, top=14 + 14 * len(above), bottom=44)
    height = STEP * (len(rungs) + (len(found) if len(found) > 1 else 0))
    scale = _across([end for rung in rungs for end in (rung.score, rung.low, rung.high) if end is not None],
                    size.width - left - right)
    marks = _marks(found, scale, _Sides(left, size.width - left - right, palette))
    marks.append(_texts([{"x": 0, "y": 14 * (place + 0.5) - frame.top + 4, "text": text}
                         for place, text in enumerate(above)], "left", SMALL - 1, palette.muted))
    whole = Size(size.width, height + frame.top + frame.bottom)
    fits = shortened(title, FONT_PX, 1.6 * min(left + scale.pixels / 2, right + scale.pixels / 2))  # it is bold
    return chart(whole, frame, {"x": Axis(scale, fits, 5 if size.narrow else 9)},
                 [one for one in marks if one.rows], palette)


@dataclass(frozen=True, slots=True)
class _Sides:
    left: float
    width: float
    palette: Palette


def _across(values: Sequence[float], pixels: float) -> Scale:
    upwards = percent_scale(values, pixels)
    return Scale(upwards.low, upwards.high, pixels)


def _marks(found: Sequence[Ladder], scale: Scale, sides: _Sides) -> list[Marks]:
    names, words, heads, bars, dots, lines = [], [], [], [], [], []
    y = STEP / 2
    for ladder in found:
        if len(found) > 1:
            heads.append({"x": 8 - sides.left, "y": y, "text": shortened(ladder.name, FONT_PX, sides.width)})
            y += STEP
        begin = y
        for rung in ladder.rungs:
            colour = COLOURS.get(rung.kind, SERIES[0])
            names.append({"x": -10, "y": y, "text": shortened(rung.name, FONT_PX, sides.left - 14)})
            words.append({"x": sides.width + 10, "y": y, "text": rung.words})
            dots.append({"x": scale.at(rung.score), "y": y, "stroke": colour, "said": rung.said or rung.name,
                         "fill": sides.palette.halo if rung.suspect else colour})
            if rung.low is not None and rung.high is not None:
                bars.append({"x": scale.at(rung.low), "x2": scale.at(rung.high), "y": y, "stroke": colour})
            if rung.kind == "baseline":
                lines.append({"x": scale.at(rung.score), "y": begin - STEP / 2,
                              "y2": begin + STEP * (len(ladder.rungs) - 0.5)})
            y += STEP
    palette = sides.palette
    return [
        Marks("rule", lines, {"x": "x", "y": "y", "y2": "y2"},
              {"stroke": palette.muted, "strokeWidth": 1, "strokeDash": [3, 3]}),
        Marks("rule", bars, {"x": "x", "x2": "x2", "y": "y", "stroke": "stroke"},
              {"strokeWidth": 3, "strokeOpacity": 0.45, "strokeCap": "round"}),
        Marks("symbol", dots, {"x": "x", "y": "y", "stroke": "stroke", "fill": "fill", "description": "said"},
              {"size": 80, "strokeWidth": 1.8}),
        _texts(names, "right", FONT_PX, palette.ink),
        _texts(heads, "left", FONT_PX, palette.ink, weight=600),
        _texts(words, "left", SMALL, palette.muted),
    ]


def _texts(rows: Sequence[Mapping[str, Any]], align: str, size: float, colour: str, weight: int = 400) -> Marks:
    return Marks("text", rows, {"x": "x", "y": "y", "text": "text"},
                 {"align": align, "fontSize": size, "fill": colour, "baseline": "middle", "fontWeight": weight})
