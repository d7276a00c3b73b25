"""What it means that a server answers with an error, or that the connection is lost: a failure, or a blocked reply."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from benchmarks.scripts.connection import CONNECT_TIMEOUT_S, is_here
from benchmarks.scripts.dialects import Dialect, refused_setting
from benchmarks.scripts.gate import MOST_S
from benchmarks.scripts.gemini import BLOCKED
from benchmarks.scripts.http_reply import BadReply
from benchmarks.scripts.redaction import redacted
from benchmarks.scripts.replies import Failure, Reply
from benchmarks.scripts.settings import Settings
from benchmarks.scripts.troubles import BLOCKED as PROMPT_BLOCKED
from benchmarks.scripts.troubles import BUSY, DENIED, kind_of, wait_of
from core.records import Json

_MESSAGE_LIMIT = 500
_NOT_IMPLEMENTED = 501
_TOO_LONG = re.compile(r"input token count|(?:input|prompt).*(?:exceed|too long).*context", re.IGNORECASE)
"""How Google and Ollama say that a prompt does not fit."""
_ABOUT_A_SETTING = frozenset({400, 422})
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429})
"""Of the statuses that blame the request, those that blame the moment."""


class Refusals:
    """Reads the errors of one server."""

    def __init__(self, settings: Settings, dialect: Dialect) -> None:
        self._settings, self._dialect = settings, dialect
        self._provider = settings.provider is not None

    def of_connection(self, error: OSError, *, begun: bool, sending: bool) -> Failure:
        """``begun``: whether any of a reply had come; ``sending``: whether the request was still on its way."""
        server, timeout_s = self._settings.base_url, self._settings.request_timeout_s
        if isinstance(error, TimeoutError):
            if not begun and sending:
                return Failure(self._no_connection, f"no connection to {server} within {CONNECT_TIMEOUT_S:g} s")
            return Failure("timeout", f"no token within {timeout_s:g} s (--request-timeout)")
        if isinstance(error, ConnectionRefusedError):
            return Failure(self._no_connection, f"{server} refuses connections: no server is there (any more)")
        if isinstance(error, BadReply):
            return Failure("http", self.plain(f"the reply cannot be read: {error}"))
        reason = str(error) or type(error).__name__
        kind = "connection" if begun or not sending else self._no_connection
        return Failure(kind, self.plain(f"the connection to {server} failed: {reason}"))

    @property
    def _no_connection(self) -> str:
        """A provider is not gone for good: who asks later finds it again. A server on this machine is."""
        return "connection" if not self._provider or is_here(self._settings.base_url) else BUSY

    def of_status(
        self, status: int | None, body: Any, data: bytes, headers: Mapping[str, str], sent: Mapping[str, Json]
    ) -> Reply | Failure:
        """What came instead of a reply; ``status`` None: in the middle of one. ``sent``: what was asked."""
        if isinstance(body, list) and body:  # Google's errors, where no stream of events was asked for
            body = body[0]
        error = body.get("error") if isinstance(body, dict) else None
        detail = error if isinstance(error, dict) else {"message": error if isinstance(error, str) else excerpt(data)}
        marks = f"{detail.get('type')} {detail.get('code')}"
        said = detail.get("message") or excerpt(data)
        message = self.plain(f"HTTP {status}: {said}" if status is not None else f"in the middle of a reply: {said}")
        if "exceed_context_size" in marks or "context_length_exceeded" in marks or _TOO_LONG.search(message):
            return Failure("context", message)
        if self._provider and (found := self._of_a_provider(status, error, headers, message, sent)) is not None:
            return found
        retry_after = headers.get("retry-after")
        final = status is not None and 400 <= status < 500 and status not in _WORTH_ANOTHER_TRY
        return Failure("refused" if final or status == _NOT_IMPLEMENTED else "http", message, retry_after)

    def _of_a_provider(
        self, status: int | None, error: Any, headers: Mapping[str, str], message: str, sent: Mapping[str, Json]
    ) -> Reply | Failure | None:
        """What a refusal means that only providers give; None for one that any server might."""
        kind = kind_of(status, error)
        if kind == PROMPT_BLOCKED:
            return Reply("", finish_reason=BLOCKED, prompt_tokens=0, completion_tokens=0)
        if kind == BUSY:
            wait_s = wait_of(headers, error)
            if wait_s is None or wait_s <= MOST_S:
                return Failure(BUSY, message, wait_s=wait_s)
            return Failure(DENIED, f"{message} (asked to stay away for {wait_s:.0f} s)")
        if kind is not None:
            return Failure(kind, message)
        setting = refused_setting(error, sent, self._dialect) if status in _ABOUT_A_SETTING else None
        return Failure("refused", message, setting=setting) if setting is not None else None

    def plain(self, message: str) -> str:
        """One short line, in which the API key does not appear even where the server repeats it."""
        return " ".join(redacted(message, self._settings.api_key).split())[:_MESSAGE_LIMIT]


def excerpt(data: bytes) -> str:
    return data[:200].decode("utf-8", "replace") or "(empty)"
