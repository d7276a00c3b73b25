"""What all key functions share: their shape, and a spelling that stays short."""

from __future__ import annotations

import hashlib
from typing import Final, Protocol

from core.records import Json

MAX_KEY: Final = 80
"""Characters of a key: run folders hold one a sample, and tables show them."""


class KeyFunction(Protocol):
    """An entry of the registry."""

    def __call__(self, value: Json) -> str | None:
        """The key of an answer's value; never raises.

        Answers that the benchmark's evaluator takes for the same get the same key. None: this value can be no answer
        (a text where a number is wanted, something too large to be looked at), so it never votes.
        """


def short(text: str) -> str:
    """The text itself where it is short and printable; else what it begins with and a digest of all of it."""
    if len(text) <= MAX_KEY and text.isprintable():
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    beginning = "".join(char if char.isprintable() else " " for char in text[:40]).rstrip()
    return f"{beginning}…#{digest}"
