"""Values of a known type out of records that others may have written; what is absent or of another type is None."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_OBJECTS = (dict, Mapping)
"""Anything with keys; a dictionary is told at once, any other by a look at its class."""


def value_at(record: Mapping[str, Any], *keys: str) -> Any | None:
    """The value under ``keys``, level by level; None where a level is missing or is no object."""
    found: Any = record
    for key in keys:
        if not isinstance(found, _OBJECTS):
            return None
        found = found.get(key)
    return found


def number_at(record: Mapping[str, Any], *keys: str) -> float | None:
    """A finite number; True and False are none, nor is an integer beyond a float's range."""
    found = value_at(record, *keys)
    if isinstance(found, float):
        return found if math.isfinite(found) else None
    if isinstance(found, bool) or not isinstance(found, int):
        return None
    try:
        return float(found)
    except OverflowError:
        return None


def count_at(record: Mapping[str, Any], *keys: str) -> int | None:
    """A whole number of 0 or more."""
    found = number_at(record, *keys)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def text_at(record: Mapping[str, Any], *keys: str) -> str | None:
    """A text that is not empty."""
    found = value_at(record, *keys)
    return found if isinstance(found, str) and found else None


def object_at(record: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """An object; an empty one where there is none."""
    found = value_at(record, *keys)
    return found if isinstance(found, Mapping) else {}


def texts_at(record: Mapping[str, Any], *keys: str) -> tuple[str, ...] | None:
    """A list of texts (whole numbers become texts); None where there is no such list."""
    found = value_at(record, *keys)
    if not isinstance(found, list | tuple):
        return None
    kinds = set(map(type, found))  # exactly these: True and False are ints, too
    if not kinds <= {str, int}:
        return None
    return tuple(found) if kinds <= {str} else tuple(map(str, found))
