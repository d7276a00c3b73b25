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

import errno
import glob
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.errors import BadInput, BenchError
from ledger.archive import SUFFIX, Archive, beside
from ledger.jsontext import SEPARATOR, Document, Element, read_document
from ledger.mark import Hashing, Mark, mark_of
from ledger.record import Record, make, parse, refuse_newer
from ledger.run_id import choose
from system import files

LOCK_TIMEOUT_S = 60.0
"""Far longer than any append; who holds the lock longer is stopped, and waiting for ever would look like a hang."""

_USERS_PATH = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP,
                         errno.ENAMETOOLONG, errno.EEXIST, errno.ENOENT})
"""Errors that say the path is the wrong one, not that the disk is in trouble."""


def read(path: Path) -> tuple[Record, ...]:
    """All records, oldest first, those of its archive before those of the file; none when both are missing or empty.

    Raises BadInput for a file that is cut short, no JSON, of another shape or of a newer format.
    """
    recent, archive = parts(path)
    return recent if archive is None else (*archive.records(), *recent)


def parts(path: Path) -> tuple[tuple[Record, ...], Archive | None]:
    """The records of the file itself, and the archive of those before them. Raises as ``read``.

    Both are of one moment: when the archive is replaced while the file is read, they are read again.
    """
    if path.suffix == SUFFIX:
        raise BadInput(f"{path} is the archive of a ledger, which is read with it: give --results "
                       f"{path.with_suffix('.json')}")
    older = beside(path)
    while True:
        before = _identity(older)
        recent = _records(_document(_bytes(path), path), path)
        archive = None if before is None else _opened(older)
        if _identity(older) == before:
            return recent if archive is None else archive.without_its_own(recent), archive


def _opened(path: Path) -> Archive | None:
    try:
        return Archive(path)
    except BadInput:
        if path.exists():
            raise
        return None


def _identity(path: Path) -> tuple[int, ...] | None:
    """What changes when the file is replaced; None without one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def append(path: Path, record: Mapping[str, Any]) -> Record:
    """Adds one record and returns it as written; it is on the disk when this returns.

    A ``Record`` goes in as its own text (it was read from somewhere), any other mapping is checked by ``record.make``.
    Raises BadInput when the ledger or its folder is at fault, BenchError when the disk or the record is; in every case
    the ledger is then as it was.
    """
    added = record if isinstance(record, Record) else make(record)
    try:
        with _held(path) as (target, lock):
            data = _bytes(path)
            if not _splice(target, lock, data, added):
                head, tail = _checked(data, path).render((added.text,))
                pieces = head.encode("utf-8"), tail.encode("utf-8")
                files.atomic_write(target, b"".join(pieces))
                mark_of(*pieces).write(lock)
    except (OSError, RuntimeError) as error:  # RuntimeError: Python 3.11's word for links that lead in a circle
        raise _mapped(error, path, "written") from error
    return added


def check_writable(path: Path) -> None:
    """Finds out before a run, not after it, whether its record can be appended; changes nothing in the ledger.

    Raises what ``append`` would: BadInput when the file there is no ledger or its folder takes no file.
    """
    try:
        with _held(path) as (target, lock), tempfile.TemporaryFile(dir=target.parent):
            data = _bytes(path)
            if not _known(lock, data):
                document = _checked(data, path)
                head, tail = (part.encode("utf-8") for part in document.render())
                if document.runs and data == head + tail:
                    mark_of(head, tail).write(lock)
    except (OSError, RuntimeError) as error:
        raise _mapped(error, path, "written") from error


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A ledger that is held while all of it is written anew."""

    path: Path
    """Its own, behind symbolic links."""
    records: tuple[Record, ...]
    _document: Document
    _lock: int

    def replace(self, records: Sequence[Record]) -> None:
        """The file with these records instead, and with all else that is in it as it is."""
        runs = tuple(Element(None, record.text, 0) for record in records)
        pieces = [part.encode("utf-8") for part in replace(self._document, runs=runs).render()]
        files.atomic_write(self.path, b"".join(pieces))
        if runs:
            mark_of(*pieces).write(self._lock)


@contextmanager
def rewriting(path: Path) -> Iterator[Rewriting]:
    """Raises BadInput for what cannot be read whole, BenchError when the disk does not take it."""
    try:
        with _held(path) as (target, lock):
            document = _document(_bytes(path), path)
            yield Rewriting(target, _records(document, path), document, lock)
    except (OSError, RuntimeError) as error:
        raise _mapped(error, path, "written") from error


@contextmanager
def _held(path: Path) -> Iterator[tuple[Path, int]]:
    """The ledger's own path and the descriptor of its lock file, which is held; leavings of the killed are removed."""
    _refuse_irregular(path)
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.lock(target.with_name(f".{target.name}.lock"), timeout_s=LOCK_TIMEOUT_S) as lock:
        files.clear_parts(target.parent, glob.escape(target.name))
        yield target, lock


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


def find(records: Sequence[Record], name: str) -> Record:
    """The latest record of the run with this id, or of the only run whose id begins so.

    Raises BadInput that lists what comes near.
    """
    by_id = {run_id: record for record in records if isinstance(run_id := record.get("run_id"), str)}
    return by_id[choose(list(by_id), name, "the ledger")]


def lookup(path: Path, name: str) -> Record:
    """As ``find`` among all records of the ledger, without reading all of its archive. Raises as both."""
    recent, archive = parts(path)
    older = () if archive is None else tuple(archive.records(archive.rows_of(name)))
    return find((*older, *recent), name)


def _refuse_irregular(path: Path) -> None:
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise BadInput(f"{path} is no ordinary file; give --results the name of a JSON file")


def _bytes(path: Path) -> bytes:
    """What is in the file; nothing when there is none."""
    try:
        _refuse_irregular(path)
        return path.read_bytes() if path.exists() else b""
    except (OSError, RuntimeError) as error:
        raise _mapped(error, path, "read") from error


def _document(data: bytes, path: Path) -> Document:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}, line {line}: not UTF-8 (byte {error.start}); the file was left as it is") from None
    document = read_document(text, str(path))
    refuse_newer(document.members.get("format"), str(path))
    return document


def _records(document: Document, path: Path) -> tuple[Record, ...]:
    return tuple(parse(element.value, element.text, f"{path}, line {element.line}") for element in document.runs)


def _checked(data: bytes, path: Path) -> Document:
    """The document, every record of which is one."""
    document = _document(data, path)
    _records(document, path)
    return document


def _mapped(error: OSError | RuntimeError, path: Path, verb: str) -> BenchError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, RuntimeError) or error.errno in _USERS_PATH:
        return BadInput(f"the ledger {path} cannot be {verb} ({reason}); make its folder accessible to you, or name "
                        "another ledger with --results")
    hint = "free some space" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "see what is wrong with that disk"
    return BenchError(f"the ledger {path} cannot be {verb} ({reason}); what was in it is still there: {hint}, then run "
                      "the same command again")
