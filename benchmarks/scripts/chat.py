"""One request to an OpenAI-compatible server: messages in, a reply or a failure out. Nothing here raises for a bad
server.

Replies are streamed. So a long reply whose tokens flow is never a timeout, one that stops flowing is, and one that goes
in a circle is cut short: the connection is closed, and the server gives its slot to the next request. A server that
does not stream is asked for whole replies from then on; that is said once.

A connection a thread is kept open between requests where that is possible. A server may close an idle one at the moment
it is used again; that loss, and no other, is tried once more at once.

A provider is asked through a gate (``gate``) that all threads share, in its own words (``dialects``). A setting that it
refuses to take is left out from then on, which each reply says of itself; a prompt that it refuses for what it says is
a reply, too, that was blocked.
"""

from __future__ import annotations

import json
import re
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from benchmarks.scripts.connection import CONNECT_TIMEOUT_S, Closed, Connection, is_here
from benchmarks.scripts.dialects import LINES, RENAMED, SETTINGS, Dialect, OpenAi, refused_setting
from benchmarks.scripts.gate import MOST_S
from benchmarks.scripts.gemini import BLOCKED, Gemini
from benchmarks.scripts.http_reply import BadReply
from benchmarks.scripts.logprobs import ASKED
from benchmarks.scripts.ollama import Ollama
from benchmarks.scripts.redaction import redacted
from benchmarks.scripts.replies import Failure, Reply, whole_reply
from benchmarks.scripts.settings import Settings
from benchmarks.scripts.stream import NotAStream, StreamedReply
from benchmarks.scripts.toll import Ended, Toll
from benchmarks.scripts.transformers import Transformers
from benchmarks.scripts.troubles import BLOCKED as PROMPT_BLOCKED
from benchmarks.scripts.troubles import BUSY, DENIED, kind_of, wait_of
from core.records import Json

REPLY_LIMIT_BYTES = 64 << 20
_STREAM_LIMIT_BYTES = 1 << 30  # a token of text takes some five hundred bytes of events
_MESSAGE_LIMIT = 500
_STALE_WITHIN_S = 2.0
"""A connection that was closed under us is lost at once; one lost later was lost with the work done on it."""
_OK = 200
_NOT_IMPLEMENTED = 501
_TOO_LONG = re.compile(r"input token count|(?:input|prompt).*(?:exceed|too long).*context", re.IGNORECASE)
"""How Google and Ollama say that a prompt does not fit."""
_ABOUT_A_SETTING = frozenset({400, 422})
_WORTH_ANOTHER_TRY = frozenset({408, 409, 425, 429})
"""Of the statuses that blame the request, those that blame the moment."""


