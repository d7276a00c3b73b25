"""Google's generateContent: OpenAI's chat requests said in its words, and its replies in OpenAI's. Pure.

The tokens of a thought are counted beside those of the answer, and are part of what a reply took. A reply may lack any
of its parts: one that was stopped for what it says has no content, one that was spent on thinking no text, a prompt
that was refused no candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from core.records import Json

_NAMES: Final = {"temperature": "temperature", "top_p": "topP", "top_k": "topK", "max_tokens": "maxOutputTokens",
                 "seed": "seed", "stop": "stopSequences"}
BLOCKED: Final = "content_filter"
_STOPS: Final = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"})
_ENDS: Final = {"STOP": "stop", "MAX_TOKENS": "length"}


class Gemini:
    """One model's."""

    limit = "max_tokens"
    stream_type = "text/event-stream"

    def __init__(self, base_url: str, model: str) -> None:
        self._url = f"{base_url}/v1beta/{model if '/' in model else f'models/{model}'}"

    def url(self, *, stream: bool) -> str:
        return f"{self._url}:streamGenerateContent?alt=sse" if stream else f"{self._url}:generateContent"

    def headers(self, key: str | None) -> dict[str, str]:
        return {"x-goog-api-key": key} if key is not None else {}

    def request(self, body: Mapping[str, Json]) -> dict[str, Json]:
        said = [message for message in body["messages"] if message["role"] != "system"]
        system = "\n\n".join(message["content"] for message in body["messages"] if message["role"] == "system")
        request: dict[str, Json] = {"contents": [_content(message) for message in said]}
        if system:
            request["systemInstruction"] = {"parts": [{"text": system}]}
        config = {_NAMES[name]: value for name, value in body.items() if name in _NAMES}
        schema = body.get("response_format")
        if schema is not None:
            config["responseMimeType"] = "application/json"
            config["responseJsonSchema"] = schema["json_schema"]["schema"]
        if body.get("logprobs"):
            config["responseLogprobs"], config["logprobs"] = True, 1
        return {**request, "generationConfig": config}

    def reply(self, body: Any) -> Any:
        if not isinstance(body, dict) or "error" in body:
            return body
        found: dict[str, Json] = {"usage": _usage(body.get("usageMetadata")), "model": body.get("modelVersion")}
        candidate = _first(body.get("candidates"))
        if candidate is not None:
            found["choices"] = [_choice(candidate)]
        elif _inside(body.get("promptFeedback"), "blockReason"):
            found["choices"] = [{"delta": {}, "message": {}, "finish_reason": BLOCKED}]
        else:
            found["choices"] = []
        return found

    def words(self, name: str) -> tuple[str, ...]:
        return (name, _NAMES.get(name, name))


def _content(message: Mapping[str, str]) -> dict[str, Json]:
    role = "model" if message["role"] == "assistant" else "user"
    return {"role": role, "parts": [{"text": message["content"]}]}


def _choice(candidate: Mapping[str, Json]) -> dict[str, Json]:
    parts = _inside(candidate.get("content"), "parts")
    texts = [(part["text"], part.get("thought") is True) for part in (parts if isinstance(parts, list) else ())
             if isinstance(part, dict) and isinstance(part.get("text"), str)]
    said = {"content": "".join(text for text, thought in texts if not thought),
            "reasoning_content": "".join(text for text, thought in texts if thought) or None}
    reason = candidate.get("finishReason")
    choice: dict[str, Json] = {"delta": said, "message": said, "finish_reason": None}
    if isinstance(reason, str) and reason != "FINISH_REASON_UNSPECIFIED":
        choice["finish_reason"] = BLOCKED if reason in _STOPS else _ENDS.get(reason, reason.lower())
    chosen = _inside(candidate.get("logprobsResult"), "chosenCandidates")
    if isinstance(chosen, list):
        choice["logprobs"] = {"content": [{"logprob": _inside(each, "logProbability")} for each in chosen]}
    return choice


def _usage(usage: Json) -> dict[str, Json] | None:
    """A count that is 0 is not written there."""
    if not isinstance(usage, dict) or _count(usage.get("promptTokenCount")) is None:
        return None
    thoughts = _count(usage.get("thoughtsTokenCount"))
    return {
        "prompt_tokens": _count(usage["promptTokenCount"]),
        "completion_tokens": (_count(usage.get("candidatesTokenCount")) or 0) + (thoughts or 0),
        "prompt_tokens_details": {"cached_tokens": _count(usage.get("cachedContentTokenCount"))},
        "completion_tokens_details": {"reasoning_tokens": thoughts},
    }


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _first(value: Json) -> dict[str, Json] | None:
    first = value[0] if isinstance(value, list) and value else None
    return first if isinstance(first, dict) else None


def _inside(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None
