"""A file that somebody else wrote: its bytes, bounded, and its JSON, where every complaint names file and line."""

from __future__ import annotations

import errno
import hashlib
import json
import stat
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from core.errors import BadInput
from parsers.safe_json import clean, loads

MAX_BYTES: Final = 256 * 1024 * 1024
"""Python needs some ten times a JSON text's size to hold it; larger files than this are none of a benchmark."""

MAX_TASKS: Final = 200_000


class Source:
    """One file. Raises BadInput where it cannot be read, is too large, or is not what it seems to be."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = _bytes(path)

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def text(self) -> str:
        try:
            return self.data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise self.bad(line, f"not UTF-8 text (byte {error.start})") from None

    @property
    def is_lines(self) -> bool:
        """Whether it is JSON Lines, by its name."""
        return self.path.suffix.lower() == ".jsonl"

    @cached_property
    def value(self) -> Any:
        """The one JSON value that the file is."""
        try:
            return loads(self.text)
        except json.JSONDecodeError as error:
            cut = error.pos >= len(self.text.rstrip()) or error.msg.startswith("Unterminated string")
            what = f"the file ends before its JSON does ({error.msg})" if cut else f"not valid JSON ({error.msg})"
            raise self.bad(error.lineno, what) from None
        except ValueError as error:
            raise self.bad(1, f"not JSON that can be read ({error})") from None

    def lines(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """(line number from 1, object) of a file of JSON Lines; blank lines are passed over."""
        for number, text in enumerate(self.text.split("\n"), 1):
            if not text.strip():
                continue
            try:
                value = loads(text)
            except ValueError as error:
                raise self.bad(number, f"not a line of JSON ({getattr(error, 'msg', error)})") from None
            if not isinstance(value, dict):
                raise self.bad(number, "not a JSON object")
            yield number, value

    @cached_property
    def first(self) -> Mapping[str, Any]:
        """What tells one format from another: the document, or the first object of a list or of lines."""
        if self.is_lines:
            return next((value for _, value in self.lines()), {})
        value = self.value[0] if isinstance(self.value, list) and self.value else self.value
        return value if isinstance(value, dict) else {}

    def beside(self, name: str) -> Source | None:
        """The file of that name in the same folder; None where there is none, or the name leads elsewhere."""
        if "/" in name or "\0" in name or name in {".", ".."}:
            return None
        try:
            other = self.path.with_name(name)
            return Source(other) if other.is_file() else None
        except OSError:  # a name that is longer than names can be
            return None

    def line_with(self, *words: str) -> int:
        """The line where the first of these texts stands that is in the file, from 1; 1 where none is."""
        for word in words:
            at = self.text.find(json.dumps(word))
            if at < 0:
                at = self.text.find(json.dumps(word, ensure_ascii=False))
            if at >= 0:
                return self.text.count("\n", 0, at) + 1
        return 1

    def bad(self, line: int | None, what: str) -> BadInput:
        """The error to raise."""
        place = f"{self.path}, line {line}" if line else str(self.path)
        return BadInput(f"{place}: {what}; nothing was imported")


def _bytes(path: Path) -> bytes:
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise BadInput(f"{path} is a folder; name one file in it")
        if not stat.S_ISREG(found.st_mode):
            raise BadInput(f"{path} is no ordinary file; name a file of results")
        if found.st_size > MAX_BYTES:
            raise BadInput(f"{path}: {found.st_size:,} bytes are more than the {MAX_BYTES:,} that are read; nothing "
                           "was imported")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise BadInput(f"{path}: there is no such file") from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise BadInput("the file's name is longer than this system allows") from None
        raise BadInput(f"{path} cannot be read ({error.strerror})") from error
    if not data.strip():
        raise BadInput(f"{path}, line 1: the file is empty; nothing was imported")
    return data


def text_of(value: Any) -> str | None:
    """A text that every file can hold; None for anything else."""
    return clean(value) if isinstance(value, str) else None
