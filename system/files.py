"""Files that must be whole after a crash: atomic writes, appended lines, locks, checksums.

All functions raise OSError; the rooms that call them know which of the user's files it is and say so.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

LOCK_POLL_S = 0.05
_PART = ".part"


def _write_all(fd: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def sync_folder(folder: Path) -> None:
    """Makes a rename or a new name in ``folder`` itself survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def atomic_write(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Replaces ``path`` by ``data``: a reader sees the old file or the new one, never a part.

    An existing file keeps its permissions, and its owner where we may give it to them; a new one gets ``mode`` less the
    umask. A symbolic link keeps pointing to the same place, which is what is replaced.
    """
    with replacing(path, data, mode=mode):
        pass


def replacing(path: Path, *pieces: bytes | memoryview, mode: int = 0o666) -> contextlib.AbstractContextManager[None]:
    """As ``atomic_write``, and the block runs when the new file is whole and on the disk: if it raises, the old stays.

    A process that is killed in here leaves a file behind that ``clear_parts`` knows.
    """
    return replacing_by(path, pieces, mode=mode)


@contextlib.contextmanager
def replacing_by(path: Path, pieces: Iterable[bytes | memoryview], *, mode: int = 0o666) -> Iterator[None]:
    """As ``replacing``, of pieces that are made while the file is written."""
    target = path.resolve()
    part = target.with_name(f".{target.name}.{secrets.token_hex(6)}{_PART}")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        try:
            _resemble(fd, target)
            for piece in pieces:
                _write_all(fd, piece)
            os.fsync(fd)
        finally:
            os.close(fd)
        yield
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


@contextlib.contextmanager
def new_part(path: Path, *, like: Path) -> Iterator[Path]:
    """For others to write to: an empty file that takes the name ``path``, synced, when the block ends well.

    Its owner and permissions are those of ``like``. ``clear_parts`` knows it.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}{_PART}")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        try:
            _resemble(fd, like)
            yield part
            os.fsync(fd)
        finally:
            os.close(fd)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _resemble(fd: int, target: Path) -> None:
    """Owner first: giving a file away takes permissions off it."""
    try:
        old = target.stat()
    except FileNotFoundError:
        return
    new = os.fstat(fd)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with contextlib.suppress(PermissionError):
            os.fchown(fd, old.st_uid, old.st_gid)
    os.fchmod(fd, old.st_mode & 0o7777)
    if sys.platform == "linux":  # access lists live there
        for name in os.listxattr(target):
            with contextlib.suppress(OSError):
                os.setxattr(fd, name, os.getxattr(target, name))


def clear_parts(folder: Path, name: str = "*") -> None:
    """Removes what killed writers of ``folder / name`` left behind. Call it under the lock that writers hold."""
    with contextlib.suppress(OSError):
        for part in folder.glob(f".{name}.*{_PART}"):
            part.unlink(missing_ok=True)


@contextlib.contextmanager
def lock(path: Path, *, timeout_s: float | None = None) -> Iterator[int]:
    """Holds an exclusive lock on ``path`` (created if missing, and left there); gives its open descriptor.

    The kernel releases it however the holder ends. Lock a file beside the one that is replaced, never that one itself:
    after a replace the name is another file. Raises TimeoutError after ``timeout_s``; None waits for ever.
    """
    deadline = None if timeout_s is None else time.monotonic() + timeout_s
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | (0 if deadline is None else fcntl.LOCK_NB))
                break
            except BlockingIOError:
                if deadline is not None and time.monotonic() > deadline:
                    raise TimeoutError(f"{path} is still locked by another process after {timeout_s:g} s") from None
                time.sleep(LOCK_POLL_S)
        yield fd
    finally:
        os.close(fd)


def is_locked(path: Path) -> bool:
    """Whether somebody holds ``lock`` on this file; of one that is not there nobody does.

    It is found out by trying, so that for an instant the lock is ours.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def remedy(error: OSError) -> str:
    """What a person can do about a write that failed."""
    return "free some space" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "see to the disk or its permissions"


def sha256_file(path: Path) -> str:
    """The SHA-256 of a file's content in hex, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
