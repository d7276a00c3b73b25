"""A plan file read: its values, the line of each, and all that its schema says is wrong with them.

A fault is a value, not an exception: a plan is told everything that is wrong with it at once. Only a file that cannot
be read at all, or is no TOML, ends the reading. One slip is common enough to be told with the others, though TOML knows
no such value: a date that there is not (``start-date = 2025-02-30``) is read as if it stood in quotes.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from core.errors import BadInput
from runner.sweep.schema import published
from runner.sweep.toml_lines import Place, line_of, lines_of

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

MOST_BYTES: Final = 1 << 20
_MOST_MENDED: Final = 20
"""Dates that there are not, put in quotes: each costs another reading of the text."""
_DEEP_KEY: Final = re.compile(r"""(?:\.[ \t]*+(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+){32}""")
"""A key of so many parts that reading it takes hours, since each part is read once more for the next."""
_BARE_DATE: Final = re.compile(r"=(\s*)(\d{4}-\d{1,2}-\d{1,2})\b")
_KINDS: Final = {"string": "text in quotes", "integer": "a whole number", "number": "a number", "array": "a list",
                 "boolean": "true or false", "object": "a table"}


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong with a plan."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A plan's values, as the file has them."""

    path: Path
    table: Mapping[str, Any]
    lines: Mapping[Place, int]
    faults: tuple[Fault, ...] = ()

    def line(self, *place: str | int) -> int:
        """Where that stands, or else what it would be in."""
        return line_of(self.lines, place)


def read(path: Path) -> Document:
    """Raises BadInput for a file that cannot be read, or is no TOML."""
    text = _text(path)
    table, text = _loaded(path, text)
    try:
        lines = lines_of(text)
        plain: dict[str, Any] = _plain(table)
        found = Document(path, plain, lines)
        faults = tuple(sorted(set(_faults(found))))
    except RecursionError:
        raise BadInput(f"{path}: lists within lists within lists, deeper than any plan is; correct it") from None
    return Document(path, plain, lines, faults)


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_file():
            raise BadInput(f"{path} is no ordinary file; name a plan's TOML file (docs/sweeps.md)")
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise BadInput(f"{path}: the plan cannot be read ({said}); check the path") from error
    if len(raw) > MOST_BYTES:
        raise BadInput(f"{path}: is larger than 1 MiB, which no plan needs; name a plan's TOML file")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error


def _loaded(path: Path, text: str) -> tuple[dict[str, Any], str]:
    if deep := _DEEP_KEY.search(text):
        number = text.count("\n", 0, deep.start()) + 1
        raise BadInput(f"{path}:{number}: a key of more than 32 parts, which no plan has; correct it")
    mends = 0
    while True:
        try:
            return tomllib.loads(text), text
        except (ValueError, RecursionError) as error:  # TOMLDecodeError is one; a number of 5,000 digits another
            where = re.search(r"line (\d+)", str(error))
            lines = text.split("\n")
            number = int(where[1]) if where else 0
            mended = _BARE_DATE.sub(r'=\1"\2"', lines[number - 1]) if 0 < number <= len(lines) else None
            if mended is None or mended == lines[number - 1] or mends == _MOST_MENDED:
                raise BadInput(f"{path}{f':{number}' if number else ''}: is no TOML ({error}); correct it "
                               "(docs/sweeps.md)") from error
            mends += 1
            text = "\n".join([*lines[:number - 1], mended, *lines[number:]])


def _plain(value: Any) -> Any:
    """Dates as they are written, so that they may stand in quotes or not."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value


def _faults(document: Document) -> Iterator[Fault]:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  (a tenth of a second, and only plans need it)

    for error in Draft202012Validator(published()).iter_errors(document.table):
        yield from _told(document, error)


def _told(document: Document, error: ValidationError) -> Iterator[Fault]:
    place = tuple(error.absolute_path)
    line, name = document.line(*place), _name(place)
    value: Any = error.instance
    wanted: Any = error.validator_value
    schema: Any = error.schema
    match error.validator:
        case "additionalProperties":
            known = [str(key) for key in schema["properties"]]
            for key in value:
                if key not in known:
                    yield Fault(document.line(*place, key), f"{_inside(place)}there is no {key[:60]!r}; "
                                                            f"{near(key, known)}")
        case "required":
            for key in wanted:
                if key not in value:
                    yield Fault(line, f"{_inside(place)}{key} is missing")
        case "type":
            kinds = wanted if isinstance(wanted, list) else [wanted]
            yield Fault(line, f"{name}: must be {' or '.join(_KINDS[kind] for kind in kinds)}")
        case "enum":
            yield Fault(line, f"{name}: {str(value)[:60]!r} is none of {', '.join(map(str, wanted))}; "
                              f"{near(str(value), list(map(str, wanted)))}")
        case "minItems" | "minLength" | "minProperties":
            yield Fault(line, f"{name}: is empty; say at least one" if error.validator != "minLength"
                        else f"{name}: is empty")
        case _:
            yield Fault(line, f"{name}: {error.message[:200]}")


def near(word: str, known: Sequence[str]) -> str:
    """What may have been meant, or all there is."""
    found = get_close_matches(word, known, n=2, cutoff=0.5)
    return f"did you mean {' or '.join(found)}?" if found else f"there are {', '.join(known)}"


def _name(place: Place) -> str:
    keys = [str(part) for part in place if isinstance(part, str)]
    return keys[-1] if keys else "the plan"


def _inside(place: Place) -> str:
    keys = [str(part) for part in place if isinstance(part, str)]
    return f"[{'.'.join(keys)}]: " if keys else ""
