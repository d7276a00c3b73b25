"""One number over what makes a cell: equal for a run given by hand and for the same cell of a plan.

Theory of operation. A plan is done when the ledger has a record for each of its cells, so a cell must have a name that
is known before anything is loaded or fetched, and that every record carries (``record["cell"]``). It is a hash of *what
was asked*: the model (of a file its SHA-256, wherever it lies and whatever it is called), the benchmark with its
prompt, the choice of tasks, sampling, strategy, and those settings of the server that somebody gave. What is chosen by
the machine (slots, layers on the GPU, the context that is room enough), the server's build, and everything that only
decides where results go or how fast they come is not in it. So it is coarser than a fingerprint
(``ledger.fingerprint``), which is known when a server is up and says whether a run may be *taken up*; this one says
whether it is *wanted again*.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.datasets import lcb_releases
from core.errors import BadInput
from core.records import ModelInfo
from ledger.fingerprint import fingerprint
from runner.plan import Cell
from runner.request import Request
from runner.spending_asked import unheeded_by
from runner.work import Work
from servers.backends.attach import plain_base_url
from servers.model_hash import model_sha256
from system.files import sha256_file
from system.interpreter import ask

LENGTH = 32
"""Hex digits that are kept: 128 bits, so that no two cells of any ledger share a key."""


def cell_key(request: Request, work: Work) -> str:
    """The key of this cell. Its tasks need not have been opened.

    Raises BadInput for a file that cannot be read (the model's, a data set's, a script's).
    """
    return fingerprint(cell_parts(request, work))[:LENGTH]


def cell_parts(request: Request, work: Work) -> dict[str, Any]:
    """What the key is over; a part that is None is as good as absent."""
    sampling, verifying = request.sampling, request.verifying
    return {
        "model": model_identity(work.asked or work.cell.model),
        "base_url": plain_base_url(request.server.base_url) if request.server.base_url else None,
        "benchmark": work.cell.benchmark,
        **_benchmark(request, work),
        "script": _sha256(request.script) if request.script else None,
        "constrained": request.tasks.constrained or None,
        "tasks": _tasks(request, work.cell) or None,
        "sampling": asdict(work.sampling),
        "loop": asdict(sampling.loop) if sampling.loop else None,
        "strategy": work.strategy.name,
        "strategy_settings": dict(work.strategy.settings()),
        "budget": asdict(work.budget) if work.budget else None,
        "audit": work.audited or None,
        "grading": verifying.grading if verifying.grading != "native" else None,
        "verify_timeout_s": verifying.timeout_s,
        "python": ask(verifying.python).version if verifying.python else None,
        "server": _server(request, unheeded_by(work.cell.model)) or None,
        "chain": _chain(request, work),
        "until_decided": _pair(request),
    }


def model_identity(model: ModelInfo) -> str:
    """Of a file its digest, of another model who serves it and by what name."""
    return model_sha256(model) if model.path else model.sha256 or model.identity or model.name


def _benchmark(request: Request, work: Work) -> dict[str, Any]:
    if work.benchmark is None or request.script is not None:
        return {"prompt_version": work.cell.prompt_version if work.benchmark is None else work.prompt_version}
    return {
        "prompt_version": work.prompt_version,
        "prompt_sha256": work.benchmark.prompt_sha256(work.prompt_version),
        "files": [_sha256(path) for path in work.benchmark.files] or None,
    }


def _tasks(request: Request, cell: Cell) -> dict[str, Any]:
    """Those settings of the choice that were given, and are not what is chosen when nobody says anything."""
    tasks = request.tasks
    named = None if _is_default(tasks.problems_file, cell) else tasks.problems_file
    given = {
        "problems_file": _sha256(Path(named)) if named is not None and Path(named).is_file() else named,
        "start_date": tasks.start_date, "end_date": tasks.end_date, "after_cutoff": tasks.after_cutoff,
        "limit": tasks.limit, "start_problem": tasks.start_problem or None, "end_problem": tasks.end_problem,
        "task_ids": sorted(set(tasks.task_ids)) or None, "subjects": sorted(set(tasks.subjects)) or None,
        "subset": tasks.subset,
    }
    return {key: value for key, value in given.items() if value is not None}


def _is_default(problems_file: str | None, cell: Cell) -> bool:
    """Whether that is the data set which this cell would have anyway. What a demo model is asked anyway does not count:
    of a model that is to be fetched, nobody knows yet that it is one.
    """
    return cell.benchmark == "lcb" and problems_file in {lcb_releases.DEFAULT, lcb_releases.LATEST_NAME}


def _server(request: Request, unheeded: frozenset[str]) -> dict[str, Any]:
    """Settings that somebody gave, and that may change a reply or what it costs; not those that are nothing to it."""
    server = request.server
    given = {
        "backend": server.backend if server.backend != "auto" and "server" not in unheeded else None,
        "gpu_layers": server.gpu_layers if server.gpu_layers != "auto" and "gpu-layers" not in unheeded else None,
        "parallel": server.parallel if server.parallel != "auto" else None,
        "ctx_size": server.ctx_size,
        "server_args": (list(server.server_args) or None) if "server-arg" not in unheeded else None,
    }
    return {key: value for key, value in given.items() if value is not None}


def _chain(request: Request, work: Work) -> dict[str, Any] | None:
    """Of the second of two chained models, and of both together; the first is asked as if it were alone."""
    if request.chain is None or work.after is None:
        return None
    return {**asdict(request.chain), "models": [model_identity(model) for model in request.models]}


def _pair(request: Request) -> dict[str, Any] | None:
    """A run that is asked by turns belongs to a pair."""
    if request.until_decided is None:
        return None
    return {**asdict(request.until_decided), "models": [model_identity(model) for model in request.models]}


def _sha256(path: Path) -> str:
    try:
        return sha256_file(path)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path and its permissions") \
            from error

