"""Files of one JSON object a line that grow while a run goes on, and survive a kill at any moment.

Theory of operation. A line is written by one ``write`` to a file opened for appending, straight to the kernel: once
``append`` returns, nothing that happens to this process can lose it. Lines are *not* synced to the disk one by one,
because that would cost the server's machine milliseconds for every sample: a thread does it every few seconds
(``ledger.syncing``), and ``close`` does. So a power cut may lose the last seconds.

A kill in the middle of a write leaves at most one torn line, and only as the last one: readers leave it out, and the
next writer cuts it off before it adds its own. A power cut may also leave blocks that were never written; they read as
NUL, a character that none of our lines contains. A line with NULs in it is torn too, wherever it stands; what is whole
before the first or after the last of them is kept. Any other damage is not ours, and refused.
"""

from __future__ import annotations

import json
import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from core.errors import BadInput, BenchError
from system.files import remedy, sync_folder


class LineFile:
    """A JSON-lines file open for appending; may be used from several threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._turn = threading.Lock()
        self._problem: OSError | None = None
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            self._size = _cut_torn_line(self._fd)
            self._synced = -1
        except OSError as error:
            raise _mapped(error, path) from error

    def append(self, fields: Mapping[str, Any]) -> None:
        """Adds one line. Raises BenchError when the disk does not take it; the file then ends with the line before."""
        data = line_of(fields)
        with self._turn:
            if self._problem is not None:
                raise _mapped(self._problem, self.path)
            try:
                written = 0
                while written < len(data):
                    written += os.write(self._fd, data[written:])
            except OSError as error:
                os.ftruncate(self._fd, self._size)
                raise _mapped(error, self.path) from error
            self._size += len(data)

    def sync(self) -> None:
        """Brings what was written to the disk, without keeping an ``append`` waiting, which raises what went wrong."""
        with self._turn:
            if self._fd < 0 or self._synced == self._size:
                return
            fd, size = os.dup(self._fd), self._size
        try:
            os.fsync(fd)
            if self._synced < 0:
                sync_folder(self.path.parent)  # the file may be new there
            self._synced = size
        except OSError as error:
            self._problem = error
        finally:
            os.close(fd)

    def close(self) -> None:
        """Syncs what was written and closes; a second call does nothing. Raises BenchError when the disk refuses."""
        self.sync()
        with self._turn:
            if self._fd >= 0:
                fd, self._fd = self._fd, -1
                os.close(fd)
            if self._problem is not None:
                raise _mapped(self._problem, self.path)


def line_of(fields: Mapping[str, Any]) -> bytes:
    """One line of plain ASCII, so that no character of a response can be taken for a line break by any reader."""
    try:
        return json.dumps(fields, allow_nan=False).encode("ascii") + b"\n"
    except ValueError:
        return json.dumps(spelled(fields), allow_nan=False).encode("ascii") + b"\n"


def lines_of(items: Iterable[Mapping[str, Any]]) -> bytes:
    return b"".join(line_of(item) for item in items)


def read_lines(path: Path, left_out: list[int] | None = None) -> Iterator[dict[str, Any]]:
    """The objects in the file, none when it is missing; a torn last line is left out.

    Raises BadInput for any other line that is no JSON object: the file was damaged by something else than a kill. With
    ``left_out`` the numbers of all such lines, torn ones too, are put there instead.
    """
    return (value for _, value in numbered_lines(path, left_out))


def numbered_lines(path: Path, left_out: list[int] | None = None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The same, each with the number of its line, from 1."""
    try:
        if path.exists() and not path.is_file():  # a pipe would keep us waiting
            raise BadInput(f"{path} is no ordinary file; remove it")
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                values = _whole(line)
                yield from ((number, value) for value in values)
                if not values and left_out is not None:
                    left_out.append(number)
                elif not values and line.endswith(b"\n") and b"\0" not in line:
                    raise BadInput(f"{path}, line {number}: no JSON object; remove that line or start afresh with "
                                   "--no-resume")
    except FileNotFoundError:
        return
    except OSError as error:
        raise _mapped(error, path) from error


def _whole(line: bytes) -> list[dict[str, Any]]:
    """The objects of one line: one, or none of a torn one, or one on either side of blocks that were never written.

    What comes after such blocks may be the end of a lost object: a part of it can be an object too where it is torn as
    well, so it counts only with its line's end.
    """
    pieces = [line]
    if b"\0" in line:
        pieces = [line.partition(b"\0")[0], line.rpartition(b"\0")[2] if line.endswith(b"\n") else b""]
    return [value for piece in pieces if isinstance(value := _value(piece), dict)]


def _value(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _cut_torn_line(fd: int) -> int:
    """The file's size after a last line without its end has been completed (it may be whole) or cut off."""
    size = os.fstat(fd).st_size
    start, tail = size, b""
    while start > 0 and b"\n" not in tail:
        step = min(start, 1 << 16)
        start -= step
        tail = os.pread(fd, step, start) + tail
    torn = tail[tail.rfind(b"\n") + 1:]
    if not torn:
        return size
    kept = torn.partition(b"\0")[0]
    end = size - len(torn)
    if _whole(kept):
        end += len(kept)
        os.ftruncate(fd, end)
        os.write(fd, b"\n")
        return end + 1
    os.ftruncate(fd, end)
    return end


def spelled(value: Any) -> Any:
    """Numbers that JSON has no word for, spelled as text: a model may well answer NaN, and that is what it answered."""
    if isinstance(value, Mapping):
        return {str(key): spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [spelled(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _mapped(error: OSError, path: Path) -> BenchError:
    return BenchError(f"{path}: {error.strerror or error}; {remedy(error)}, then run the same command again to go on")
