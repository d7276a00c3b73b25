"""Reading files into the page cache before they are needed, without getting in anyone's way.

A plain read does it: the kernel keeps the pages, and a server that maps the file finds them. (``posix_fadvise`` with
``WILLNEED`` reads no more than the device's read-ahead window at a time.) It is a thread of its own, at the lowest
priority for disk and processor where the system lets a thread have one, which rests as long as it has read, gives up
when memory runs short, and when it is asked to.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

from system.clock import monotonic_s

CHUNK_BYTES: Final = 4 << 20
LEAST_REST_S: Final = 0.001
STOP_WAIT_S: Final = 5.0
LOWEST: Final = 19


class ReadAhead:
    """Reads the files for as long as the block lasts, at most. ``room`` tells how many bytes of them memory can hold.

    Nothing is read where the files are larger than that, and no error is raised for one that cannot be read: whoever
    needs it will say so.
    """

    def __init__(self, paths: Sequence[Path], room: Callable[[], int]) -> None:
        self._paths, self._room = paths, room
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="read-ahead", daemon=True)
        self.read_bytes = 0
        """How far it came."""

    def __enter__(self) -> Self:
        if self._paths:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(STOP_WAIT_S)  # a read from a disk that hangs is not waited for; the thread is a daemon

    @property
    def done(self) -> bool:
        """Whether it has come to an end, of itself or not."""
        return not self._thread.is_alive()

    def _run(self) -> None:
        _lower_priority()
        with contextlib.suppress(OSError):
            left = sum(path.stat().st_size for path in self._paths)
            for path in self._paths:
                left = self._read(path, left)

    def _read(self, path: Path, left: int) -> int:
        """Reads one file; returns what is left of all of them, as far as it came."""
        with path.open("rb", buffering=0) as file:
            buffer = bytearray(CHUNK_BYTES)
            while not self._stop.is_set() and left <= self._room():
                began = monotonic_s()
                count = file.readinto(buffer)
                if not count:
                    return left
                self.read_bytes += count
                left -= count
                self._stop.wait(max(LEAST_REST_S, monotonic_s() - began))
        self._stop.set()  # memory ran short, or it was asked to stop: the other files are not begun
        return left


def _lower_priority() -> None:
    """Of this thread alone, which only Linux allows."""
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    with contextlib.suppress(OSError, psutil.Error):
        os.setpriority(os.PRIO_PROCESS, thread, LOWEST)
        psutil.Process(thread).ionice(psutil.IOPRIO_CLASS_IDLE)
