"""Numbers as people read them; what is unknown (None) is an empty text."""

from __future__ import annotations

LARGE = 1e7
"""From here on no figure of ours is a sensible one; another program's is shown in a few characters."""


def percent(value: float | None) -> str:
    """``48.2 %``."""
    return "" if value is None else f"{_fixed(value, 1)} %"


def score_cell(score: float | None, interval: list[float] | tuple[float, float] | None) -> str:
    """``48.2 [40.7, 55.8]``, in percent."""
    if score is None:
        return ""
    shown = _fixed(score, 1)
    return shown if interval is None else f"{shown} [{_fixed(interval[0], 1)}, {_fixed(interval[1], 1)}]"


def points(value: float | None) -> str:
    """``+1.2`` or ``-12.5``; what rounds to nothing is ``0.0``, without a sign."""
    if value is None:
        return ""
    shown = f"{value:+.1f}"
    return "0.0" if shown in {"+0.0", "-0.0"} else shown


def between(ends: list[float] | None) -> str:
    """``[-9.3, -1.6]``; empty where there is no such pair."""
    return f"[{_fixed(ends[0], 1)}, {_fixed(ends[1], 1)}]" if isinstance(ends, list) and len(ends) == 2 else ""


def probability(value: float | None) -> str:
    """``0.026``, ``< 0.001``."""
    return "" if value is None else "< 0.001" if value < 0.001 else f"{value:.3f}"


def amount(value: float | None) -> str:
    """``0.42``, ``5.9``, ``128``, ``1,234``."""
    if value is None:
        return ""
    return f"{value:.2f}" if 0 < value < 0.995 else rate(value)


def seconds(value: float | None) -> str:
    """``35 ms``, ``0.85 s``, ``3.2 s``, ``42 s``, ``3 min 12 s``, ``1 h 05 min``."""
    if value is None:
        return ""
    if 0 < value < 0.995:
        return _below_a_second(value)
    if value < 9.95 or value >= LARGE:
        return f"{_fixed(value, 1)} s"
    whole = round(value)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    minutes = round(value / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _below_a_second(value: float) -> str:
    if value >= 0.0995:
        return f"{value:.2f} s"
    return f"{1000 * value:.0f} ms" if value >= 0.00095 else f"{1000 * value:.2f} ms"


def size(value: float | None) -> str:
    """Bytes in powers of 1000, as files are sold and downloaded: ``3.1 MB``, ``4.68 GB``."""
    if value is None:
        return ""
    for unit, scale, digits in (("GB", 1e9, 2), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if value >= scale * 0.9995:
            return f"{_fixed(value / scale, digits)} {unit}"
    return f"{value:.0f} bytes"


def rate(value: float | None) -> str:
    """Something per second: ``7.3``, ``645``, ``1,234``."""
    if value is None:
        return ""
    return _fixed(value, 1) if value < 99.95 or value >= LARGE else f"{value:,.0f}"


def whole(value: float | None) -> str:
    """A count: ``1,055``."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) < 1e15 else f"{value:.3g}"


def date(timestamp: str | None) -> str:
    """The day of an ISO 8601 time."""
    return "" if timestamp is None else timestamp[:10]


def _fixed(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if abs(value) < LARGE else f"{value:.3g}"
