"""How a script is told what to do: by the runner's request file, or by flags when it is run by hand."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.scripts.defaults import MAX_TOKENS, OF_ANY
from benchmarks.scripts.limits import Rates
from core.errors import BadInput, UsageError
from core.records import Json
from core.repetition import COUNT, PERIOD, LoopRule

REQUEST_VARIABLE = "BENCH_REQUEST"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a script needs to know. ``sampling`` holds what is set and nothing else."""

    base_url: str
    tasks_file: Path
    benchmark: str = ""
    """Whose prompt file is used."""
    prompt: Mapping[str, str] = field(default_factory=dict)
    """The templates themselves, role → text, where they are in no file of ours."""
    model: str | None = None
    """None sends no model name, which a server of one model does not miss."""
    api_key: str | None = field(default=None, repr=False)
    sampling: Mapping[str, Json] = field(default_factory=dict)
    slots: int = 1
    """Requests in flight."""
    prompt_version: str = "v1"
    constrained: bool = False
    capabilities: frozenset[str] | None = None
    """What the server can do; None when run by hand: unknown, so what is asked for is sent."""
    request_timeout_s: float | None = None
    """Seconds without a token after which a request is given up."""
    provider: str | None = None
    """Whose service it is, ``openai`` or ``gemini``: it has limits and its own words. None: a server of one's own."""
    native: Mapping[str, Json] | None = None
    """What every request says to an Ollama server, which is asked in its own words; None: another server."""
    rates: Rates = field(default_factory=Rates)
    """How fast a provider may be asked, and what it may cost."""
    loop: LoopRule | None = field(default_factory=LoopRule)
    """What is cut short as a loop; None: nothing."""
    logprobs: bool = False
    """Ask for the log-probabilities of a reply's tokens, whose mean goes into its event."""
    pin_slots: bool = False
    """Each thread asks for a slot of its own: the server is one of llama.cpp's and nobody else's."""
    n: int = 1
    """Samples a task when not driven."""
    limit: int | None = None
    seed: int = 0
    done: frozenset[tuple[str, int]] = frozenset()
    """(task id, sample index) pairs not to be asked again."""
    interactive: bool = False
    """Driven by draw lines on standard input."""


def read_settings(benchmark: str | None, parser: argparse.ArgumentParser, argv: list[str]) -> Settings:
    """From the request file when there are no flags and BENCH_REQUEST names one, else from the flags.

    ``benchmark`` None: the request or ``--benchmark`` names it.
    """
    path = os.environ.get(REQUEST_VARIABLE)
    return from_request(benchmark, Path(path)) if path and not argv else from_flags(benchmark, parser, argv)


def from_request(benchmark: str | None, path: Path) -> Settings:
    """The runner's request. BadInput when it cannot be read, UsageError when it makes no sense."""
    try:
        request: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return Settings(
            base_url=_base_url(request["base_url"]),
            tasks_file=Path(request["tasks_file"]),
            benchmark=benchmark or str(request["benchmark"]),
            prompt=dict(request.get("prompt") or {}),
            model=request.get("model"),
            api_key=_api_key(request.get("api_key_env")),
            sampling=_set_only(request.get("sampling") or {}),
            slots=max(1, int(request.get("slots") or 1)),
            prompt_version=request.get("prompt_version") or "v1",
            constrained=bool(request.get("constrained")),
            capabilities=frozenset(request.get("capabilities") or ()),
            request_timeout_s=request.get("request_timeout_s"),
            provider=request.get("provider"),
            native=request.get("native"),
            rates=Rates(**(request.get("rates") or {})),
            loop=LoopRule(**request["loop"]) if request.get("loop") else None,
            logprobs=bool(request.get("logprobs")),
            pin_slots=bool(request.get("pin_slots")),
            n=int(request.get("n") or 1),
            seed=int(request.get("seed") or 0),
            done=frozenset((str(task), int(i)) for task, i in request.get("done") or ()),
            interactive=True,
        )
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(
            f"{path}: the request file of {REQUEST_VARIABLE} cannot be read ({error}); start the script "
            "through bench_runner.py, or give flags (--help)"
        ) from error
    except KeyError as error:
        raise BadInput(
            f"{path}: the request file of {REQUEST_VARIABLE} lacks {error}; start the script through "
            "bench_runner.py, or give flags (--help)"
        ) from error


