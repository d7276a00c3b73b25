"""Which of a file's pages are in memory, and how they leave it. Linux."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path


def resident_share(path: Path) -> float:
    """What share of the file's pages is in memory."""
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        pages = -(-len(mapped) // mmap.PAGESIZE)
        vector = (ctypes.c_ubyte * pages)()
        view = ctypes.c_char.from_buffer(mapped)
        assert libc.mincore(ctypes.c_void_p(ctypes.addressof(view)), ctypes.c_size_t(len(mapped)), vector) == 0
        del view
        return sum(page & 1 for page in vector) / pages


def forget(path: Path) -> None:
    """The file is on the disk only, where its file system allows that."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
