"""Where in a TOML text each key and each element stands. Pure.

The standard library's reader gives values and no places, and a plan's faults are told with their lines. So the text,
which is known to be TOML by then, is gone through once more, only for its structure: headers, keys, and where a value
begins and ends. A place is a path of keys and indexes, as one would go down the values: ``("models", 1, "ctx-size")``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, Final

Place = tuple[str | int, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE: Final = re.compile(r"[ \t]*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS: Final = (
    re.compile(r'"""(?:\\.|[^\\])*?"""(?:"{0,2}(?!"))?', re.DOTALL),
    re.compile(r"'''.*?'''(?:'{0,2}(?!'))?", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)
_PLAIN: Final = re.compile(r"[^,\]}#\n]+")


def lines_of(text: str) -> dict[Place, int]:
    """Line numbers, from 1, of every table, key and element of a text that ``tomllib`` reads."""
    return _Walk(text.replace("\r\n", "\n")).lines


def line_of(lines: Mapping[Place, int], place: Sequence[str | int]) -> int:
    """Where it stands; of what is not in the text, what it would be in."""
    path = tuple(place)
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


class _Walk:
    """One pass over the text."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._line, self._counted = 1, 0
        self.lines: dict[Place, int] = {(): 1}
        self._lengths: dict[Place, int] = {}
        """How many elements of each array of tables there were so far."""
        inside: Place = ()
        self._skip(_BLANK)
        while self._at < len(text):
            if text[self._at] == "[":
                inside = self._header()
            else:
                self._pair(inside)
            self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _note(self, place: Place) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        self.lines.setdefault(place, self._line)

    def _header(self) -> Place:
        several = self._text.startswith("[[", self._at)
        start = self._at
        self._at += 2 if several else 1
        names = self._key()
        self._at = start
        place: Place = ()
        for position, name in enumerate(names):
            place = (*place, name)
            last = position + 1 == len(names)
            if last and several:
                self._lengths[place] = self._lengths.get(place, 0) + 1
            self._note(place)
            if place in self._lengths:
                place = (*place, self._lengths[place] - 1)
                self._note(place)
        self._at = self._text.index("\n", start) if "\n" in self._text[start:] else len(self._text)
        return place

    def _key(self) -> list[str]:
        names = []
        while True:
            self._skip(_SPACE)
            quoted = self._text[self._at] in "\"'"
            word = self._string() if quoted else self._skip(_BARE_KEY)
            names.append(_unquoted(word) if quoted else word)
            self._skip(_SPACE)
            if self._text[self._at] != ".":
                return names
            self._at += 1

    def _pair(self, inside: Place) -> None:
        start = self._at
        names = self._key()
        after, self._at = self._at, start
        place = inside
        for name in names:
            place = (*place, name)
            self._note(place)
        self._at = after + 1  # the equals sign
        self._skip(_SPACE)
        self._value(place)

    def _value(self, place: Place) -> None:
        match self._text[self._at]:
            case "[":
                self._array(place)
            case "{":
                self._table(place)
            case '"' | "'":
                self._string()
            case _:
                self._skip(_PLAIN)

    def _array(self, place: Place) -> None:
        self._at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == "]":
                break
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._note((*place, index))
            self._value((*place, index))
            index += 1
        self._at += 1

    def _table(self, place: Place) -> None:
        self._at += 1
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == "}":
                break
            if self._text[self._at] == ",":
                self._at += 1
                continue
            self._pair(place)
        self._at += 1

    def _string(self) -> str:
        return next(found for pattern in _STRINGS if (found := self._skip(pattern)))


def _unquoted(word: str) -> str:
    value: Any = tomllib.loads(f"key = {word}")["key"]
    return str(value)