def from_flags(benchmark: str | None, parser: argparse.ArgumentParser, argv: list[str]) -> Settings:
    """The flags of a run by hand; argparse ends the program for flags that it does not know."""
    if benchmark is None:
        parser.add_argument("--benchmark", required=True, metavar="NAME", help="whose prompt is put")
    _add_flags(parser, MAX_TOKENS.get(benchmark or "", OF_ANY))
    flags = parser.parse_args(argv)
    for name in ("n", "slots", "limit", "max_tokens", "requests_per_minute", "tokens_per_minute"):
        value = getattr(flags, name)
        if value is not None and value < 1:
            raise UsageError(f"--{name.replace('_', '-')} {value}: must be 1 or more")
    names = ("temperature", "top_p", "top_k", "min_p", "max_tokens")
    return Settings(
        base_url=_base_url(flags.base_url),
        tasks_file=flags.tasks_file,
        benchmark=benchmark or flags.benchmark,
        model=flags.model,
        api_key=_api_key(flags.api_key_env),
        sampling=_set_only({name: getattr(flags, name) for name in names}),
        slots=flags.slots,
        prompt_version=flags.prompt_version,
        constrained=flags.constrained,
        request_timeout_s=flags.request_timeout,
        provider=flags.provider,
        rates=Rates(flags.requests_per_minute, flags.tokens_per_minute),
        loop=None if flags.no_loop_stop else _loop_rule(flags.loop_period, flags.loop_count),
        logprobs=flags.logprobs,
        n=flags.n,
        limit=flags.limit,
        seed=flags.seed,
        done=_samples_in(flags.done) if flags.done else frozenset(),
        interactive=flags.interactive,
    )


def _add_flags(parser: argparse.ArgumentParser, max_tokens: int) -> None:
    add = parser.add_argument
    add("--base-url", required=True, metavar="URL", help="the server, up to /v1")
    add("--tasks-file", required=True, type=Path, metavar="FILE", help="the dataset, or a run folder's tasks.jsonl")
    add("--model", metavar="NAME", help="model name to send (servers of one model need none)")
    add("--api-key-env", metavar="VAR", help="environment variable that holds the API key")
    add("--temperature", type=float, default=0.0, metavar="T", help="default 0")
    add("--top-p", type=float, metavar="P")
    add("--top-k", type=int, metavar="K")
    add("--min-p", type=float, metavar="P")
    add("--max-tokens", type=int, default=max_tokens, metavar="N", help=f"of a reply; default {max_tokens}")
    add("--seed", type=int, default=0, metavar="N", help="each task and sample has its own seed, drawn from this one")
    add("--n", type=int, default=1, metavar="N", help="samples of each task")
    add("--limit", type=int, metavar="N", help="only the first N tasks")
    add("--slots", type=int, default=1, metavar="N", help="requests in flight; default 1")
    add("--request-timeout", type=float, default=600.0, metavar="S", help="seconds without a token; default 600")
    add("--provider", choices=("openai", "gemini"), help="a provider's service: its limits are kept, its words used")
    add("--requests-per-minute", type=float, metavar="N", help="with --provider: no more than so many")
    add("--tokens-per-minute", type=float, metavar="N", help="with --provider: no more than so many")
    add("--loop-period", type=int, default=PERIOD, metavar="CHARS", help=f"longest unit of a loop; default {PERIOD}")
    add("--loop-count", type=int, default=COUNT, metavar="N", help=f"repeats that make a loop; default {COUNT}")
    add("--no-loop-stop", action="store_true", help="let replies that repeat themselves go on")
    add("--prompt-version", default="v1", metavar="NAME", help="default v1")
    add("--constrained", action="store_true", help="send the task's JSON Schema for the server to enforce")
    add("--logprobs", action="store_true", help="ask for log-probabilities; their mean goes into a sample's event")
    add("--done", type=Path, metavar="FILE", help="skip the samples that this earlier output holds")
    add("--interactive", action="store_true", help="take draw lines from standard input")


def _set_only(sampling: Mapping[str, Json]) -> dict[str, Json]:
    """What is not set is not sent; seeds go with each sample."""
    return {name: value for name, value in sampling.items() if value is not None and name != "seed"}


def _loop_rule(period: int, count: int) -> LoopRule:
    try:
        return LoopRule(period, count)
    except ValueError as error:
        raise UsageError(f"--loop-period {period} --loop-count {count}: {error}") from error


def _base_url(text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise UsageError(f"--base-url {text!r} is no address; write it as http://127.0.0.1:8080")
    return text.rstrip("/").removesuffix("/v1").rstrip("/")


def _api_key(variable: str | None) -> str | None:
    if variable is None:
        return None
    key = os.environ.get(variable, "").strip()
    if not key:
        raise UsageError(f"the environment variable {variable} (--api-key-env) holds no API key; set it")
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"the API key in {variable} has characters that no header may carry; set it again")
    return key


def _samples_in(path: Path) -> frozenset[tuple[str, int]]:
    found = set()
    try:
        with path.open(encoding="utf-8") as file:
            for text in file:
                event = json.loads(text) if text.lstrip().startswith("{") else {}
                if event.get("event") == "sample":
                    found.add((str(event["task_id"]), int(event["sample"])))
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{path}: cannot be read as an earlier output of this script ({error}); check --done") from error
    return frozenset(found)
