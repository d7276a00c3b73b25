"""Turns that processes of one machine take: many at a time, or one alone, by two files that they all lock.

Theory of operation. Who shares holds a shared lock on ``room``; who wants to be alone, an exclusive one. Since a kernel
lets new sharers in while somebody waits to be alone, all pass ``door`` first: who wants to be alone keeps it shut until
done, so that the room empties. The kernel opens both when a process ends, however it ends. OSError passes: a folder
that takes no files is the user's to see.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def shared(folder: Path) -> Iterator[None]:
    """Together with others that share. ``folder`` must be there."""
    with _held(folder / "door", fcntl.LOCK_SH):
        room = _opened(folder / "room", fcntl.LOCK_SH)
    try:
        yield
    finally:
        os.close(room)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """With nobody else in the room."""
    with _held(folder / "door", fcntl.LOCK_EX), _held(folder / "room", fcntl.LOCK_EX):
        yield


@contextmanager
def _held(path: Path, how: int) -> Iterator[None]:
    fd = _opened(path, how)
    try:
        yield
    finally:
        os.close(fd)


def _opened(path: Path, how: int) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, how)
    except BaseException:
        os.close(fd)
        raise
    return fd
