"""What we remember of a ledger's file, so that it need not be read as JSON again: a line in its lock file.

Theory of operation. Whoever has checked a ledger record by record, or written it, notes its size, its SHA-256 and the
place where the next record goes. Who comes next and finds the same bytes knows that they are a ledger, and may put a
record in at that place. Any other bytes, by an editor, by git, by another program, are read and checked as if there
were no mark; so is a mark of another version of this program, which may have had other rules. Nothing rests on times
or on inode numbers, which file systems are free to be vague about. A mark that is lost or torn costs one full reading.

Hashing takes about as long as writing, so both are done at once: a thread hashes while the new file is written.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from core.version import VERSION
from ledger.record import FORMAT

_LONGEST = 512
_BY = f"bench-runner {VERSION} format {FORMAT}"
_LINE = re.compile(rb"(?P<by>.+) size (?P<size>\d+) next (?P<next>\d+) sha256 (?P<sha256>[0-9a-f]{64})\n")


@dataclass(frozen=True, slots=True)
class Mark:
    """A ledger file that was whole, and valid to the last byte."""

    size: int
    next_at: int
    """Where a further record goes, in bytes: right after the last one."""
    sha256: str

    @classmethod
    def read(cls, lock: int) -> Self | None:
        """The mark in an open lock file; None without one of this very version."""
        found = _LINE.fullmatch(os.pread(lock, _LONGEST, 0))
        if found is None or found["by"] != _BY.encode():
            return None
        return cls(int(found["size"]), int(found["next"]), found["sha256"].decode())

    def write(self, lock: int) -> None:
        """Replaces the mark. A disk that does not take it costs the next runner some time and nobody a record."""
        line = f"{_BY} size {self.size} next {self.next_at} sha256 {self.sha256}\n".encode()
        with suppress(OSError):
            os.pwrite(lock, line, 0)
            os.ftruncate(lock, len(line))

    def split(self, data: bytes) -> tuple[memoryview, memoryview] | None:
        """``data`` before and after the place of the next record; None when its size alone shows that it is another."""
        if len(data) != self.size or not 0 < self.next_at < self.size:
            return None
        view = memoryview(data)
        return view[: self.next_at], view[self.next_at :]


class Hashing:
    """The SHA-256 of a file in two parts, being computed in a thread of its own."""

    def __init__(self, head: bytes | memoryview) -> None:
        self._hash = hashlib.sha256()
        self._thread = threading.Thread(target=self._hash.update, args=(head,), name="ledger-hash")
        self._thread.start()

    def mark(self, head_bytes: int, *rest: bytes | memoryview) -> Mark:
        """Of the head and the rest together; the last piece is what comes after the last record."""
        self._thread.join()
        whole: Any = self._hash.copy()
        for piece in rest:
            whole.update(piece)
        size = head_bytes + sum(map(len, rest))
        return Mark(size, size - len(rest[-1]), whole.hexdigest())


def mark_of(head: bytes | memoryview, *rest: bytes | memoryview) -> Mark:
    """The mark of a file that is all these pieces; the last one is what comes after the last record."""
    return Hashing(head).mark(len(head), *rest)
