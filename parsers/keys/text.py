"""Text, word by word, as the evaluator ``exact`` compares it. For answers of which nothing more is known."""

from __future__ import annotations

from core.records import Json
from parsers.keys import json_value
from parsers.keys.shape import short


def key(value: Json) -> str | None:
    """The words with one blank between them; anything else by its JSON value."""
    if not isinstance(value, str):
        return json_value.key(value)
    words = " ".join(value.split())
    return short(words) if words else None


def verbatim(value: Json) -> str | None:
    """The text as it is, blanks and lines too: of replies whose very form is graded. Few ever agree."""
    return short(value) if isinstance(value, str) and value.strip() else None


def caseless(value: Json) -> str | None:
    """The same where capitals make no difference."""
    return key(value.casefold() if isinstance(value, str) else value)
