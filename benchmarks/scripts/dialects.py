"""How a request is put to a server: where to, under which key, in whose words. Bodies are OpenAI's inside; a dialect
says them, and what comes back, in the provider's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from core.records import Json

OPENAI_HOST = "api.openai.com"
SETTINGS = ("temperature", "top_p", "top_k", "min_p", "seed", "stop", "stream_options")
"""What a provider may refuse to take, and a request may go without."""
EVENTS, LINES = "text/event-stream", "application/x-ndjson"
RENAMED = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
_REFUSAL = re.compile(
    r"unsupported|not support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|extra_forbidden|"
    r"not available|not enabled|deprecated|does not accept", re.IGNORECASE
)


class Dialect(Protocol):
    """One provider's."""

    @property
    def limit(self) -> str:
        """What it calls the most tokens of a reply: ``max_tokens``, or as ``RENAMED`` has it."""

    @property
    def stream_type(self) -> str:
        """The content type of a reply that comes piece by piece: ``EVENTS``, or ``LINES`` of JSON."""

    def url(self, *, stream: bool) -> str:
        """Where a request goes; it holds no key."""

    def headers(self, key: str | None) -> dict[str, str]:
        """What carries the key."""

    def request(self, body: Mapping[str, Json]) -> dict[str, Json]:
        """The body as it is sent; ``model`` and ``stream`` are in what is given."""

    def reply(self, body: Any) -> Any:
        """What came, whole or a stream's event, as OpenAI's. Never raises."""

    def words(self, name: str) -> tuple[str, ...]:
        """What it calls a setting of ours."""


class OpenAi:
    """OpenAI's own: nothing is to be said otherwise."""

    stream_type = EVENTS

    def __init__(self, base_url: str, *, version: bool = True) -> None:
        """``version``: whether its paths begin with one."""
        self._url = f"{base_url}/v1/chat/completions" if version else f"{base_url}/chat/completions"
        own = urlsplit(base_url).hostname == OPENAI_HOST
        self.limit = "max_completion_tokens" if own else "max_tokens"  # which other services are slow to learn

    def url(self, *, stream: bool) -> str:
        return self._url

    def headers(self, key: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"} if key is not None else {}

    def request(self, body: Mapping[str, Json]) -> dict[str, Json]:
        return dict(body)

    def reply(self, body: Any) -> Any:
        return body

    def words(self, name: str) -> tuple[str, ...]:
        return (name,)


def refused_setting(error: Any, sent: Mapping[str, Json], dialect: Dialect) -> str | None:
    """The setting that an error of status 400 or 422 is about: one that can be left out, or called otherwise."""
    detail = error if isinstance(error, dict) else {}
    message = str(detail.get("message", error))
    if not _REFUSAL.search(f"{message} {detail.get('code')}"):
        return None
    for name in (*RENAMED, *SETTINGS):
        if name in sent and any(detail.get("param") == word or re.search(rf"(?<!\w){word}(?!\w)", message)
                                for word in dialect.words(name)):
            return name
    return None
