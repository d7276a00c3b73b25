"""Colours that people with any colour vision tell apart, on light and dark ground.

The colours of the series are those of Okabe, M. and Ito, K. (2008), Color Universal Design, less the yellow, which
cannot be seen on white. They come in an order in which neighbours differ most, and each round of them has another
marker, so that no two of the first 42 series look alike. Text is never in a series' colour: several of them are too
light to be read.
"""

from __future__ import annotations

from dataclasses import dataclass

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")
"""Blue, vermillion, bluish green, reddish purple, orange, sky blue, and a grey for the palette's black."""

MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")


@dataclass(frozen=True, slots=True)
class Palette:
    """What a chart is drawn with. Values are CSS colours, or variables that the page around the chart sets."""

    ink: str
    """Text."""
    muted: str
    """Axes, and text that explains."""
    grid: str
    ground: str | None
    """Behind all; None where the page has its own."""
    halo: str
    """Around markers, so that they stand out from lines: the colour of the ground."""
    font: str


PRINTED = Palette(ink="#1b1f24", muted="#57606a", grid="#e4e7ea", ground="#ffffff", halo="#ffffff",
                  font="Helvetica, Arial, 'Liberation Sans', sans-serif")
"""For files, which are shown on any ground and so bring their own."""

PAGE = Palette(ink="var(--text)", muted="var(--quiet)", grid="var(--line)", ground=None, halo="var(--ground)",
               font=PRINTED.font)
"""For pages: the variables of ``reports/pages/assets/frame.css``, so that one drawing serves both themes."""


def colour_of(place: int) -> str:
    """The colour of the series at this place."""
    return SERIES[place % len(SERIES)]


def marker_of(place: int) -> str:
    """Its marker: another one in each round of the colours."""
    return MARKERS[(place // len(SERIES)) % len(MARKERS)]
