"""What a benchmark script is told, and the environment it is told in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import benchmarks
from core.records import Endpoint, Sampling
from ledger.folder import RunFolder
from runner import script as script_process
from runner.request import Request
from servers.backends.hosted import PROVIDERS

ROOT = Path(benchmarks.__file__).resolve().parent.parent
"""Where the rooms lie; a script needs it on its path to import ``core``."""

Tell = Callable[[Endpoint, int, Iterable[tuple[str, int]], Mapping[str, float]], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Wording:
    """Whose tasks are asked, and how."""

    sampling: Sampling
    benchmark: str
    prompt_version: str
    prompt: Mapping[str, str] = field(default_factory=dict)
    """The templates, where the script has no file of them."""
    logprobs: bool = False
    """Whether the strategy looks at the log-probabilities of a reply's tokens."""
    n: int = 1
    """Samples of each task, of a script that reads no draws."""


def told(
    request: Request, folder: RunFolder, wording: Wording, endpoint: Endpoint, slots: int,
    done: Iterable[tuple[str, int]], rates: Mapping[str, float],
) -> dict[str, str]:
    """Writes the request file into the run's folder and returns the script's environment.

    ``slots``: requests at once. ``done``: the places that are not to be asked. ``rates``: what a provider may be asked.
    """
    sampling = wording.sampling
    own = request.server.api_key_env if request.server.base_url else None
    fields = {
        "base_url": endpoint.base_url,
        "model": endpoint.model,
        "api_key_env": (own or script_process.KEY_VARIABLE) if endpoint.api_key is not None else None,
        "sampling": {k: v for k, v in asdict(sampling).items() if v is not None and k != "seed"},
        "seed": sampling.seed,
        "slots": slots,
        "tasks_file": str(folder.tasks_path.resolve()),
        "benchmark": wording.benchmark,
        "prompt_version": wording.prompt_version,
        **({"prompt": dict(wording.prompt)} if wording.prompt else {}),
        "constrained": request.tasks.constrained,
        "capabilities": sorted(endpoint.capabilities),
        "request_timeout_s": request.sampling.request_timeout_s,
        "loop": asdict(request.sampling.loop) if request.sampling.loop else None,
        **({"provider": endpoint.backend, "rates": dict(rates)} if endpoint.backend in PROVIDERS else {}),
        **({"native": dict(endpoint.native)} if endpoint.native is not None else {}),
        "ctx_size": endpoint.ctx_size,
        **({"logprobs": True} if wording.logprobs else {}),
        "pin_slots": not request.server.base_url and "cache_prompt" in endpoint.capabilities,
        "n": wording.n,
        "done": [list(place) for place in done],
    }
    request_file = folder.write_request(fields).resolve()
    return script_process.environment(request_file, fields, endpoint.api_key, ROOT)
