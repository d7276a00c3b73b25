"""Replies as they come over a connection: a stream followed to its end or to where it is cut, or one whole reply."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from benchmarks.scripts.connection import Closed, Connection
from benchmarks.scripts.dialects import LINES, RENAMED, Dialect
from benchmarks.scripts.http_reply import BadReply
from benchmarks.scripts.refusals import Refusals, excerpt
from benchmarks.scripts.replies import Failure, Reply, whole_reply
from benchmarks.scripts.settings import Settings
from benchmarks.scripts.stream import NotAStream, StreamedReply
from core.records import Json

REPLY_LIMIT_BYTES = 64 << 20
_STREAM_LIMIT_BYTES = 1 << 30  # a token of text takes some five hundred bytes of events
_PATIENCE = 4
"""A piece is a token, or nearly, and thinking is not counted everywhere: so many times the limit is more than that."""
OK = 200


class Reader:
    """Reads the replies of one server; ``say`` is told what a user should know of it."""

    def __init__(self, settings: Settings, dialect: Dialect, refusals: Refusals, say: Callable[[str], None]) -> None:
        self._settings, self._dialect, self._refusals, self._say = settings, dialect, refusals, say

    def stream(self, connection: Connection, sent: Mapping[str, Json], began: float) -> Reply | Failure:
        """Reads a stream to its end, or to where it is cut. Raises OSError."""
        timeout_s, rule = self._settings.request_timeout_s, self._settings.loop
        lines = self._dialect.stream_type == LINES
        reply, size, first_s = StreamedReply(rule, self._dialect.reply, lines=lines), 0, None
        until = None if timeout_s is None else began + timeout_s
        most = max(sent.get(name) or 0 for name in RENAMED)
        try:
            while data := connection.receive(until):
                size += len(data)
                if size > _STREAM_LIMIT_BYTES:
                    raise BadReply(f"the reply is larger than {_STREAM_LIMIT_BYTES >> 20} MiB")
                if reply.feed(data):
                    first_s = time.monotonic() - began if first_s is None else first_s
                    until = None if timeout_s is None else time.monotonic() + timeout_s
                    if not reply.whole and reply.in_a_loop():
                        connection.close()
                        return reply.reply(time.monotonic() - began, first_s, cut=True)
                if most and not reply.whole and reply.pieces > _PATIENCE * most:
                    connection.close()
                    self._say("this server does not keep to max_tokens: its replies are cut at four times as many")
                    return replace(reply.reply(time.monotonic() - began, first_s), finish_reason="length")
                if reply.error is not None:
                    connection.close()
                    return self._refusals.of_status(_status_in(reply.error), {"error": reply.error}, b"", {}, sent)
        except NotAStream as error:
            connection.close()
            return Failure("http", self._refusals.plain(f"the reply is not a chat completion: {error}"))
        if not reply.whole:
            raise Closed("closed in the middle of a reply")
        connection.finish()
        if not reply.counted:
            self._say("this server counts no tokens of a stream: those of a reply are the pieces that came, and a "
                      "prompt's are unknown")
        return reply.reply(time.monotonic() - began, first_s)

    def whole(
        self, connection: Connection, status: int, data: bytes, sent: Mapping[str, Json], wall_s: float
    ) -> Reply | Failure:
        """A reply that came in one piece."""
        try:
            body = json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            body = None
        if status != OK:
            return self._refusals.of_status(status, body, data, connection.headers, sent)
        try:
            return whole_reply(self._dialect.reply(body), self._settings.loop, wall_s)
        except (KeyError, IndexError, TypeError, AttributeError):
            return Failure("http", self._refusals.plain(f"the reply is not a chat completion: {excerpt(data)}"))


def read_all(connection: Connection, until: float | None) -> bytes:
    """A reply's body. Raises OSError, BadReply for one that is too large."""
    data = bytearray()
    while part := connection.receive(until):
        data += part
        if len(data) > REPLY_LIMIT_BYTES:
            raise BadReply(f"the reply is larger than {REPLY_LIMIT_BYTES >> 20} MiB")
    connection.finish()
    return bytes(data)


def _status_in(error: Any) -> int | None:
    """The status that an error in the middle of a stream would have had."""
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, int) and not isinstance(code, bool) and 400 <= code < 600 else None
