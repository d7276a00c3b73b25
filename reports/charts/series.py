"""What a chart of gains against costs is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reports.charts.axes import WIDE, Size
from reports.charts.palette import PRINTED, Palette


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
