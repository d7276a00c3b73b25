"""The ledger: one JSON file with a record for every run, shared by all runners of a user.

Theory of operation. The file is only ever replaced, never written into: an append reads it, adds one line to its text
and renames a complete, synced file over it, so whoever reads at whatever instant reads valid JSON, and a full disk, a
kill or a power cut leaves the old file. Two runners that end at once would each add to the text they read; a lock makes
them take turns. The lock is on a file of its own beside the ledger (``.NAME.lock``), because after a replace the
ledger's name is another file. Readers take no lock. A symbolic link is followed first, so that both names of a ledger
share one lock. The lock file also holds a mark (see ``mark``) by which a file that we know to be a ledger is told, so
that an append to it copies bytes and parses nothing; whatever is not known to the last byte is read and checked whole.

Everything in the file that was there before goes back as the text it was (see ``jsontext``). A file that cannot be read
whole is refused before anything is written: appending to what we do not understand could only lose data.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ledger.jsontext import SEPARATOR
from ledger.ledger_file import checked, content_of, held, mapped
from ledger.mark import Hashing, Mark, mark_of
from ledger.reading import each, exists, find, in_experiments, lookup, parts, read, where
from ledger.record import Record, make
from system import files

__all__ = ["append", "check_writable", "each", "exists", "find", "in_experiments", "lookup", "parts", "read", "where"]


def append(path: Path, record: Mapping[str, Any]) -> Record:
    """Adds one record and returns it as written; it is on the disk when this returns.

    A ``Record`` goes in as its own text (it was read from somewhere), any other mapping is checked by ``record.make``.
    Raises BadInput when the ledger or its folder is at fault, BenchError when the disk or the record is; in every case
    the ledger is then as it was.
    """
    added = record if isinstance(record, Record) else make(record)
    try:
        with held(path) as (target, lock):
            data = content_of(path)
            if not _splice(target, lock, data, added):
                head, tail = checked(data, path).render((added.text,))
                pieces = head.encode("utf-8"), tail.encode("utf-8")
                files.atomic_write(target, b"".join(pieces))
                mark_of(*pieces).write(lock)
    except (OSError, RuntimeError) as error:  # RuntimeError: Python 3.11's word for links that lead in a circle
        raise mapped(error, path, "written") from error
    return added


def check_writable(path: Path) -> None:
    """Finds out before a run, not after it, whether its record can be appended; changes nothing in the ledger.

    Raises what ``append`` would: BadInput when the file there is no ledger or its folder takes no file.
    """
    try:
        with held(path) as (target, lock), tempfile.TemporaryFile(dir=target.parent):
            data = content_of(path)
            if not _known(lock, data):
                document = checked(data, path)
                head, tail = (part.encode("utf-8") for part in document.render())
                if document.runs and data == head + tail:
                    mark_of(head, tail).write(lock)
    except (OSError, RuntimeError) as error:
        raise mapped(error, path, "written") from error


class _Unknown(Exception):
    """The file is not the one that the mark is of."""


def _refuse_other(found: Mark, mark: Mark) -> None:
    if found != mark:
        raise _Unknown


def _splice(target: Path, lock: int, data: bytes, added: Record) -> bool:
    """Puts a record into a file that the mark knows, without parsing it; False, and no change, when it does not."""
    mark = Mark.read(lock)
    parts = mark.split(data) if mark else None
    if mark is None or parts is None:
        return False
    head, tail = parts
    more = (SEPARATOR + added.text).encode("utf-8")
    hashing = Hashing(head)
    try:
        with files.replacing(target, head, more, tail):
            _refuse_other(hashing.mark(len(head), tail), mark)
    except _Unknown:
        return False
    hashing.mark(len(head), more, tail).write(lock)
    return True


def _known(lock: int, data: bytes) -> bool:
    mark = Mark.read(lock)
    parts = mark.split(data) if mark else None
    return parts is not None and mark_of(*parts) == mark
