"""The ledger's JSON, read strictly and with every record's own text kept.

A ledger may hold records of other programs: integers longer than a float can hold, ``1.10`` and ``1e2``, fields that
we do not know. Parsing and dumping again would change them. So reading notes the *text* of each record, and writing
puts those texts back; a record spread over several lines loses the white space between its tokens and nothing else.

What JSON leaves open is refused, because two readers would see two ledgers: a key that occurs twice in an object, and
``NaN`` or ``Infinity``, which Python's reader would let through. A number too large for a float or an int of Python is
held as its text.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from json import JSONDecodeError
from sys import intern
from typing import Any

from core.errors import BadInput

MAX_DEPTH = 100
"""Levels of nesting in one record: far above any real one, far below where Python's own recursion ends."""

MAX_DIGITS = 4300
"""Python refuses to convert longer integers from text (CVE-2020-10735)."""

_STRING_OR_SPACE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[ \t\r\n]+', re.DOTALL)
_CUT = re.compile(r"\s*|(?<=[\w\s:,\[\\])[\w.+-]{1,9}|\\.{0,10}", re.DOTALL)
"""What may stand between a reader's complaint and the end of a file that was cut short: nothing, a piece of a number,
of a word such as ``true``, or of an escape in a string."""

_SPACE = re.compile(r"[ \t\r\n]*")

SEPARATOR = ",\n"
"""Between two records of a file that we wrote."""


@dataclass(frozen=True, slots=True)
class Element:
    """One record of the list: its value, its text on one line, and the line of the file it began on."""

    value: Any
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Document:
    """A ledger file in parts: what comes before its list of runs, the runs, what comes after."""

    before: tuple[tuple[str, str], ...]
    runs: tuple[Element, ...]
    after: tuple[tuple[str, str], ...]
    members: dict[str, Any]
    """The other top-level values, parsed."""

    def render(self, extra: tuple[str, ...] = ()) -> tuple[str, str]:
        """The file's text, one record a line, ``extra`` after those that were there.

        It is in two parts: a further record goes between them, after ``SEPARATOR`` if there is one already.
        """
        records = [element.text for element in self.runs] + list(extra)
        head, tail = self.around(empty=not records)
        return head + SEPARATOR.join(records), tail

    def around(self, *, empty: bool) -> tuple[str, str]:
        """What of the file's text comes before its records and after them."""
        before = "".join(f"{key}: {value}, " for key, value in self.before)
        after = "".join(f", {key}: {value}" for key, value in self.after)
        ends = ("[", "]") if empty else ("[\n", "\n]")
        return f'{{{before}"runs": {ends[0]}', f"{ends[1]}{after}}}\n"

    def noting(self, key: str, value: str | None) -> Document:
        """With this member, a JSON text, instead of any of that name; None: with none."""
        before, after = (tuple(pair for pair in pairs if json.loads(pair[0]) != key)
                         for pairs in (self.before, self.after))
        return replace(self, before=before if value is None else ((json.dumps(key), value), *before), after=after)


EMPTY = Document((), (), (), {})


