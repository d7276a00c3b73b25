"""Text as it stands, without what is around it. For answers of which nothing more is known: a user's own script."""

from __future__ import annotations

from core.records import Json
from parsers.keys import json_value
from parsers.keys.shape import short


def key(value: Json) -> str | None:
    """The stripped text; anything else by its JSON value."""
    if not isinstance(value, str):
        return json_value.key(value)
    stripped = value.strip()
    return short(stripped) if stripped else None
