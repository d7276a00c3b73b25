"""JSON from strangers: every failure is a ValueError, nothing recurses without bound, no number explodes."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Final, NoReturn

from core.records import Json

MAX_DEPTH: Final = 100
"""Containers inside containers that a model's answer may have."""
MAX_INT_DIGITS: Final = 1000
MAX_VALUES: Final = 20_000
"""Values in an answer that is compared, counted through all levels."""
_MAX_COMPARED_DEPTH: Final = 60
_MAX_COMPARED_TEXT: Final = 200_000

_TOKEN = re.compile(r'"(?:[^"\\]|\\.?)*+"?|[\[\]{}]', re.DOTALL)
# A string token always matches from its quote on, even unterminated: a token that could fail would be tried again
# from each later quote, which is quadratic.


def loads(text: str, *, strict_numbers: bool = False) -> Json:
    """The JSON value of the whole text; of a key given twice the last one counts.

    NaN and the infinities become None, or are refused with ``strict_numbers`` (so are floats beyond the double
    range). Raises ValueError only, also for nesting that Python cannot hold.
    """
    try:
        if strict_numbers:
            return json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_bounded_int)
        return json.loads(text, parse_constant=_absent)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def loads_answer(text: str) -> Json:
    """A model's answer as JSON: strict numbers, depth at most ``MAX_DEPTH``, text that UTF-8 can hold."""
    if depth(text) > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    value = loads(text, strict_numbers=True)
    if "\\u" in text or not encodable(text):
        json.dumps(value, ensure_ascii=False).encode()  # UnicodeEncodeError, a ValueError, on a lone surrogate
    return value


def depth(text: str) -> int:
    """The deepest nesting of brackets outside strings."""
    now = deepest = 0
    for token in _TOKEN.finditer(text):
        char = text[token.start()]
        if char in "[{":
            now += 1
            deepest = max(deepest, now)
        elif char in "]}":
            now -= 1
    return deepest


def bounded(value: Json) -> bool:
    """Small enough to be compared, validated or spelled quickly; itself without recursion."""
    pending, seen = [(value, 0)], 0
    while pending:
        item, level = pending.pop()
        seen += 1
        if seen > MAX_VALUES or level > _MAX_COMPARED_DEPTH or (
                isinstance(item, str) and len(item) > _MAX_COMPARED_TEXT):
            return False
        if isinstance(item, int) and item.bit_length() > 4096:
            return False
        if isinstance(item, Mapping):
            pending += [(inner, level + 1) for inner in (*item.keys(), *item.values())]
        elif isinstance(item, list):
            pending += [(inner, level + 1) for inner in item]
    return True


def encodable(text: str) -> bool:
    """Whether UTF-8 can hold the text (no lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clean(text: str) -> str:
    """The text with lone surrogates replaced by U+FFFD, so that every file and process can take it."""
    if text.isascii() or encodable(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _absent(_name: str) -> None:
    """NaN and the infinities: a number that is none is unknown."""


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number beyond the range of a double")
    return value


def _bounded_int(digits: str) -> int:
    if len(digits) > MAX_INT_DIGITS:
        raise ValueError(f"a number of more than {MAX_INT_DIGITS} digits")
    return int(digits)
