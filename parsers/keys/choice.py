"""One of several lettered choices: ``B``, ``(b)``, ``B.`` and ``b)`` are the same."""

from __future__ import annotations

import re

from core.records import Json
from parsers.keys import text
from parsers.keys.shape import short

_LETTER = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\].:]?")


def key(value: Json) -> str | None:
    """The capital letter; what is no single letter counts as text."""
    found = _LETTER.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= 40 else None
    return short(found.group(1).upper()) if found is not None else text.key(value)
