"""The records that pass between rooms. All frozen; absent (None) means unknown, never zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.outcomes import Outcome

Json = Any
"""A value that ``json`` can write: None, bool, int, float, str, list, dict."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. None leaves a setting to the server's default (never sent)."""

    temperature: float | None = 0.0
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    max_tokens: int = 2048
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Task:
    """One problem as the benchmark script may see it; the reference answer is not in it."""

    task_id: str
    prompt: Mapping[str, Json]
    """The fields the benchmark's script reads, in the dataset's own names."""
    difficulty: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One response to one task, as a script reported it."""

    task_id: str
    index: int
    """0 for a task's first sample."""
    response: str
    reasoning: str | None = None
    """Thinking that the server delivered apart from the response."""
    finish_reason: str | None = None
    """``stop``, ``length``, ``content_filter``, … as the server named it."""
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    """Prompt tokens that the server took from its cache; part of ``prompt_tokens``."""
    timings: Mapping[str, float] | None = None
    """llama.cpp's timings object (milliseconds and tokens per second), where the server sends one."""
    wall_s: float | None = None
    """Seconds from request to reply, seen by the script."""
    seed: int | None = None
    completion: str | None = None
    """A continuation of the task's prompt (HumanEval's convention) instead of a chat reply."""
    thinking_tokens: int | None = None
    """Of ``completion_tokens``, those spent thinking, where the server counts them apart."""
    prompt_chars: int | None = None
    """Characters of the messages that were sent, before any template."""
    looping: bool | None = None
    """True: the reply's tail repeats itself, whether or not it was cut short for that; None: nobody looked."""
    ttft_s: float | None = None
    """Seconds from request to the reply's first token, thinking or not, where the reply came token by token."""
    mean_logprob: float | None = None
    """Mean natural logarithm of the probabilities of the completion's tokens, where a strategy looks at it."""
    served_model: str | None = None
    """The model and its version as a provider's reply names it, e.g. ``gpt-4o-mini-2024-07-18``."""
    left_out: tuple[str, ...] | None = None
    """Settings that the provider refused to take, so that this was asked without them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a parser took out of a response."""

    value: Json | None
    """None: there is no answer in it, and ``reason`` says why."""
    reason: str | None = None
    thinking: str | None = None
    """Thinking found inside the response or delivered apart, without its tags."""
    thinking_closed: bool = True
    """False when thinking was opened and never closed."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an evaluator says of an answer."""

    outcome: Outcome
    detail: str = ""
    """One short line for people; never the program's raw output."""
    fields: Mapping[str, bool] | None = None
    """Per-field agreement, for benchmarks scored by field."""
    isolation: str | None = None
    """The sandbox level the answer was run at; None when nothing was run."""
    wall_s: float | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """One sample with its answer and verdict: a line of ``details.jsonl``."""

    sample: Sample
    answer: Answer
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server answers and what it can do."""

    base_url: str
    """Up to, not including, ``/v1``."""
    model: str
    """The model name to put into requests."""
    backend: str
    api_key: str | None = field(default=None, repr=False)
    build: str | None = None
    slots: int = 1
    ctx_size: int | None = None
    """Tokens per slot."""
    capabilities: frozenset[str] = frozenset()
    """Of: ``json_schema`` (enforces response_format), ``seed``, ``timings``, ``reasoning_content``."""
    effective: Mapping[str, Json] = field(default_factory=dict)
    """Settings read back from the server (or as requested where it cannot report): gpu_layers, threads, …"""
    native: Mapping[str, Json] | None = None
    """What every request has to say, of a server that is asked in its own words (Ollama's, or those of
    ``transformers serve``); None: in OpenAI's alone."""
    described: ModelInfo | None = None
    """The model as its server describes it, where that is no file of ours."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as its GGUF header (or its provider) describes it."""

    name: str
    """Base name, e.g. ``demo-5M``."""
    quantization: str | None = None
    """E.g. ``Q4_K_M``."""
    path: str | None = None
    parts: tuple[str, ...] = ()
    """All files of a split GGUF, in order; the path alone otherwise."""
    size_bytes: int | None = None
    architecture: str | None = None
    parameters: int | None = None
    ctx_train: int | None = None
    layers: int | None = None
    has_chat_template: bool | None = None
    opens_thinking: bool = False
    """Whether its chat template ends the prompt inside a thinking block, so that replies hold only the closing tag."""
    active_parameters: int | None = None
    """Of a mixture, those that take part in one token."""
    backend: str | None = None
    """What serves it, where it is not a file that we load: ``openai``, ``gemini``, ..."""
    source: str | None = None
    """Where its file was fetched from: ``hf:OWNER/REPO@COMMIT FILE``."""
    sha256: str | None = None
    """Of a model without a file of ours, the digest that its server tells."""

    @property
    def label(self) -> str:
        """What tables call it: base name and quantization."""
        return f"{self.name}:{self.quantization}" if self.quantization else self.name

    @property
    def identity(self) -> str:
        """What tells it from any other: its file, or who serves it and by what name. Empty: its server will say."""
        return self.path or (f"{self.backend}:{self.name}" if self.backend else "")