class _Refused(ValueError):
    """JSON by the letter, but nothing that we would read or write back."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = {intern(key): value for key, value in pairs}  # thousands of records share their keys
    if len(found) != len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Refused(f"the key {json.dumps(twice)} occurs twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise _Refused(f"{name} is no JSON number (leave the key out where a number is unknown)")


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) < MAX_DIGITS else digits


def _real(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else text


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=_integer, parse_float=_real)


class _Scanner:
    """Walks the outermost object and the list of runs; Python's own decoder reads every value inside."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._line, self._counted = 1, 0

    def line(self) -> int:
        """The line that ``at`` is on; counts on from the last time it was asked."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def skip(self) -> None:
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def sees(self, token: str) -> bool:
        return self.text.startswith(token, self.at)

    def expect(self, token: str) -> None:
        self.skip()
        if not self.sees(token):
            raise JSONDecodeError(f"Expecting '{token}'", self.text, self.at)
        self.at += 1
        self.skip()

    def value(self) -> Any:
        start = self.at
        try:
            value, self.at = _DECODER.raw_decode(self.text, start)
        except RecursionError:
            raise _Refused(f"a value is nested more than {MAX_DEPTH} levels deep") from None
        brackets = self.text.count("{", start, self.at) + self.text.count("[", start, self.at)
        if brackets > MAX_DEPTH and _depth(value) > MAX_DEPTH:  # counting brackets is far quicker than walking
            raise _Refused(f"a value is nested more than {MAX_DEPTH} levels deep")
        return value

    def items(self, opening: str, closing: str) -> Iterator[None]:
        """Stops before each item between two brackets; the caller reads it."""
        self.expect(opening)
        while not self.sees(closing):
            yield
            self.skip()
            if not self.sees(closing):
                self.expect(",")
                if self.sees(closing):
                    raise JSONDecodeError("Expecting value", self.text, self.at)
        self.at += 1


def strict_value(text: str) -> Any:
    """One JSON value. Raises ValueError (JSONDecodeError where it has a position)."""
    scanner = _Scanner(text)
    scanner.skip()
    value = scanner.value()
    scanner.skip()
    if scanner.at != len(text):
        raise JSONDecodeError("Extra data", text, scanner.at)
    return value


def _depth(value: Any) -> int:
    """Levels of nesting, counted without recursion."""
    depth, level = 0, [value]
    while level := [child for item in level for child in _children(item)]:
        depth += 1
        if depth > MAX_DEPTH:
            break
    return depth


def _children(item: Any) -> Iterator[Any]:
    if isinstance(item, dict):
        yield from item.values()
    elif isinstance(item, list):
        yield from item


def one_line(text: str) -> str:
    """A JSON text without line breaks; only white space between tokens is touched, so no value changes."""
    if "\n" not in text and "\r" not in text:
        return text

    def tidy(match: re.Match[str]) -> str:
        token = match.group()
        if token.startswith('"') or not ("\n" in token or "\r" in token):
            return token
        return " " if text[match.start() - 1] in ",:" else ""

    return _STRING_OR_SPACE.sub(tidy, text)


def read_document(text: str, name: str, seen: Callable[[Element], Element] = lambda each: each) -> Document:
    """A ledger file's text in parts; a file without any text is an empty ledger.

    ``seen`` is shown each record as it is read, and gives what is kept of it. Raises BadInput that names the file, the
    line and what is wrong there.
    """
    if _SPACE.fullmatch(text):
        return EMPTY
    scanner = _Scanner(text)
    try:
        return _document(scanner, name, seen)
    except JSONDecodeError as error:
        raise BadInput(_broken(name, error)) from None
    except _Refused as error:
        raise BadInput(f"{name}, line {scanner.line()}: {error}; the file was left as it is") from None


def _document(scanner: _Scanner, name: str, seen: Callable[[Element], Element]) -> Document:
    before: list[tuple[str, str]] = []
    after: list[tuple[str, str]] = []
    runs: list[Element] | None = None
    members: dict[str, Any] = {}
    scanner.skip()
    if not scanner.sees("{"):
        scanner.value()  # text that is no JSON at all is told apart from JSON of another shape
        raise BadInput(f'{name} is no ledger: that is an object {{"runs": [...]}}; the file was left as it is')
    for _ in scanner.items("{", "}"):
        start = scanner.at
        key = scanner.value()
        if not isinstance(key, str):
            raise JSONDecodeError("Expecting property name enclosed in double quotes", scanner.text, start)
        key_text = scanner.text[start:scanner.at]
        scanner.expect(":")
        if key in members or (key == "runs" and runs is not None):
            raise _Refused(f"the key {json.dumps(key)} occurs twice in one object")
        start = scanner.at
        if key == "runs":
            runs = _runs(scanner, name, seen)
        else:
            members[key] = scanner.value()
            (before if runs is None else after).append((key_text, one_line(scanner.text[start:scanner.at])))
    scanner.skip()
    if scanner.at != len(scanner.text):
        raise JSONDecodeError("Extra data", scanner.text, scanner.at)
    if runs is None:
        raise BadInput(f'{name}: there is no list "runs" in it, so it is no ledger; the file was left as it is')
    return Document(tuple(before), tuple(runs), tuple(after), members)


def _runs(scanner: _Scanner, name: str, seen: Callable[[Element], Element]) -> list[Element]:
    if not scanner.sees("["):
        scanner.value()
        raise BadInput(f'{name}, line {scanner.line()}: "runs" is not a list; the file was left as it is')
    found: list[Element] = []
    for _ in scanner.items("[", "]"):
        line, start = scanner.line(), scanner.at
        value = scanner.value()
        found.append(seen(Element(value, one_line(scanner.text[start:scanner.at]), line)))
    return found


def _broken(name: str, error: JSONDecodeError) -> str:
    place = f"{name}, line {error.lineno} column {error.colno}"
    cut = error.msg.startswith("Unterminated string") or _CUT.fullmatch(error.doc, error.pos)
    if cut and error.msg != "Extra data":
        what = f"the file ends before its JSON does ({error.msg}), so it was cut short"
    else:
        what = f"not valid JSON ({error.msg})"
    return (f"{place}: {what}; the file was left as it is: restore it from git or a backup, or name another ledger "
            "with --results")
