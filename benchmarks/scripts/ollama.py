"""Ollama's /api/chat: OpenAI's chat requests said in its words, and its replies in OpenAI's. Pure.

A reply comes as one JSON object a line. Its last one has the counts, and durations in nanoseconds, which become
llama.cpp's timings in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.records import Json

_OPTIONS: Final = {"temperature": "temperature", "top_p": "top_p", "top_k": "top_k", "min_p": "min_p", "seed": "seed",
                   "max_tokens": "num_predict"}
_NS_A_MS: Final = 1e6


class Ollama:
    """One server's, with the fields that every request has to say so that the model is not loaded anew."""

    limit = "max_tokens"
    stream_type = "application/x-ndjson"

    def __init__(self, base_url: str, native: Mapping[str, Json]) -> None:
        self._url, self._native = f"{base_url}/api/chat", dict(native)

    def url(self, *, stream: bool) -> str:
        return self._url

    def headers(self, key: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {key}"} if key is not None else {}

    def request(self, body: Mapping[str, Json]) -> dict[str, Json]:
        options = {_OPTIONS[name]: value for name, value in body.items() if name in _OPTIONS}
        if body.get("stop"):
            options["stop"] = [body["stop"]] if isinstance(body["stop"], str) else list(body["stop"])
        request: dict[str, Json] = {
            **self._native, "model": body.get("model"), "messages": body["messages"], "stream": body["stream"],
            "options": {**options, **(self._native.get("options") or {})},
        }
        schema = body.get("response_format")
        if schema is not None:
            request["format"] = schema["json_schema"]["schema"]
        if body.get("logprobs"):
            request["logprobs"] = True
        return request

    def reply(self, body: Any) -> Any:
        if not isinstance(body, dict) or "error" in body:
            return body
        message: Json = body.get("message") if isinstance(body.get("message"), dict) else {}
        thinking = message.get("thinking")
        said = {"content": message.get("content"), "reasoning_content": thinking if isinstance(thinking, str) else None}
        done = body.get("done") is True
        reason = body.get("done_reason")
        choice: dict[str, Json] = {"delta": said, "message": said, "finish_reason": None}
        if done:
            choice["finish_reason"] = reason if isinstance(reason, str) and reason else "stop"
        if isinstance(body.get("logprobs"), list):
            choice["logprobs"] = {"content": body["logprobs"]}
        found: dict[str, Json] = {"choices": [choice], "model": body.get("model")}
        if done:
            found |= {"usage": _usage(body), "timings": _timings(body)}
        return found

    def words(self, name: str) -> tuple[str, ...]:
        return (name, _OPTIONS.get(name, name))


def _usage(body: Mapping[str, Json]) -> dict[str, Json] | None:
    prompt, completion = body.get("prompt_eval_count"), body.get("eval_count")
    if prompt is None and completion is None:
        return None
    return {"prompt_tokens": prompt, "completion_tokens": completion}


def _timings(body: Mapping[str, Json]) -> dict[str, float] | None:
    found: dict[str, float] = {}
    for name, counted, lasted in (("prompt", "prompt_eval_count", "prompt_eval_duration"),
                                  ("predicted", "eval_count", "eval_duration")):
        tokens, nanoseconds = _number(body.get(counted)), _number(body.get(lasted))
        if tokens is not None:
            found[f"{name}_n"] = tokens
        if nanoseconds is not None:
            found[f"{name}_ms"] = nanoseconds / _NS_A_MS
        if tokens is not None and nanoseconds:
            found[f"{name}_per_second"] = tokens * 1e9 / nanoseconds
    for name in ("load", "total"):
        lasted_ns = _number(body.get(f"{name}_duration"))
        if lasted_ns is not None:
            found[f"{name}_ms"] = lasted_ns / _NS_A_MS
    return found or None


def _number(value: Json) -> float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None
