"""What comes back from a server, and how a whole JSON body becomes it. Pure."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.scripts.logprobs import mean_of
from core.records import Json
from core.repetition import LoopRule, repeated_tail

_MOST = 2**63 - 1
"""No count of tokens is larger; one that is, is not known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; the names are the sample event's. None is unknown."""

    response: str
    reasoning: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    thinking_tokens: int | None = None
    timings: Mapping[str, float] | None = None
    looping: bool | None = None
    wall_s: float | None = None
    ttft_s: float | None = None
    """Seconds to the first token, where the reply came token by token."""
    mean_logprob: float | None = None
    served_model: str | None = None
    """The model and its version as the reply names it."""
    left_out: list[str] | None = None
    """Settings without which it was asked, for the provider refuses them."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why nothing came back.

    ``kind``: ``http`` (the server is at fault), ``refused`` (the request is: asked again it would be refused again),
    ``timeout``, ``connection`` or ``context``; of a provider (``troubles``) also ``busy``, ``denied`` and ``spent``.
    """

    kind: str
    message: str
    retry_after: str | None = None
    """The server's own word for how long to stay away, as its header has it."""
    wait_s: float | None = None
    """The same of a provider that is busy, in seconds."""
    setting: str | None = None
    """Which setting it refuses to take."""
    may_have_used: Mapping[str, int] | None = None
    """``prompt_tokens`` and ``completion_tokens``: the most that a provider may want money for all the same."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of a reply. None is unknown."""

    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    thinking_tokens: int | None
    timings: Mapping[str, float] | None


def whole_reply(body: Any, rule: LoopRule | None, wall_s: float) -> Reply:
    """A chat completion's body. Raises KeyError, IndexError, TypeError or AttributeError when it is none."""
    choice = body["choices"][0]
    message = choice["message"]
    counts = counts_of(body.get("usage"), body.get("timings"))
    response = text_of(message.get("content")) or text_of(message.get("refusal"))
    reasoning = message.get("reasoning_content") or message.get("reasoning")
    reasoning = reasoning if isinstance(reasoning, str) else None
    finish = choice.get("finish_reason")
    return Reply(
        response=response,
        reasoning=reasoning,
        finish_reason=finish if isinstance(finish, str) else None,
        prompt_tokens=counts.prompt_tokens,
        completion_tokens=counts.completion_tokens,
        cached_tokens=counts.cached_tokens,
        thinking_tokens=counts.thinking_tokens,
        timings=counts.timings,
        looping=loops(response, reasoning, rule),
        wall_s=round(wall_s, 6),
        mean_logprob=mean_of(choice.get("logprobs")),
        served_model=served_model(body),
    )


def served_model(body: Mapping[str, Json]) -> str | None:
    """The model's name in a reply."""
    name = body.get("model")
    return name[:200] if isinstance(name, str) and name else None


def loops(response: str, reasoning: str | None, rule: LoopRule | None) -> bool | None:
    """Whether either text ends in a loop; None when nobody is to look."""
    if rule is None:
        return None
    return any(text and repeated_tail(text, rule) is not None for text in (response, reasoning))


def counts_of(usage: Any, timings: Any) -> Counts:
    """OpenAI's ``usage`` where it is given, what is missing there from llama.cpp's ``timings``."""
    usage = usage if isinstance(usage, dict) else {}
    numbers = _numbers(timings)
    known = numbers or {}
    prompt, completion = _count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens"))
    cached = _count(_inside(usage, "prompt_tokens_details", "cached_tokens"))
    if cached is None and "cache_n" in known:
        cached = _count(int(known["cache_n"]))
    if prompt is None and "prompt_n" in known:
        prompt = _count(int(known["prompt_n"]) + (cached or 0))
    if completion is None and "predicted_n" in known:
        completion = _count(int(known["predicted_n"]))
    thinking = _count(_inside(usage, "completion_tokens_details", "reasoning_tokens"))
    return Counts(prompt, completion, cached, thinking, numbers)


def text_of(content: Json) -> str:
    """Some servers send a list of parts, and null when a thinking model never came to an answer."""
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    if content is None:
        return ""
    if not isinstance(content, str):
        raise TypeError("content")
    return content


def _inside(record: Mapping[str, Json], outer: str, inner: str) -> Json:
    found = record.get(outer)
    return found.get(inner) if isinstance(found, dict) else None


def _count(value: Json) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST else None


def _numbers(timings: Json) -> dict[str, float] | None:
    if not isinstance(timings, dict):
        return None
    numbers = {
        name: value
        for name, value in timings.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    }
    return numbers or None
