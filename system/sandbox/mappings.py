"""The mappings of this process's memory, made fewer: a fork copies each, and an end takes each apart."""

from __future__ import annotations

import ctypes
import os
import re

from system.sandbox import calls

_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (r-[-x]p) ([0-9a-f]+) \S+ [1-9]\d* +(/.*)")
_READ_AND_RUN = 5


def merge(proc: int) -> None:
    """Makes one of the parts of each library that are only read: headers, code and constants, one after the other in
    its file. ``proc`` is an open ``/proc``. What was not writable stays so. Where something forbids it, they stay as
    they are. Raises OSError where they cannot be seen.
    """
    groups: list[list[int]] = []
    last = ("", 0, 0)
    for found in _MAPPING.finditer(_maps(proc)):
        begin, end, offset = (int(found[index], 16) for index in (1, 2, 4))
        if last == (found[5], begin, offset):
            groups[-1][1] = end
            groups[-1][2] += 1
        else:
            groups.append([begin, end, 1])
        last = (found[5], end, offset + end - begin)
    for begin, end, parts in groups:
        if parts > 1:
            calls.libc.mprotect(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _READ_AND_RUN)


def _maps(proc: int) -> str:
    fd = os.open("self/maps", os.O_RDONLY, dir_fd=proc)
    parts = []
    while part := os.read(fd, 1 << 16):
        parts.append(part)
    os.close(fd)
    return b"".join(parts).decode("utf-8", "replace")
