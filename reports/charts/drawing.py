"""Charts drawn: the one place that knows the library, which is loaded when the first chart is (docs/decisions/0009).

A chart is a Vega specification. Texts in it are data and never expressions, and it names no address, so the library
evaluates nothing of theirs and fetches nothing. It aborts the whole process on a character that XML does not allow, so
every text is spelled out (``reports.text``) on its way there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from core.errors import UsageError
from reports.text import escape

Spec = Mapping[str, Any]

_TAG = re.compile(r"<[a-z][^<>]*>")
"""A tag: whatever could end it early stands escaped in its attributes."""

_SIZE = re.compile(r' width="([0-9.]+)" height="([0-9.]+)"')

_FONT = re.compile(r' font-family="[^"<>]*"')

_LABEL = re.compile(r' aria-label="([^"]*)"')

_REPEATED = re.compile(r' (?:role|aria-[a-z]+|pointer-events|font-family|class)="[^"]*"| opacity="1"')

_LONG = re.compile(r"(\.\d\d)\d+")


def to_svg(spec: Spec, name: str) -> str:
    """One ``<svg>`` element. ``name``: what it shows, in a sentence, for those who cannot see it.

    A mark's description becomes its title, which browsers show under the pointer. What the library repeats in every tag
    is taken out, so that a page of many charts stays small.
    """
    drawn = str(_library().vega_to_svg(_drawable(spec)))
    end = drawn.index(">") + 1
    size, font = _SIZE.search(drawn, 0, end), _FONT.search(drawn)
    if size is None:
        raise ValueError("the library's drawing does not begin with its size")
    width, height = size.groups()
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            f'role="img" aria-label="{_escaped(escape(name, None))}"{font[0] if font else ""}>'
            f"{_TAG.sub(_shortened, drawn[end:])}")


def to_png(svg: str, scale: float = 2) -> bytes:
    """What ``to_svg`` drew as a picture, of ``scale`` pixels for each of the drawing's."""
    return bytes(_library().svg_to_png(svg, scale=scale))


def _library() -> Any:
    """Raises UsageError where it is not installed."""
    try:
        import vl_convert  # noqa: PLC0415  # 33 MB that only the verbs that draw need
    except ImportError as error:
        raise UsageError("vl-convert-python, which draws charts, is not installed; run ./setup once more.") from error
    return vl_convert


def _drawable(value: Any) -> Any:
    """The same with every text spelled out. Raises ValueError for a number that is none."""
    if isinstance(value, str):
        return escape(value, None)
    if isinstance(value, Mapping):
        return {escape(key, None): _drawable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_drawable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} cannot be drawn; leave the point out")
    return value


def _shortened(found: re.Match[str]) -> str:
    tag = found[0]
    if tag.startswith(('<path class="background"', '<path class="foreground"')):
        return ""  # of groups, and they have none
    label = _LABEL.search(tag) if 'role="graphics-symbol"' in tag and tag.endswith("/>") else None
    short = _LONG.sub(r"\1", _REPEATED.sub("", tag))
    if label is None:
        return short
    return f"{short[:-2]}><title>{_escaped(unescape(label[1]))}</title></{short[1:short.index(' ')]}>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
