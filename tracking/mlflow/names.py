"""Names and values as MLflow takes them. Whatever a data set, a rubric or another's ledger calls something fits."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from tracking.mlflow.description import MOST_KEY

_T = TypeVar("_T")
_OTHER = re.compile(r"[^\w.\- ]")


def name_of(*parts: str) -> str:
    """A dotted name of letters, digits, ``_``, ``-``, ``.`` and blanks, at most 250 characters.

    A slash would make folders of it, and a colon is refused by servers on Windows.
    """
    name = _OTHER.sub("_", ".".join(part for part in parts if part)).strip() or "_"
    return ("_" + name[1:] if name.startswith(".") else name)[:MOST_KEY]


def distinct(pairs: Iterable[tuple[str, _T]]) -> Iterator[tuple[str, _T]]:
    """The first of each name: some databases tell no capitals apart, and refuse the second."""
    seen: set[str] = set()
    for name, value in pairs:
        if (key := name.casefold()) not in seen:
            seen.add(key)
            yield name, value


def cut(text: str, most: int) -> str:
    """At most ``most`` characters; what was cut off is told at its end."""
    if len(text) <= most:
        return text
    note = f" [cut: {len(text):,} characters]"
    return text[:most - len(note)] + note
