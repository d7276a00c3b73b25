"""A reply that comes token by token (server-sent events), put together. Pure; bytes in, a ``Reply`` out.

Whoever receives hands over what has come, many tokens at a time, and asks after each piece whether the reply goes in a
circle. A comment (``:``), by which servers keep a silent connection open, is no token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from benchmarks.scripts.logprobs import MeanLogprob
from benchmarks.scripts.replies import Reply, counts_of, loops, served_model, text_of
from core.repetition import LoopRule, repeated_tail

_EVENT_LIMIT_BYTES = 64 << 20
LOOPING = "looping"
"""The finish reason of a reply that was cut short because its tail repeats itself."""


_PLAIN = re.compile(
    rb'\{"choices":\[\{"finish_reason":null,"index":0,"delta":\{"(content|reasoning_content)":'
    rb'"([^"\\]*(?:\\.[^"\\]*)*)"\}\}\],"[^\n]*\}'
)
"""llama.cpp's event of one token and nothing else: nineteen of twenty. Its text is cut out as it is written, and many
are decoded in one go, which costs a tenth of parsing each."""


class NotAStream(ValueError):
    """What came is no chat completion; the text is an excerpt of it."""


class StreamedReply:
    """One reply in the making."""

    def __init__(
        self, rule: LoopRule | None, as_chat: Callable[[Any], Any] = lambda event: event, *, lines: bool = False
    ) -> None:
        """``as_chat``: makes an event one of OpenAI's; ``lines``: each is a line by itself."""
        self._rule, self._as_chat, self._mark = rule, as_chat, b"" if lines else b"data:"
        self._served: str | None = None
        self._rest: list[bytes] = []
        """The beginning of an event whose end has not come, as it came: joined once, however long it gets."""
        self._rest_bytes = 0
        self._texts: dict[str, list[str]] = {"content": [], "reasoning": []}
        self._tail, self._tail_of = "", ""
        self._finish: str | None = None
        self._usage: Any = None
        self._timings: Any = None
        self._pieces = 0
        self._thought: int | None = None
        self._logprob = MeanLogprob()
        self.error: Any = None
        """The server's error object, where it sent one instead of going on."""
        self.done = False
        """Whether the server said that this was all."""

    @property
    def whole(self) -> bool:
        """Whether the reply came to its end: servers say so by a finish reason, by ``[DONE]``, or both."""
        return self.done or self._finish is not None

    @property
    def pieces(self) -> int:
        """How many have come, of a token each, or nearly."""
        return self._pieces

    @property
    def counted(self) -> bool:
        """Whether the server said how many tokens there are."""
        return self._usage is not None or self._timings is not None

    def feed(self, data: bytes) -> bool:
        """Takes what has come; whether a token was in it. Raises NotAStream."""
        lines = self._lines(data)
        before, part, plain, last = self._pieces, b"", list[bytes](), b""
        for line in lines:
            if not line.startswith(self._mark) or not line.strip():
                continue
            payload = line[len(self._mark):].strip()
            found = _PLAIN.fullmatch(payload)
            if plain and (found is None or found[1] != part):
                self._take_plain(part, plain, last)
                plain = []
            if found is not None:
                part, last = found[1], payload
                plain.append(found[2])
            elif payload == b"[DONE]":
                self.done = True
            else:
                self._take(self._as_chat(_parsed(payload)))
        if plain:
            self._take_plain(part, plain, last)
        return self._pieces > before

    def _lines(self, data: bytes) -> list[bytes]:
        """The lines that are whole with this."""
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = b"".join((*self._rest, lines[0]))
            self._rest, self._rest_bytes = [], 0
        self._rest.append(rest)
        self._rest_bytes += len(rest)
        if self._rest_bytes > _EVENT_LIMIT_BYTES:
            raise NotAStream(f"an event of more than {_EVENT_LIMIT_BYTES >> 20} MiB")
        return lines

    def _take_plain(self, part: bytes, texts: list[bytes], last: bytes) -> None:
        """Tokens that came one after the other; ``last`` is the event of the last one, for the server's count."""
        if b'"timings":' in last:
            self._timings = _parsed(last).get("timings") or self._timings
        text = _parsed(b'"' + b"".join(texts) + b'"')
        if part == b"content":
            self._add("content", text, len(texts))
        else:
            self._add("reasoning", text, len(texts))
            self._thinking_so_far()

    def _take(self, event: Any) -> None:
        if not isinstance(event, dict):
            raise NotAStream(json.dumps(event)[:200])
        self.error = event.get("error") or self.error
        self._usage = event.get("usage") or self._usage
        self._timings = event.get("timings") or self._timings
        self._served = served_model(event) or self._served
        choices = event.get("choices")
        if not choices:
            return
        try:
            choice = choices[0]
            delta = choice.get("delta") or {}
            finish = choice.get("finish_reason")
            thought = delta.get("reasoning_content") or delta.get("reasoning")
            said = text_of(delta.get("content")) or text_of(delta.get("refusal"))
        except (TypeError, KeyError, AttributeError) as error:
            raise NotAStream(json.dumps(event)[:200]) from error
        if choice.get("logprobs") is not None:
            self._logprob.add(choice["logprobs"])
        if isinstance(finish, str):
            self._finish = finish
        if isinstance(thought, str) and thought:
            self._add("reasoning", thought, 1)
            self._thinking_so_far()
        if said:
            self._add("content", said, 1)

    def _thinking_so_far(self) -> None:
        predicted = counts_of(None, self._timings).completion_tokens
        self._thought = predicted if predicted is not None else self._thought

    def _add(self, part: str, text: str, pieces: int) -> None:
        self._pieces += pieces
        self._texts[part].append(text)
        if self._rule is not None:
            self._tail = text if part != self._tail_of else self._tail + text
            self._tail_of = part
            if len(self._tail) > 2 * self._rule.reach:  # cut seldom: each cut copies what is kept
                self._tail = self._tail[-self._rule.reach:]

    def in_a_loop(self) -> bool:
        """Whether what has come so far ends in a loop."""
        return self._rule is not None and repeated_tail(self._tail, self._rule) is not None

    def reply(self, wall_s: float, ttft_s: float | None = None, *, cut: bool = False) -> Reply:
        """The reply as it stands; ``ttft_s``: when its first token came; ``cut``: it was stopped for its loop.

        Tokens are the server's own count; where it gave none (a reply that was cut, of a server that does not count
        as it goes), one piece is one token, or nearly: a character of several tokens comes in one piece.
        """
        counts = counts_of(self._usage, self._timings)
        response, reasoning = "".join(self._texts["content"]), "".join(self._texts["reasoning"])
        tokens = counts.completion_tokens
        thinking = counts.thinking_tokens if counts.thinking_tokens is not None else self._thought
        return Reply(
            response=response,
            reasoning=reasoning or None,
            finish_reason=LOOPING if cut else self._finish,
            prompt_tokens=counts.prompt_tokens,
            completion_tokens=self._pieces if tokens is None else tokens,
            cached_tokens=counts.cached_tokens,
            thinking_tokens=thinking,
            timings=counts.timings,
            looping=True if cut else loops(response, reasoning, self._rule),
            wall_s=round(wall_s, 6),
            ttft_s=None if ttft_s is None else round(ttft_s, 6),
            mean_logprob=self._logprob.mean,
            served_model=self._served,
        )


def _parsed(payload: bytes) -> Any:
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        raise NotAStream(payload[:200].decode("utf-8", "replace") or "(empty)") from None
