"""Messages between judge and candidate: four bytes of length, then JSON; and how text of theirs is shown to people.

The judge reads with a deadline it keeps itself, never more than ``MAX_MESSAGE``, and believes nothing but the grammar.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from typing import Any

MAX_MESSAGE = 8 << 20
MAX_TEXT = 300
_FEW = 8
_HEADER = struct.Struct("<I")

TIMEOUT = struct.pack("@ll", 0, 20_000)
"""SO_RCVTIMEO and SO_SNDTIMEO of the judge's socket: how often it looks at the clock while it waits, in seconds and
microseconds."""

_decoder: Any = json.JSONDecoder()
_scan, _write, _read = _decoder.scan_once, os.write, os.read  # a candidate may patch the modules
_CEncoder = getattr(json.encoder, "c_make_encoder", None)
_encode = (_CEncoder(None, None, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True)
           if _CEncoder is not None else None)  # the module's own way makes one for each message
_encode_slowly = json.JSONEncoder(separators=(",", ":")).encode


class Gone(Exception):
    """The other side closed the socket, or broke off within a message."""


class BadMessage(ValueError):
    """Longer than allowed, or not JSON."""


def to_json(value: Any) -> str:
    """As ``json.dumps``, for trees of plain values, by as little code as can be: each page it touches is copied."""
    return _encode_slowly(value) if _encode is None else "".join(_encode(value, 0))


def from_json(text: str) -> Any:
    """As ``json.loads``, without blanks around the value. Raises ValueError, RecursionError."""
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        raise ValueError("no value") from None
    if end != len(text):
        raise ValueError("more than a value")
    return value


def send(fd: int, message: Any, wait: Callable[[], None] | None = None) -> None:
    """Writes one message. One that is too long becomes a value that equals another of the same length and digest only.

    ``wait`` is called now and then while a socket with TIMEOUT is full, and may raise.
    """
    body = to_json(message).encode("utf-8", "surrogatepass")
    if len(body) > MAX_MESSAGE:
        from hashlib import sha256  # noqa: PLC0415  (seldom, and each page that a run touches is copied)

        body = f'{{"r":{{"z":"{sha256(body).hexdigest()} {len(body)}"}}}}'.encode()
    send_bytes(fd, _HEADER.pack(len(body)) + body, wait)


def send_bytes(fd: int, text: bytes, wait: Callable[[], None] | None = None) -> None:
    rest = memoryview(text)
    while rest:
        try:
            rest = rest[_write(fd, rest):]
        except BlockingIOError:
            if wait is None:
                raise
            wait()


def receive_bytes(fd: int, most: int, wait: Callable[[], None] | None = None) -> bytes:
    """Up to ``most`` bytes, none at the end. On a socket with TIMEOUT ``wait`` is called in between; it may raise."""
    while True:
        try:
            return _read(fd, most)
        except ConnectionError:
            return b""
        except BlockingIOError:
            if wait is not None:
                wait()


def receive(fd: int, wait: Callable[[], None] | None = None) -> Any:
    """One message. ``wait`` is called now and then while it does not come, or comes in drops, and may raise.

    Raises Gone, BadMessage, and whatever ``wait`` raises.
    """
    length, = _HEADER.unpack(_exactly(fd, _HEADER.size, wait))
    if length > MAX_MESSAGE:
        raise BadMessage(f"a message of {length} bytes")
    body = _exactly(fd, length, wait)
    try:
        return from_json(body.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError) as error:
        raise BadMessage(f"not JSON: {type(error).__name__}") from None


def _exactly(fd: int, count: int, wait: Callable[[], None] | None) -> bytes:
    parts: list[bytes] = []
    while count:
        if len(parts) >= _FEW and wait is not None:
            wait()  # a drop before each timeout would keep us here for ever
        part = receive_bytes(fd, min(count, 1 << 20), wait)
        if not part:
            raise Gone
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _in_words(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - an int of too many digits, a cycle, a depth: none is worth a fault
        return f"a value of type {type(value).__name__}"


def shown(text: object, limit: int = MAX_TEXT) -> str:
    """Text from a candidate as one printable line of at most ``limit`` characters: no escape sequence survives."""
    line = text if isinstance(text, str) else _in_words(text)
    cut = line[:limit]
    safe = "".join(char if char.isprintable() else char.encode("unicode_escape", "replace").decode() for char in cut)
    return safe[:limit] + ("…" if len(line) > limit or len(safe) > limit else "")
