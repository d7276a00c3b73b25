"""Content that travels as an open descriptor: no name, so nobody can put another file in its place. And how it travels:
by calls of the C module below ``socket`` alone, since each page that Python's code touches is copied after a fork.
"""

from __future__ import annotations

import _socket
import json
import os
import struct
import sys
from collections.abc import Sequence
from typing import Any

_NUMBERS = {count: struct.Struct(f"{count}i") for count in (1, 2, 3, 4)}
Link = _socket.socket


def pair() -> tuple[Link, Link]:
    return _socket.socketpair()


def numbers(count: int) -> struct.Struct:
    """How so many descriptors, one to four, are packed."""
    return _NUMBERS[count]


def send_with(link: Link, text: bytes, descriptors: Sequence[int]) -> None:
    """One message with up to four descriptors. Raises OSError."""
    rights = _NUMBERS[len(descriptors)].pack(*descriptors)
    link.sendmsg([text], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, rights)])


def receive_with(link: Link, most: int, count: int) -> tuple[bytes, list[int]]:
    """Up to ``most`` bytes and the descriptors that came with them, ``count`` at most; no bytes at the end."""
    text, rights, _, _ = link.recvmsg(most, _socket.CMSG_SPACE(4 * count))
    return text, [fd for _, _, packed in rights for fd in _NUMBERS[len(packed) // 4].unpack(packed)]


def memory_file(name: str, content: bytes = b"") -> int:
    """A nameless regular file that holds ``content``, at its beginning."""
    if sys.platform == "linux":
        fd = os.memfd_create(name)
    else:
        import tempfile  # noqa: PLC0415 - where there are no memory files

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest):]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def read_all(fd: int, limit: int) -> bytes:
    """From the beginning, at most ``limit`` bytes; of a file that nobody makes longer meanwhile."""
    parts, offset = [], 0
    end = min(limit, os.fstat(fd).st_size)
    while offset < end and (part := os.pread(fd, min(1 << 20, end - offset), offset)):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def read_tail(fd: int, limit: int) -> bytes:
    """The last ``limit`` bytes."""
    return os.pread(fd, limit, max(0, os.fstat(fd).st_size - limit))


def read_json(fd: int) -> Any:
    return json.loads(read_all(fd, 1 << 40))
