"""Data in a page: blocks that no browser executes and that nothing in them can end.

JSON is written in ASCII, so that lone surrogates, U+2028 and NUL stand as escapes; ``<``, ``>`` and ``&`` are escaped
too, so that neither ``</script>`` nor ``<!--`` occurs. Long data is deflated and in base64 (``shown.js`` unpacks it).
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

_LEVEL = 5
"""Of compression: twice as fast as the most, for some 3 % more."""

_JSON = Markup('<script type="application/json" id="{}">{}</script>\n')
_PACKED = Markup('<script type="application/octet-stream" id="{}">{}</script>\n')


def json_block(name: str, value: Any) -> Markup:
    """``value`` as a block that the page's script finds under the id ``name``."""
    return _JSON.format(name, Markup(to_json(value)))  # noqa: S704  # nothing in it is markup any more


def packed_block(name: str, value: Any) -> Markup:
    """The same, deflated."""
    return _PACKED.format(name, base64.b64encode(zlib.compress(to_json(value).encode("ascii"), _LEVEL)).decode())


def svg_block(svg: str) -> Markup:
    """A chart that our own chart library drew, as part of the page; its texts were escaped by that library.

    Raises ValueError where it holds a script all the same. The page's policy would not let it run.
    """
    start = svg.find("<svg")
    if start < 0 or "<script" in svg.lower():
        raise ValueError("a chart is one <svg> element without scripts")
    return Markup(svg[start:])  # noqa: S704  # see above


def to_json(value: Any) -> str:
    """``value`` as JSON that can stand in HTML; numbers that JSON has no word for become texts."""
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except ValueError:
        text = json.dumps(_spelled(value), allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _spelled(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_spelled(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
