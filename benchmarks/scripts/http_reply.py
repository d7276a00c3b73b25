"""An HTTP/1.1 reply taken apart: its head, and its body out of the chunks or the length it is packed in. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

HEAD_LIMIT_BYTES = 1 << 16
_LENGTH = re.compile(r"[0-9]{1,18}")
_CHUNK_LENGTH = re.compile(rb"[0-9a-fA-F]{1,15}")
"""As HTTP has them; Python's ``int`` takes more."""


class BadReply(OSError):
    """What came is no HTTP/1.1 reply."""


class Body:
    """Tells a reply's body from how it is packed."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        length = headers.get("content-length", "")
        if length and _LENGTH.fullmatch(length) is None:
            raise BadReply(f"a length of {length[:40]!r}")
        self._left = 0 if self._chunked else int(length or 0)
        self.until_closed = not self._chunked and not length
        self.whole = not self._chunked and not self.until_closed and self._left == 0
        self._rest = b""
        self._in_trailer = False

    def take(self, data: bytes) -> bytes:
        """What of the body is in it. Raises BadReply."""
        if self.until_closed:
            return data
        if self._chunked:
            return self._unpack(self._rest + data)
        self._left -= len(data)
        self.whole = self._left <= 0
        return data if self._left >= 0 else data[: self._left]

    def _unpack(self, data: bytes) -> bytes:
        """Whole chunks; a chunk that is not here yet is handed on as far as it is."""
        parts, at, size = [], 0, len(data)
        while at < size:
            if self._left > 2:
                part = data[at : at + self._left - 2]
                parts.append(part)
                at += len(part)
                self._left -= len(part)
            elif self._left:  # the line break after a chunk
                step = min(self._left, size - at)
                at += step
                self._left -= step
            else:
                end = data.find(b"\r\n", at)
                if end < 0:
                    break
                at = self._line(data[at:end], end + 2)
                if self.whole:
                    break
        self._rest = data[at:]
        if len(self._rest) > HEAD_LIMIT_BYTES:
            raise BadReply("a chunk without a length")
        return b"".join(parts)

    def _line(self, line: bytes, after: int) -> int:
        """A chunk's length, or after the last one a trailer's line, of which the empty one ends the body."""
        if self._in_trailer:
            self.whole = not line
            return after
        digits = line.split(b";")[0].strip()
        if _CHUNK_LENGTH.fullmatch(digits) is None:
            raise BadReply(f"a chunk of length {line[:40]!r}")
        length = int(digits, 16)
        self._in_trailer = length == 0
        self._left = length + 2 if length else 0
        return after


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """The status and the headers, names in lower case. Raises BadReply."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/") or not rest[:3].isdecimal():
        raise BadReply(f"{first[:80]!r} is no HTTP reply")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if version == "HTTP/1.0":
        headers.setdefault("connection", "close")
    return int(rest[:3]), headers
