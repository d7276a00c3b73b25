"""Folders that end with their owner, where no private file system vanishes by itself, and removing what is in them.

An owner that is killed cannot clean up. So each holds a lock on its folder, which the kernel takes away when its last
process has ended, in whatever pid namespace that was; a folder without that lock is nobody's, and whoever comes next
removes it.
"""

# ruff: noqa: PTH102, PTH106, PTH112, PTH116, PTH208
# plain calls on paths and descriptors: all of it relative to an open folder

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from system.sandbox import calls
from system.sandbox.namespaces import UNPRIVILEGED_ID

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_MOST = 1_000_000
_WITHOUT_ENVIRONMENT = ("/tmp", "/var/tmp")  # noqa: S108 - where a worker looks, which has none
_LOCK, _IF_FREE = 2, 4  # LOCK_EX, LOCK_NB
PREFIXES = ("bench-worker-", "bench-canary-")


def new(top: str, prefix: str = "") -> str:
    """A new folder in ``top``, for us alone. As ``tempfile``, which loads three libraries that workers have no use for,
    and every fork of a worker would pay for them.
    """
    while True:
        path = f"{top}/{prefix}{os.urandom(8).hex()}"
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
            return path


def _tops() -> list[str]:
    return [*filter(None, [os.environ.get("TMPDIR")]), *_WITHOUT_ENVIRONMENT]


def make(prefix: str) -> tuple[str, int]:
    """A new folder, for us alone, and the descriptor whose lock says that its owner lives. Raises OSError."""
    while True:
        path = new(next((top for top in _tops() if os.access(top, os.W_OK | os.X_OK)), "/"), prefix)
        held = os.open(path, _FOLDER)
        calls.check(calls.libc.flock(held, _LOCK), "flock")
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.stat(path), os.fstat(held)):
                return path, held
        os.close(held)  # somebody took it for a dead owner's before it was locked


@contextlib.contextmanager
def folder(prefix: str) -> Iterator[str]:
    """One that is gone afterwards."""
    path, held = make(prefix)
    try:
        yield path
    finally:
        remove(path)
        os.close(held)


def sweep() -> None:
    """Removes what owners that are dead left behind: ours, and the unprivileged id's that root lets workers be."""
    ours = {os.getuid(), UNPRIVILEGED_ID} if os.getuid() == 0 else {os.getuid()}
    for top in set(_tops()):
        names = os.listdir(top) if os.path.isdir(top) else []
        for name in names:
            if name.startswith(PREFIXES):
                with contextlib.suppress(OSError):  # another's, or another is at it
                    _remove_if_dead(f"{top}/{name}", ours)


def _remove_if_dead(path: str, ours: set[int]) -> None:
    held = os.open(path, _FOLDER)
    try:
        calls.check(calls.libc.flock(held, _LOCK | _IF_FREE), "flock")
        if os.fstat(held).st_uid in ours:
            remove(path)
    finally:
        os.close(held)


def remove(path: str) -> None:
    """Removes the folder and all in it, however deep, locked or linked. Follows no link. What cannot go, stays.

    Folders are not walked down but pulled up: what is in a subfolder is moved into the top one, so depth costs no
    recursion, no long path and no open descriptors. Every process that could interfere must have ended.
    """
    with contextlib.suppress(OSError):
        top = os.open(path, _FOLDER)
        try:
            _empty(top)
        finally:
            os.close(top)
        os.rmdir(path)


def _empty(top: int) -> None:
    moved = 0
    while names := os.listdir(top):
        for name in names:
            if _unlinked(name, top):
                continue
            os.chmod(name, 0o700, dir_fd=top)
            folder = os.open(name, _FOLDER, dir_fd=top)
            try:
                for inner in os.listdir(folder):
                    if _unlinked(inner, folder):
                        continue
                    os.chmod(inner, 0o700, dir_fd=folder)
                    moved += 1
                    os.rename(inner, f".pulled-up-{moved}", src_dir_fd=folder, dst_dir_fd=top)
            finally:
                os.close(folder)
            os.rmdir(name, dir_fd=top)
        if moved > _MOST:
            return


def _unlinked(name: str, folder: int) -> bool:
    try:
        os.unlink(name, dir_fd=folder)
    except (IsADirectoryError, PermissionError):
        return False
    return True