class Chat:
    """Asks one server; may be used from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dialect = _dialect(settings)
        self._toll = Toll(settings.rates, settings.slots) if settings.provider is not None else None
        self._headers = {"Content-Type": "application/json", "Accept": "*/*", "User-Agent": "bench-runner",
                         **self._dialect.headers(settings.api_key)}
        self._limit = self._dialect.limit
        """What the most tokens of a reply are called."""
        self._left_out: dict[str, None] = {}
        self._denied: Failure | None = None
        """Why nothing will be answered, so that nothing more is asked."""
        self._counts_as_it_goes = "timings" in (settings.capabilities or ())
        self._local = threading.local()
        self._streams = True
        self._logprobs = settings.logprobs
        self._said = False
        self._lock = threading.Lock()

    def ask(self, messages: list[dict[str, str]], seed: int, extra: Mapping[str, Json]) -> Reply | Failure:
        """One chat completion with the settings' sampling; ``extra`` goes into the request as it is."""
        body: dict[str, Json] = {"messages": messages, **self._settings.sampling, "seed": seed, **extra}
        if self._settings.model is not None:
            body["model"] = self._settings.model
        if not self._logprobs:
            return self._ask(body)
        found = self._ask({**body, **ASKED})
        if isinstance(found, Failure) and "logprob" in found.message.lower():
            self._logprobs = False
            print(f"this server tells no log-probabilities ({found.message}): who looks at them knows nothing of its "
                  "replies", file=sys.stderr)
            found = self._ask(body)
        return found

    def _ask(self, body: Mapping[str, Json]) -> Reply | Failure:
        """Again and again without what is refused, each setting once."""
        for _ in (*SETTINGS, *RENAMED):
            without = self._left_out.keys() & body.keys()
            sent = {self._limit if name == "max_tokens" else name: value for name, value in body.items()
                    if name not in without}
            found = self._as_it_comes(sent)
            if isinstance(found, Reply):
                return self._finished(found, [name for name in self._left_out if name in without])
            if found.setting is None:
                break
            self._leave_out(found.setting, found.message)
        return found

    def _finished(self, reply: Reply, left_out: list[str]) -> Reply:
        """A provider says which version answered; its key is in nothing that it says."""
        if self._toll is None:
            return replace(reply, served_model=None)
        key = self._settings.api_key
        return replace(
            reply, response=redacted(reply.response, key, whole=True),
            reasoning=redacted(reply.reasoning, key, whole=True) if reply.reasoning else reply.reasoning,
            served_model=redacted(reply.served_model, key, whole=True) if reply.served_model else None,
            left_out=left_out or None,
        )

    def _leave_out(self, name: str, message: str) -> None:
        with self._lock:
            known = name in self._left_out or (name in RENAMED and self._limit == RENAMED[name])
            if name in RENAMED:
                self._limit = RENAMED[name]
            else:
                self._left_out[name] = None
        if not known:
            now = f"it is called {RENAMED[name]} from now on" if name in RENAMED else "it is left out from now on"
            print(f"{name} is refused ({message}): {now}", file=sys.stderr)

    def _as_it_comes(self, body: Mapping[str, Json]) -> Reply | Failure:
        streams = self._streams
        found = self._once_more_if_stale(body, stream=streams)
        if isinstance(found, Failure) and streams and self._refuses_to_stream(found):
            found = self._once_more_if_stale(body, stream=False)
        return found

    def _once_more_if_stale(self, body: Mapping[str, Json], *, stream: bool) -> Reply | Failure:
        connection = self._local.connection = self._connection(stream=stream)
        kept = connection.used
        try:
            try:
                return self._perform(connection, body, stream=stream)
            except (ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
                if not kept or self._local.begun or time.monotonic() - self._local.began > _STALE_WITHIN_S:
                    raise
                connection.close()
                return self._perform(connection, body, stream=stream)
        except OSError as error:
            connection.close()
            return self._failure(error)
        except BaseException:
            connection.close()  # what is left of this reply must not be taken for the next one
            raise

    def _connection(self, *, stream: bool) -> Connection:
        url = self._dialect.url(stream=stream)
        there: dict[str, Connection] = self._local.__dict__.setdefault("connections", {})
        if url not in there:
            there[url] = Connection(url)
        return there[url]

    def _perform(self, connection: Connection, body: Mapping[str, Json], *, stream: bool) -> Reply | Failure:
        """As ``_exchange``, of a provider once the gate lets it through."""
        self._local.begun, self._local.began = False, time.monotonic()
        if self._toll is None:
            return self._exchange(connection, body, stream=stream)
        if self._denied is not None:
            return self._denied
        passage, fresh, ended = self._toll.enter(body, body.get(self._limit) or 0), not connection.used, Ended()
        if isinstance(passage, Failure):
            return passage
        try:
            ended.found = self._exchange(connection, body, stream=stream)
        finally:
            if self._local.begun:
                ended.status, ended.headers = self._local.status, connection.headers
            ended.sent = self._local.begun or not connection.sending
            self._toll.leave(passage, ended, fresh=fresh)
        if isinstance(ended.found, Failure) and ended.found.kind == DENIED:
            self._denied = ended.found
        return ended.found

    def _exchange(self, connection: Connection, body: Mapping[str, Json], *, stream: bool) -> Reply | Failure:
        """Sends and reads. ``self._local.begun``: whether any of a reply had come when it failed."""
        self._local.began = time.monotonic()
        began, timeout_s = self._local.began, self._settings.request_timeout_s
        until = None if timeout_s is None else began + timeout_s
        sent = {**body, "stream": stream}
        if stream:
            if "stream_options" not in self._left_out:
                sent["stream_options"] = {"include_usage": True}
            if self._counts_as_it_goes:
                sent["timings_per_token"] = True
        self._local.sent = sent
        connection.post(json.dumps(self._dialect.request(sent)).encode(), self._headers, stream=stream)
        status = self._local.status = connection.head(until)
        self._local.begun = True
        kind = connection.headers.get("content-type", "")
        if stream and status == _OK and kind.startswith(self._dialect.stream_type):
            return self._follow(connection, began)
        data = _read_all(connection, until)
        if 300 <= status < 400:
            there = connection.headers.get("location", "elsewhere")
            return Failure("refused", self._plain(f"HTTP {status}: sent on to {there}; give --base-url where that is"))
        if stream and status == _OK:
            self._whole_from_now_on("asked to, it sends a whole reply")
        return self._read(status, data, connection.headers, time.monotonic() - began)

    def _follow(self, connection: Connection, began: float) -> Reply | Failure:
        """Reads a stream to its end, or to where it is cut. Raises OSError."""
        timeout_s, rule = self._settings.request_timeout_s, self._settings.loop
        lines = self._dialect.stream_type == LINES
        reply, size, first_s = StreamedReply(rule, self._dialect.reply, lines=lines), 0, None
        until = None if timeout_s is None else began + timeout_s
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
                if reply.error is not None:
                    connection.close()
                    return self._refused(_status_in(reply.error), {"error": reply.error}, b"", {})
        except NotAStream as error:
            connection.close()
            return Failure("http", self._plain(f"the reply is not a chat completion: {error}"))
        if not reply.whole:
            raise Closed("closed in the middle of a reply")
        connection.finish()
        if not reply.counted:
            self._say_once("this server counts no tokens of a stream: those of a reply are the pieces that came, and "
                           "a prompt's are unknown")
        return reply.reply(time.monotonic() - began, first_s)

    def _refuses_to_stream(self, failure: Failure) -> bool:
        if failure.kind != "refused" or "stream" not in failure.message.lower():
            return False
        self._whole_from_now_on(failure.message)
        return True

    def _whole_from_now_on(self, why: str) -> None:
        self._streams = False
        self._say_once(f"this server does not stream ({why}): loops are not cut short, and --request-timeout is for a "
                       "whole reply")

    def _say_once(self, sentence: str) -> None:
        """What the user should know of this server, on stderr; the first sentence is the only one."""
        with self._lock:
            said, self._said = self._said, True
        if not said:
            print(sentence, file=sys.stderr)

    def _failure(self, error: OSError) -> Failure:
        server, timeout_s = self._settings.base_url, self._settings.request_timeout_s
        if isinstance(error, TimeoutError):
            if not getattr(self._local, "begun", False) and self._local.connection.sending:
                return Failure(self._no_connection, f"no connection to {server} within {CONNECT_TIMEOUT_S:g} s")
            return Failure("timeout", f"no token within {timeout_s:g} s (--request-timeout)")
        if isinstance(error, ConnectionRefusedError):
            return Failure(self._no_connection, f"{server} refuses connections: no server is there (any more)")
        if isinstance(error, BadReply):
            return Failure("http", self._plain(f"the reply cannot be read: {error}"))
        reason = str(error) or type(error).__name__
        kind = "connection" if getattr(self._local, "begun", False) or not self._local.connection.sending \
            else self._no_connection
        return Failure(kind, self._plain(f"the connection to {server} failed: {reason}"))

    @property
    def _no_connection(self) -> str:
        """A provider is not gone for good: who asks later finds it again. A server on this machine is."""
        return "connection" if self._toll is None or is_here(self._settings.base_url) else BUSY

    def _read(self, status: int, data: bytes, headers: Mapping[str, str], wall_s: float) -> Reply | Failure:
        try:
            body = json.loads(data.decode("utf-8", "replace"))
        except (ValueError, RecursionError):
            body = None
        if status != _OK:
            return self._refused(status, body, data, headers)
        try:
            return whole_reply(self._dialect.reply(body), self._settings.loop, wall_s)
        except (KeyError, IndexError, TypeError, AttributeError):
            return Failure("http", self._plain(f"the reply is not a chat completion: {_excerpt(data)}"))

    def _refused(
        self, status: int | None, body: Any, data: bytes, headers: Mapping[str, str]
    ) -> Reply | Failure:
        if isinstance(body, list) and body:  # Google's errors, where no stream of events was asked for
            body = body[0]
        error = body.get("error") if isinstance(body, dict) else None
        detail = error if isinstance(error, dict) else {"message": error if isinstance(error, str) else _excerpt(data)}
        marks = f"{detail.get('type')} {detail.get('code')}"
        said = detail.get("message") or _excerpt(data)
        message = self._plain(f"HTTP {status}: {said}" if status is not None else f"in the middle of a reply: {said}")
        if "exceed_context_size" in marks or "context_length_exceeded" in marks or _TOO_LONG.search(message):
            return Failure("context", message)
        if self._toll is not None and (found := self._of_a_provider(status, error, headers, message)) is not None:
            return found
        retry_after = headers.get("retry-after")
        final = status is not None and 400 <= status < 500 and status not in _WORTH_ANOTHER_TRY
        return Failure("refused" if final or status == _NOT_IMPLEMENTED else "http", message, retry_after)

    def _of_a_provider(
        self, status: int | None, error: Any, headers: Mapping[str, str], message: str
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
        setting = refused_setting(error, self._local.sent, self._dialect) if status in _ABOUT_A_SETTING else None
        return Failure("refused", message, setting=setting) if setting is not None else None

    def _plain(self, message: str) -> str:
        """One short line, in which the API key does not appear even where the server repeats it."""
        return " ".join(redacted(message, self._settings.api_key).split())[:_MESSAGE_LIMIT]


def _dialect(settings: Settings) -> Dialect:
    if settings.provider == "gemini":
        return Gemini(settings.base_url, settings.model or "")
    if settings.native is not None and "generation_config" in settings.native:
        return Transformers(settings.base_url, settings.native["generation_config"])
    if settings.native is not None:
        return Ollama(settings.base_url, settings.native)
    return OpenAi(settings.base_url)


def _read_all(connection: Connection, until: float | None) -> bytes:
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


def _excerpt(data: bytes) -> str:
    return data[:200].decode("utf-8", "replace") or "(empty)"
