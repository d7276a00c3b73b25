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

from reports.text import escape

Spec = Mapping[str, Any]

_SAID = re.compile(r'<(?P<tag>path|line) (?P<rest>aria-label="(?P<said>[^"<>]*)" role="graphics-symbol" '
                   r'aria-roledescription="(?:symbol|rule|rect) mark"[^<>]*)/>')
"""A mark that says what it stands for."""

_TAGGED = ' xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" class="marks"'
"""What the library puts into every drawing and nothing needs."""


def to_svg(spec: Spec, name: str) -> str:
    """One ``<svg>`` element. ``name``: what it shows, in a sentence, for those who cannot see it."""
    import vl_convert  # noqa: PLC0415  # 33 MB that only the verbs that draw need

    drawn = str(vl_convert.vega_to_svg(_drawable(spec))).replace(_TAGGED, "", 1)
    head = drawn.index(">")
    label = _attribute(escape(name, None))
    return f'{drawn[:head]} role="img" aria-label="{label}">{_SAID.sub(_titled, drawn[head + 1:])}'


def to_png(spec: Spec, scale: float = 2) -> bytes:
    """A picture of ``scale`` pixels for each of the drawing's."""
    import vl_convert  # noqa: PLC0415

    return bytes(vl_convert.vega_to_png(_drawable(spec), scale=scale))


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


def _titled(found: re.Match[str]) -> str:
    """With the label as a title, too: that is what browsers show under the pointer."""
    title = unescape(found["said"]).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"<{found['tag']} {found['rest']}><title>{title}</title></{found['tag']}>"


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
