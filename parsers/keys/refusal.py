"""A reply by what it does, which is all that is graded where refusing is the question: it refuses, or it answers."""

from __future__ import annotations

from core.records import Json
from parsers.refusals import refuses


def key(value: Json) -> str | None:
    """``refused`` or ``answered``; None for what is no text, or an empty one."""
    if not isinstance(value, str) or not value.strip():
        return None
    return "refused" if refuses(value) else "answered"
