"""One request to an OpenAI-compatible server: messages in, a reply or a failure out. Nothing here raises for a bad
server.

Replies are streamed. So a long reply whose tokens flow is never a timeout, one that stops flowing is, and one that goes
in a circle is cut short: the connection is closed, and the server gives its slot to the next request. A server that
does not stream is asked for whole replies from then on; that is said once.

A connection a thread is kept open between requests where that is possible. A server may close an idle one at the moment
it is used again; that loss, and no other, is tried once more at once.

A provider is asked through a gate (``gate``) that all threads share, in its own words (``dialects``). A setting that it
refuses to take is left out from then on (``left_out``), which each reply says of itself; a prompt that it refuses for
what it says is a reply, too, that was blocked.

What comes is read by ``reading``; what an error means, ``refusals`` knows.
"""

from __future__ import annotations

import json
import math
import re
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace

from benchmarks.scripts.connection import Connection
from benchmarks.scripts.dialects import RENAMED, SETTINGS, Dialect, OpenAi
from benchmarks.scripts.gemini import Gemini
from benchmarks.scripts.left_out import LeftOut
from benchmarks.scripts.limits import Passage
from benchmarks.scripts.logprobs import ASKED
from benchmarks.scripts.ollama import Ollama
from benchmarks.scripts.reading import OK, Reader, read_all
from benchmarks.scripts.redaction import redacted
from benchmarks.scripts.refusals import Refusals
from benchmarks.scripts.replies import Failure, Reply
from benchmarks.scripts.settings import Settings
from benchmarks.scripts.toll import Ended, Toll
from benchmarks.scripts.transformers import Transformers
from benchmarks.scripts.troubles import DENIED
from core.records import Json

_STALE_WITHIN_S = 2.0
"""A connection that was closed under us is lost at once; one lost later was lost with the work done on it."""


_ALL = 10
"""So many requests, refused one after the other and none served, are all."""


class Chat:
    """Asks one server; may be used from many threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._dialect = _dialect(settings)
        self._toll = Toll(settings.rates, settings.slots) if settings.provider is not None else None
        self._headers = {"Content-Type": "application/json", "Accept": "*/*", "Accept-Encoding": "identity",
                         "User-Agent": "bench-runner",
                         **self._dialect.headers(settings.api_key)}
        self._left_out = LeftOut(self._dialect.limit)
        self._refusals = Refusals(settings, self._dialect)
        self._reader = Reader(settings, self._dialect, self._refusals, self._say_once)
        self._denied: Failure | None = None
        """Why nothing will be answered, so that nothing more is asked."""
        self._refused = 0.0
        """Requests, before the first reply."""
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
        self._local.may_have_used = dict[str, int]()
        found = self._with_logprobs(body)
        if isinstance(found, Failure) and self._local.may_have_used:
            return replace(found, may_have_used=self._local.may_have_used)
        return found

    def _with_logprobs(self, body: Mapping[str, Json]) -> Reply | Failure:
        """Where they are wanted, and told."""
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
            sent, without = self._left_out.without(body)
            found = self._as_it_comes(sent)
            if isinstance(found, Reply):
                return self._finished(found, without)
            if found.setting is None:
                break
            self._left_out.leave_out(found.setting, found.message)
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
            finish_reason=_word(reply.finish_reason),
            timings={name: number for name, number in (reply.timings or {}).items()
                     if redacted(name, key, whole=True) == name} or None,
            left_out=left_out or None,
        )

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
            return self._refusals.of_connection(
                error, begun=getattr(self._local, "begun", False), sending=connection.sending)
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
        passage = self._toll.enter(body, max(body.get(name) or 0 for name in RENAMED))
        fresh, ended = not connection.used, Ended()
        if isinstance(passage, Failure):
            return passage
        try:
            ended.found = self._exchange(connection, body, stream=stream)
        finally:
            if self._local.begun:
                ended.status, ended.headers = self._local.status, connection.headers
            ended.sent = self._local.begun or not connection.sending
            if self._toll.leave(passage, ended, fresh=fresh):
                self._note(passage)
        found = self._whether_of_all(ended.found)
        if isinstance(found, Failure) and found.kind == DENIED:
            self._denied = found
        return found

    def _whether_of_all(self, found: Reply | Failure) -> Reply | Failure:
        """A refusal of one request that all got so far, and none a reply, is one of all: a limit of tokens that is too
        high, a temperature that there is not.
        """
        if isinstance(found, Reply):
            self._refused = -math.inf
        elif found.kind == "refused" and found.setting is None and "logprob" not in found.message.lower():
            self._refused += 1
            if self._refused >= _ALL:
                return replace(found, kind=DENIED, message=f"it refuses every request: {found.message}")
        return found

    def _note(self, passage: Passage) -> None:
        """It may have cost something, though no reply came of it."""
        used, need = self._local.may_have_used, passage.need
        for name, tokens in (("prompt_tokens", need.prompt), ("completion_tokens", need.completion)):
            used[name] = used.get(name, 0) + tokens

    def _exchange(self, connection: Connection, body: Mapping[str, Json], *, stream: bool) -> Reply | Failure:
        """Sends and reads. ``self._local.begun``: whether any of a reply had come when it failed."""
        self._local.began = time.monotonic()
        began, timeout_s = self._local.began, self._settings.request_timeout_s
        until = None if timeout_s is None else began + timeout_s
        sent = {**body, "stream": stream}
        if stream:
            if "stream_options" not in self._left_out.names:
                sent["stream_options"] = {"include_usage": True}
            if self._counts_as_it_goes:
                sent["timings_per_token"] = True
        connection.post(json.dumps(self._dialect.request(sent)).encode(), self._headers, stream=stream)
        status = self._local.status = connection.head(until)
        self._local.begun = True
        if (packed := connection.headers.get("content-encoding", "identity").strip().lower()) not in {"", "identity"}:
            connection.close()
            return Failure("refused", self._refusals.plain(
                f"HTTP {status}: the reply is compressed ({packed[:40]}), which it was asked not to be"))
        kind = connection.headers.get("content-type", "")
        if stream and status == OK and kind.startswith(self._dialect.stream_type):
            return self._reader.stream(connection, sent, began)
        data = read_all(connection, until)
        if 300 <= status < 400:
            there = connection.headers.get("location", "elsewhere")
            message = f"HTTP {status}: sent on to {there}; give --base-url where that is"
            return Failure("refused" if self._toll is None else DENIED, self._refusals.plain(message))
        if stream and status == OK:
            self._whole_from_now_on("asked to, it sends a whole reply")
        return self._reader.whole(connection, status, data, sent, time.monotonic() - began)

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


def _word(finish_reason: str | None) -> str | None:
    """As providers name theirs; whatever else stands there is kept to itself."""
    if finish_reason is None or re.fullmatch(r"[A-Za-z_ -]{1,40}", finish_reason):
        return finish_reason
    return "other"


def _dialect(settings: Settings) -> Dialect:
    if settings.provider == "gemini":
        return Gemini(settings.base_url, settings.model or "")
    if settings.native is not None and "generation_config" in settings.native:
        return Transformers(settings.base_url, settings.native["generation_config"])
    if settings.native is not None:
        return Ollama(settings.base_url, settings.native)
    return OpenAi(settings.base_url, version="no_version" not in (settings.capabilities or ()))
