"""The ledger's file itself: its bytes, its parts, its lock, and what is said when one of these cannot be had."""

from __future__ import annotations

import errno
import glob
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import BadInput, BenchError
from ledger.jsontext import Document, Element, read_document
from ledger.record import Record, parse, refuse_newer
from system import files

LOCK_TIMEOUT_S = 60.0
"""Far longer than any append; who holds the lock longer is stopped, and waiting for ever would look like a hang."""

_USERS_PATH = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP,
                         errno.ENAMETOOLONG, errno.EEXIST, errno.ENOENT})
"""Errors that say the path is the wrong one, not that the disk is in trouble."""


@contextmanager
def held(path: Path) -> Iterator[tuple[Path, int]]:
    """The ledger's own path and the descriptor of its lock file, which is held; leavings of the killed are removed."""
    refuse_irregular(path)
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    with files.lock(target.with_name(f".{target.name}.lock"), timeout_s=LOCK_TIMEOUT_S) as lock:
        files.clear_parts(target.parent, glob.escape(target.name))
        yield target, lock


def refuse_irregular(path: Path) -> None:
    if path.exists() and not stat.S_ISREG(path.stat().st_mode):
        raise BadInput(f"{path} is no ordinary file; give --results the name of a JSON file")


def content_of(path: Path) -> bytes:
    """What is in the file; nothing when there is none."""
    try:
        refuse_irregular(path)
        return path.read_bytes() if path.exists() else b""
    except (OSError, RuntimeError) as error:
        raise mapped(error, path, "read") from error


def document_of(data: bytes, path: Path, seen: Callable[[Element], Element] = lambda each: each) -> Document:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}, line {line}: not UTF-8 (byte {error.start}); the file was left as it is") from None
    del data  # of a long ledger a quarter of a gigabyte
    document = read_document(text, str(path), seen)
    refuse_newer(document.members.get("format"), str(path))
    return document


def records_of(document: Document, path: Path) -> tuple[Record, ...]:
    return tuple(parse(element.value, element.text, f"{path}, line {element.line}") for element in document.runs)


def checked(data: bytes, path: Path) -> Document:
    """The document, every record of which is one."""
    document = document_of(data, path)
    records_of(document, path)
    return document


def mapped(error: OSError | RuntimeError, path: Path, verb: str) -> BenchError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    if isinstance(error, RuntimeError) or error.errno in _USERS_PATH:
        return BadInput(f"the ledger {path} cannot be {verb} ({reason}); make its folder accessible to you, or name "
                        "another ledger with --results")
    hint = "free some space" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "see what is wrong with that disk"
    return BenchError(f"the ledger {path} cannot be {verb} ({reason}); what was in it is still there: {hint}, then run "
                      "the same command again")
