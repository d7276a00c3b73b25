"""``transformers serve``: OpenAI's protocol, with the sampling in a generation config. Pure.

It takes no ``top_k`` and no ``min_p`` of a request, samples only where the model's own generation config says so,
whatever the temperature is, and lets a config in the request replace the model's. So a request carries the model's with
its own sampling over it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from benchmarks.scripts.dialects import EVENTS
from core.records import Json

_SAMPLERS = ("temperature", "top_p", "top_k", "min_p")
_SENT = ("model", "messages", "stream", "max_tokens", "seed", "stop")


class Transformers:
    """One server's; ``defaults`` is the model's own generation config."""

    limit = "max_tokens"
    stream_type = EVENTS

    def __init__(self, base_url: str, defaults: Mapping[str, Json]) -> None:
        self._url, self._defaults = f"{base_url}/v1/chat/completions", dict(defaults)

    def url(self, *, stream: bool) -> str:
        return self._url

    def headers(self, key: str | None) -> dict[str, str]:
        return {}

    def request(self, body: Mapping[str, Json]) -> dict[str, Json]:
        config = {**self._defaults, **{name: body[name] for name in _SAMPLERS if name in body}}
        temperature = body.get("temperature")
        if temperature is not None:
            config["do_sample"] = temperature > 0
        if not config.get("do_sample"):
            config = {name: value for name, value in config.items() if name not in _SAMPLERS}
        if "max_tokens" in body:
            config["max_new_tokens"] = body["max_tokens"]
        return {**{name: body[name] for name in _SENT if name in body}, "generation_config": json.dumps(config)}

    def reply(self, body: Any) -> Any:
        return body

    def words(self, name: str) -> tuple[str, ...]:
        return (name,)
