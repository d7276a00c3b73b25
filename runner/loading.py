"""What a load needs besides its server: settings, a log, a line about it, and the facts it leaves for a record."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from core.errors import BenchError
from core.version import VERSION
from evaluators.pool import VerifierPool
from ledger.run_id import make_run_id
from runner.meters import Meters
from runner.observer import Observer
from runner.request import Request
from runner.script_request import ROOT
from runner.serving import Serving
from runner.surroundings import Surroundings
from runner.work import Prepared, Work
from servers.echo import Echo
from servers.lifecycle import RunningServer
from servers.spec import ServerSettings
from system.checkout import commit_of
from system.clock import utc_timestamp
from system.host import host_facts, resident_bytes

_PROMPT_TOKENS = 2048
"""Room for a prompt beside the longest reply: contest problems take up to about 1,500 tokens."""
_CHARS_A_TOKEN = 3
"""Few enough for code and most languages: few-shot prompts run to 15,000 characters, and a cut one is no prompt."""


def settings(request: Request, works: Iterable[Work]) -> ServerSettings:
    """The server's settings, with the context that the longest reply asked for needs beside its prompt."""
    works = list(works)
    longest = max(work.sampling.max_tokens for work in works)
    return replace(request.server, ctx_needed=longest + max(map(_prompt_tokens, works)))


def _prompt_tokens(work: Work) -> int:
    """Room for the longest prompt, in steps of 1,024 tokens."""
    texts = ((text for text in task.prompt.values() if isinstance(text, str)) for task in work.tasks)
    chars = max((sum(map(len, told)) for told in texts), default=0)
    if work.benchmark is not None and work.prompt_version in work.benchmark.prompt_versions:
        chars += sum(map(len, work.benchmark.prompt(work.prompt_version).sections.values()))
    return max(_PROMPT_TOKENS, -(-chars // (_CHARS_A_TOKEN * 1024)) * 1024)


def server_log(request: Request, label: str) -> Path:
    """Where a load's server writes; the run folders get copies."""
    name = make_run_id(utc_timestamp(), "server", label, secrets.token_hex(3))
    return request.outputs.runs_root / f"{name}.log"


def describe(server: RunningServer, observer: Observer) -> None:
    """One line: what serves which model, with how many slots."""
    end = server.endpoint
    facts = [f"{end.slots} slots" if end.slots != 1 else "1 slot"]
    if end.ctx_size:
        facts.append(f"{end.ctx_size} tokens each")
    layers = end.effective.get("gpu_layers")
    if layers is not None:
        facts.append(f"GPU layers {layers}")
    build = end.build or end.backend
    named = build if build.startswith(end.backend) else f"{end.backend} {build}"
    observer.note(f"{named}: {end.model}, {', '.join(facts)}")


def surroundings(
    serving: Serving, pool: VerifierPool, prepared: Prepared, echo: Echo, meters: Meters
) -> Surroundings:
    """The facts of now, while the server runs."""
    server = serving.server
    return Surroundings(
        timestamp=utc_timestamp(),
        runner_version=VERSION,
        runner_commit=commit_of(ROOT),
        host=host_facts(),
        isolation=pool.isolation,
        time_factor=pool.time_factor,
        startup_s=serving.startup_s,
        server_rss_bytes=resident_bytes(server.pid) if server.pid else None,
        gguf_sha256=prepared.model_sha256,
        memory=server.memory.as_record() if server.memory else {},
        echo=echo,
        metered=meters.metered(),
        unmetered=meters.problem(),
    )


def roles(request: Request, work: Work) -> tuple[str, ...]:
    """The roles of the messages that the benchmark's own script sends; of a user's script only one is sure."""
    if work.benchmark is None or request.script is not None:
        return ("user",)
    return work.benchmark.roles(work.prompt_version)


def keep(log: Path, copy: Path) -> None:
    """The server's log so far, into the run folder, below those of earlier sittings."""
    try:
        with log.open("rb") as said, copy.open("ab") as kept:
            shutil.copyfileobj(said, kept)
    except OSError:
        return  # attached to a server that is not ours: there is no log


def quoted(error: BenchError) -> str:
    """The last lines of the log that an error carries, to be put under its message."""
    return "".join(f"\n    | {line}" for line in getattr(error, "log_tail", ())[-5:])
