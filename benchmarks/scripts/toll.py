"""What each request to a provider may use, and has used, on its way through the gate."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.scripts.gate import Gate
from benchmarks.scripts.limits import Need, Passage, Rates
from benchmarks.scripts.replies import Failure, Reply
from benchmarks.scripts.troubles import BUSY, told_by
from core.records import Json

SPENT = "spent"
"""The kind of failure of a request that was not sent, for it might have cost more than is left."""
_OK, _TOO_MANY = 200, 429
_CHARS, _BYTES = 4, 2
"""Of a prompt's token: as providers count beforehand, and what none of its tokens is below, or hardly any."""
_TEMPLATE_TOKENS = 16


@dataclass(slots=True)
class Ended:
    """How a request came to its end."""

    found: Reply | Failure | None = None
    """None: its connection broke."""
    status: int | None = None
    """Of the reply, where its head came."""
    sent: bool = True
    """Whether it was out."""
    headers: Mapping[str, str] | None = None


class Toll:
    """Of one session."""

    def __init__(self, rates: Rates, slots: int) -> None:
        """Before any thread is started: urllib3, which a pause may need, must not be imported by two at a time, as its
        modules import one another.
        """
        importlib.import_module("urllib3.util.retry")
        self._rates = rates
        self._gate = Gate(rates, slots)

    def enter(self, body: Mapping[str, Json], most: int) -> Passage | Failure:
        """Waits until it may go. ``most``: tokens that the reply may have."""
        texts = [message["content"] for message in body["messages"]]
        size = sum(len(text.encode("utf-8", "replace")) for text in texts)
        prompt = size // _BYTES + _TEMPLATE_TOKENS
        usd = self._rates.usd(prompt, 0, most)
        passage = self._gate.enter(Need(sum(map(len, texts)) / _CHARS + most, usd, prompt, most))
        if passage is not None:
            return passage
        return Failure(SPENT, f"the next request may cost up to ${usd:.4f}, and less than that may still be spent")

    def leave(self, passage: Passage, ended: Ended, *, fresh: bool) -> bool:
        """Whether it may have cost something, and nobody knows what. ``fresh``: its connection was new; an old one that
        breaks says nothing of the server.
        """
        if isinstance(ended.found, Reply):
            self._gate.served()
        elif ended.found is not None and ended.found.kind == BUSY:
            self._gate.refused(passage, ended.found.wait_s, limit=ended.status == _TOO_MANY)
        elif not ended.sent and fresh:
            self._gate.refused(passage, None)
        tokens, usd = self._used(passage.need, ended)
        self._gate.leave(passage, tokens, usd, told_by(ended.headers or {}))
        return tokens > 0 and not isinstance(ended.found, Reply)

    def _used(self, need: Need, ended: Ended) -> tuple[float, float]:
        """A request that broke has cost nobody knows what: the most is taken for it."""
        if isinstance(ended.found, Reply):
            prompt, completion = ended.found.prompt_tokens, ended.found.completion_tokens
            if prompt is None or completion is None:
                return need.tokens, need.usd
            return prompt + completion, self._rates.usd(prompt, min(ended.found.cached_tokens or 0, prompt), completion)
        turned_away = not ended.sent or ended.status not in {None, _OK}
        return (0.0, 0.0) if turned_away else (need.tokens, need.usd)
