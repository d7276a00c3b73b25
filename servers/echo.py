"""What a server makes of a request, asked of it once before a run: which sampling took effect, and whether the chat
template lets the prompt through.

llama.cpp's server tells both in the reply to a chat request that says ``"verbose": true``: ``__verbose`` holds
``generation_settings``, the sampler as it was set up for this request, and ``prompt``, the text that was evaluated
(``to_json_oaicompat_chat`` in its tools/server). So one request of one token, with the run's own sampling, shows what
all the others will get. A message holds a word of ours that must come back in the prompt; only where
``/apply-template`` does not return it either is the template blamed, because the prompt has been through the tokenizer
and back.

The request is no sample: it is counted nowhere, and asks for no prompt cache. A server that cannot tell (another kind,
an older build, one that is too busy) is never suspected for it: then nothing is known.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from core.records import Endpoint, Json, Sampling
from servers.backends.base import listed
from servers.http import post_json

TIMEOUT_S: Final = 30.0
STOP_SEEN_S: Final = 0.1
_OK: Final = 200
TELLING: Final = frozenset({"llama-server", "xllamacpp", "llama.cpp"})
"""Backends that are llama.cpp's own server."""
MARKERS: Final[Mapping[str, str]] = {"system": "benchrunnersystem", "user": "benchrunnerprompt"}
"""A word for each role: lower case and letters only, which no template and no tokenizer changes."""
COMPARED: Final = ("temperature", "top_p", "top_k", "min_p", "seed")
"""All of the sampling but ``max_tokens``, of which this request wants one."""
SAMPLERS: Final = ("temperature", "top_p", "top_k", "min_p")
"""Those with a sampler of the same name in llama.cpp's chain."""
KEPT: Final = ("temperature", "top_p", "top_k", "min_p", "typical_p", "repeat_penalty", "presence_penalty",
               "frequency_penalty", "dry_multiplier", "xtc_probability", "mirostat", "samplers")
"""What of the echo is recorded: what decides a token, and was set by the server where the run left it open."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What the server told. Empty and None: it did not."""

    sampling: Mapping[str, Json] = field(default_factory=dict)
    """What took effect."""
    sampling_ignored: tuple[str, ...] = ()
    """Settings with another value than asked for, one clause each."""
    prompt_dropped: str | None = None
    """How the template drops the prompt, in a clause."""
    template_checked: bool = False
    """Whether the prompt that was evaluated could be looked at."""
    problem: str | None = None
    """Why nothing is known."""


NOT_ASKED: Final = Echo()


def ask(
    endpoint: Endpoint, sampling: Sampling, roles: Sequence[str] = ("user",),
    stop_requested: Callable[[], bool] = lambda: False,
) -> Echo:
    """One request of one token. ``roles``: the messages that the benchmark sends. Never raises.

    A stop that is requested meanwhile is heard at once: the thread that waits for the server is left to itself.
    """
    found: list[Echo] = []
    thread = threading.Thread(target=lambda: found.append(_ask(endpoint, sampling, roles)), daemon=True)
    thread.start()
    while thread.is_alive() and not stop_requested():
        thread.join(STOP_SEEN_S)
    return found[0] if found else Echo(problem="stopped")


def _ask(endpoint: Endpoint, sampling: Sampling, roles: Sequence[str]) -> Echo:
    if endpoint.backend not in TELLING:
        return Echo(problem=f"{endpoint.backend} does not tell")
    asked = {name: value for name, value in asdict(sampling).items() if value is not None}
    messages = [{"role": role, "content": MARKERS[role]} for role in roles]
    body = {**asked, "messages": messages, "max_tokens": 1, "verbose": True, "cache_prompt": False, "stream": False,
            "model": endpoint.model}
    reply = _post(endpoint, "/v1/chat/completions", body)
    told = listed(reply, "__verbose")
    settings, prompt = listed(told, "generation_settings"), listed(told, "prompt")
    if not isinstance(settings, Mapping):
        return Echo(problem="the server does not tell" if reply is not None else "the server did not answer")
    return Echo(
        sampling={name: _rounded(settings[name]) for name in KEPT if name in settings},
        sampling_ignored=tuple(differing(asked, settings)),
        prompt_dropped=_dropped(endpoint, messages, prompt) if isinstance(prompt, str) else None,
        template_checked=isinstance(prompt, str),
    )


def differing(asked: Mapping[str, Json], settings: Mapping[str, Json]) -> list[str]:
    """One clause for each setting that came back with another value; one that did not come back says nothing."""
    found = [
        f"{name} is {_shown(settings[name])} instead of {_shown(asked[name])}"
        for name in COMPARED
        if name in asked and name in settings and not _same(asked[name], settings[name])
    ]
    return found + [f"{name} has no effect" for name in _without_effect(asked, settings)]


def _without_effect(asked: Mapping[str, Json], settings: Mapping[str, Json]) -> list[str]:
    """Settings that were taken but are used by no sampler: of those in the chain, or because mirostat replaces it."""
    chain = settings.get("samplers")
    if settings.get("mirostat"):
        chain = ["temperature"]
    return [name for name in SAMPLERS if name in asked and isinstance(chain, list) and name not in chain]


def _rounded(value: Json) -> Json:
    """As it was written: 0.7, which a float of 32 bits makes 0.699999988."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _same(asked: Json, told: Json) -> bool:
    """Equal as far as a float of 32 bits can be."""
    if isinstance(asked, int | float) and isinstance(told, int | float):
        return math.isclose(asked, told, rel_tol=1e-5, abs_tol=1e-6)
    return bool(asked == told)


def _shown(value: Json) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)[:40]


def _dropped(endpoint: Endpoint, messages: Sequence[Mapping[str, str]], prompt: str) -> str | None:
    gone = [message for message in messages if message["content"] not in prompt]
    if not gone:
        return None
    applied = listed(_post(endpoint, "/apply-template", {"messages": list(messages)}), "prompt")
    if isinstance(applied, str):
        gone = [message for message in gone if message["content"] not in applied]
    if not gone:
        return None
    return f"the chat template drops the {' and the '.join(message['role'] for message in gone)} message"


def _post(endpoint: Endpoint, path: str, body: Mapping[str, Json]) -> Any:
    """The JSON that comes back with status 200; None for anything else."""
    reply = post_json(endpoint.base_url, path, endpoint.api_key, body, TIMEOUT_S)
    return reply.body if reply.status == _OK else None
