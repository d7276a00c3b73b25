"""JSON lines from a file nobody vouches for: bounded, UTF-8, one object a line, every fault named by file and line."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from core.errors import BadInput
from core.records import Json
from core.task_ids import task_id_of

LINE_LIMIT_BYTES = 64 << 20
"""A task of text is kilobytes; this only keeps a file without newlines, or a gzip bomb, out of memory."""
UNPACKED_LIMIT_BYTES = 4 << 30
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Line:
    """One record and where it stands."""

    path: Path
    number: int
    """From 1, as editors count."""
    offset: int
    length: int
    record: dict[str, Json]

    def bad(self, what: str) -> BadInput:
        """The error that says so; ``what`` names the fault and the cure."""
        return BadInput(f"{self.path}:{self.number}: {what}")

    def text(self, key: str, *, empty: bool = False) -> str:
        """The string under ``key``; BadInput when it is absent, not a string or (unless ``empty``) blank."""
        value = self.record.get(key)
        if isinstance(value, str) and (empty or value.strip()):
            return value
        fault = (
            "is missing" if key not in self.record else "must be a string" if not isinstance(value, str) else "is empty"
        )
        raise self.bad(f"field {key!r} {fault}; each line needs it as text")


def read_lines(
    path: Path, *, limit_bytes: int = LINE_LIMIT_BYTES, on_bytes: Callable[[bytes], object] | None = None,
    constants: bool = False,
) -> Iterator[Line]:
    """The records of a ``.jsonl`` or ``.jsonl.gz`` file, streamed; blank lines are passed over.

    ``on_bytes`` sees every raw line (for a checksum in the same pass). ``constants``: NaN and the infinities are read,
    as inputs of programs; otherwise they are no JSON. Raises BadInput for all that can be wrong,
    an empty file included.
    """
    found = False
    try:
        with open_binary(path) as file:
            for line in _records(path, file, limit_bytes, on_bytes, constants=constants):
                found = True
                yield line
    except (OSError, EOFError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
        raise unreadable(path, error) from error
    if not found:
        raise BadInput(f"{path}: holds no tasks; give a file with one JSON object a line")


def open_binary(path: Path) -> BinaryIO:
    """The file, unpacked if its name ends in ``.gz``. Raises OSError as ``open`` does."""
    return cast("BinaryIO", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _records(
    path: Path, file: BinaryIO, limit_bytes: int, on_bytes: Callable[[bytes], object] | None, *, constants: bool
) -> Iterator[Line]:
    offset, number = 0, 0
    while raw := file.readline(limit_bytes + 1):
        number += 1
        if len(raw) > limit_bytes:
            raise BadInput(
                f"{path}:{number}: the line is longer than {limit_bytes >> 20} MiB; "
                "the file must hold one JSON object a line"
            )
        if offset > UNPACKED_LIMIT_BYTES and path.suffix == ".gz":
            raise BadInput(
                f"{path}:{number}: unpacks to more than {UNPACKED_LIMIT_BYTES >> 30} GiB; unpack it yourself first"
            )
        if on_bytes is not None:
            on_bytes(raw)
        if raw.strip():
            yield Line(path, number, offset, len(raw), parse_object(path, number, raw, constants=constants))
        offset += len(raw)


def parse_object(path: Path, number: int, raw: bytes, *, constants: bool = False) -> dict[str, Json]:
    """The JSON object in one raw line."""
    try:
        text = raw.removeprefix(_BOM if number == 1 else b"").decode("utf-8")
        record = json.loads(text, parse_constant=None if constants else _refuse)
    except UnicodeDecodeError as error:
        raise BadInput(
            f"{path}:{number}: byte {error.start} of the line is not UTF-8; save the file as UTF-8"
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}:{number}: not JSON ({_short(error)}); each line must be one JSON object") from error
    if not constants and b"\\u" in raw and not _is_text(record):
        raise BadInput(
            f"{path}:{number}: holds half of a surrogate pair (an escape such as \\ud800 alone), which is no character "
            "and which no server takes; write the whole character, or leave it out"
        )
    if not isinstance(record, dict):
        raise BadInput(f"{path}:{number}: holds a JSON {type(record).__name__}; each line must be one JSON object")
    return record


def _is_text(record: Json) -> bool:
    """Whether all its texts can be sent and come back as they are. A task whose id cannot would be waited for."""
    try:
        json.dumps(record, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def task_id(line: Line, prefix: str, seen: dict[str, int]) -> str:
    """The task's id: its own, else ``<prefix>/<line from 0>``. ``seen`` maps ids to lines; a second use is BadInput."""
    name = task_id_of(line.record, prefix, line.number - 1)
    if name in seen:
        raise line.bad(f"task id {name!r} is already on line {seen[name]}; ids must be unique, remove or rename one")
    seen[name] = line.number
    return name


def sha256_file(path: Path) -> str:
    """Hex digest of the file as stored; BadInput when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path, error: Exception) -> BadInput:
    """What the system said of the file, and what to do about it."""
    match error:
        case FileNotFoundError():
            return BadInput(f"{path}: no such file; check --problems-file")
        case IsADirectoryError():
            return BadInput(f"{path}: is a folder; --problems-file wants one JSONL file")
        case PermissionError():
            return BadInput(f"{path}: may not be read (permission denied); change its permissions or copy it")
        case _:
            return BadInput(f"{path}: cannot be read ({_short(error)}); fetch or unpack it again")


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is no JSON number")


def _short(error: Exception) -> str:
    return (
        "nested too deeply"
        if isinstance(error, RecursionError)
        else str(error).splitlines()[0][:200] or type(error).__name__
    )
