"""JSON by value, as the extraction evaluator compares it: the order of keys, white space around a text and the spelling
of a number (31, 31.0, 3.1e1) make no difference; the order of a list and the kind of a value do (``"1"``, 1, true).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal

from core.records import Json
from parsers.keys.shape import short
from parsers.safe_json import bounded


def key(value: Json) -> str | None:
    """Canonical JSON. None for what is too large or too deep to be compared, and for NaN, which equals nothing."""
    if value is None or not bounded(value):
        return None
    try:
        return short(_canonical(value))
    except ValueError:
        return None


def _canonical(value: Json) -> str:
    """One text for all that are equal. Raises ValueError for NaN and for what is no JSON. At most 60 levels deep."""
    if isinstance(value, str):
        return _quoted(value.strip())
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, (int, float)):
        return _number(Decimal(repr(value)))
    if isinstance(value, list):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        return "{" + ",".join(f"{_quoted(name)}:{_canonical(value[name])}" for name in sorted(value)) + "}"
    raise ValueError(f"a {type(value).__name__} is no JSON")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=not text.isprintable())


def _number(number: Decimal) -> str:
    """Digits without trailing zeros and, where one is needed, an exponent: 31, 12.5, 1e300."""
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):
        if number.is_nan():
            raise ValueError("NaN equals nothing")
        return str(number)
    text = "".join(map(str, digits)).lstrip("0")
    bare = text.rstrip("0")
    if not bare:
        return "0"
    exponent += len(text) - len(bare)
    minus = "-" if sign else ""
    if 0 <= exponent <= 20:
        return f"{minus}{bare}{'0' * exponent}"
    if -len(bare) < exponent < 0:
        return f"{minus}{bare[:exponent]}.{bare[exponent:]}"
    return f"{minus}{bare}e{exponent}"
