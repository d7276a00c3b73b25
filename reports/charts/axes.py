"""What all charts share: sizes, axes, and a specification around the marks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reports.charts.palette import Palette
from reports.charts.scales import Scale

FONT_PX = 12.0

@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a drawing with all that is around it."""

    width: float
    height: float

    @property
    def narrow(self) -> bool:
        """Whether it is for a telephone: there is no room for names beside points then."""
        return self.width < 500


WIDE, MEDIUM, NARROW = Size(760, 420), Size(560, 340), Size(360, 320)
"""A file; two beside one another on a page; a telephone."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The room around the plot, in pixels."""

    left: float = 52
    right: float = 14
    top: float = 12
    bottom: float = 44


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis and what is written along it."""

    scale: Scale
    title: str
    ticks: int = 6
    whole: bool = False
    """Whether it counts something: there are no halves of it."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks of one kind, one for each row; later ones are drawn over earlier ones."""

    kind: str
    """``symbol``, ``rule``, ``line``, ``text`` or ``rect``: see Vega's marks, and there what ``channels`` there are."""
    rows: Sequence[Mapping[str, Any]]
    channels: Mapping[str, str]
    """Which field of a row is which channel. Pixels and colours are taken as they are."""
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Channels that are the same for all rows."""


def chart(size: Size, frame: Frame, axes: Mapping[str, Axis], marks: Sequence[Marks],
          palette: Palette) -> dict[str, Any]:
    """A Vega specification with these marks over its axes, ``x`` and ``y``."""
    return {
        "$schema": "https://vega.github.io/schema/vega/v6.json",
        "width": size.width - frame.left - frame.right,
        "height": size.height - frame.top - frame.bottom,
        "padding": {"left": frame.left, "right": frame.right, "top": frame.top, "bottom": frame.bottom},
        "autosize": "none",
        **({"background": palette.ground} if palette.ground else {}),
        "config": _looks(palette),
        "scales": [axis.scale.spec(name) for name, axis in axes.items()],
        "axes": [_axis(name, axis) for name, axis in axes.items()],
        "data": [{"name": f"rows{place}", "values": list(one.rows)} for place, one in enumerate(marks)],
        "marks": [_mark(place, one) for place, one in enumerate(marks)],
    }


def _mark(place: int, marks: Marks) -> dict[str, Any]:
    encoded: dict[str, Any] = {channel: {"field": field} for channel, field in marks.channels.items()}
    encoded |= {channel: {"value": value} for channel, value in marks.fixed.items()}
    if "description" not in marks.channels:
        encoded["aria"] = {"value": False}
    return {"type": marks.kind, "encode": {"enter": encoded}, "from": {"data": f"rows{place}"}}


def _axis(name: str, axis: Axis) -> dict[str, Any]:
    ticks = axis.scale.ticks(axis.ticks, whole=axis.whole)
    return {
        "orient": "bottom" if name == "x" else "left", "scale": name, "title": axis.title,
        "values": ticks, "grid": True, "format": ",.9~g", "labelOverlap": "greedy",
    }


def _looks(palette: Palette) -> dict[str, Any]:
    return {
        "axis": {
            "labelFont": palette.font, "labelFontSize": FONT_PX - 1, "labelColor": palette.muted,
            "titleFont": palette.font, "titleFontSize": FONT_PX, "titleColor": palette.ink, "titleFontWeight": 600,
            "titlePadding": 8, "gridColor": palette.grid, "domainColor": palette.muted, "tickColor": palette.muted,
            "tickSize": 4, "aria": False,
        },
        "text": {"font": palette.font, "fontSize": FONT_PX},
    }
