"""A cell made ready: its fingerprint, its run folder with the request file. No tokens yet."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from analysis.pairs import tasks_sha256
from core.errors import UsageError
from core.records import Endpoint
from ledger.fingerprint import fingerprint
from ledger.folder import RunFolder
from ledger.run_id import make_run_id
from runner.cell_key import cell_key
from runner.config import run_config
from runner.request import Request
from runner.resume import Earlier, TakenUp, how_to_go_on, take_up
from runner.script_request import Wording, told
from runner.work import Prepared, Work
from servers.backends.hosted import is_hosted
from servers.model_hash import model_sha256
from strategies.selectors import LOGPROB
from system.clock import utc_timestamp
from system.files import sha256_file
from system.interpreter import ask


def prepare(request: Request, work: Work, endpoint: Endpoint, say: Callable[[str], None]) -> Prepared:
    """Fingerprint, run folder (a new one, or that of the same run if it did not finish) and the script's request."""
    if request.tasks.constrained and "json_schema" not in endpoint.capabilities:
        raise UsageError(f"--constrained: {endpoint.backend} cannot enforce a schema; leave the flag out.")
    parts = fingerprint_parts(request, work, endpoint)
    mark, cell = fingerprint(parts), cell_key(request, work)
    taken = None
    if request.outputs.resume and work.benchmark is not None:
        asked = frozenset(task.task_id for task in work.tasks)
        taken = take_up(request.outputs.runs_root, mark, parts, asked, say)
    if taken is None:
        run_id = make_run_id(utc_timestamp(), work.cell.benchmark, work.cell.model.label, secrets.token_hex(3))
        config = {"fingerprint": mark, "cell": cell, "settings": parts, **run_config(request, endpoint),
                  **({"scored_by": "judge"} if work.is_judged else {})}
        taken = TakenUp(RunFolder.create(request.outputs.runs_root, run_id, config), Earlier())
    folder, earlier = taken.folder, taken.earlier
    try:
        if earlier.record is None:  # else they are there, with what became of them
            folder.write_tasks(work.tasks)
    except BaseException:
        folder.close()
        raise
    tell = partial(told, request, folder, _wording(work))
    go_on = how_to_go_on(resume=request.outputs.resume)
    return Prepared(work, folder, mark, cell, parts["model_sha256"], tell, earlier, go_on,
                    request.sampling.request_timeout_s)


def fingerprint_parts(request: Request, work: Work, endpoint: Endpoint) -> dict[str, Any]:
    """Everything that decides a result; an equal fingerprint means the same run."""
    return {
        "model_sha256": model_sha256(work.cell.model) if work.cell.model.path else work.cell.model.sha256,
        "model": work.cell.model.label,
        "benchmark": work.cell.benchmark,
        "dataset_sha256": work.task_set.sha256 if work.task_set else None,
        "tasks_sha256": tasks_sha256(task.task_id for task in work.tasks),
        "prompt_version": work.prompt_version,
        "prompt_sha256": prompt_sha256(request, work),
        "constrained": request.tasks.constrained,
        "script_sha256": sha256_file(request.script) if request.script else None,
        "sampling": asdict(work.sampling),
        "loop": asdict(request.sampling.loop) if request.sampling.loop else None,
        "strategy": work.strategy.name,
        **work.strategy.settings(),
        "pool": _pool(work),
        "after": work.after,
        "budget": asdict(work.budget) if work.budget else None,
        "backend": endpoint.backend,
        "base_url": endpoint.base_url if is_hosted(work.cell.model) else None,
        "server_build": endpoint.build,
        "ctx_size": endpoint.ctx_size,
        "slots": None if is_hosted(work.cell.model) else endpoint.slots,
        "gpu_layers": endpoint.effective.get("gpu_layers"),
        "server_args": list(request.server.server_args),
        "grading": request.verifying.grading if work.benchmark and work.benchmark.graded_two_ways else None,
        **({"verify_python": ask(request.verifying.python).version} if request.verifying.python else {}),
        **({"until_decided": _until_decided(request)} if request.until_decided else {}),
    }


def _wording(work: Work) -> Wording:
    own = work.benchmark is not None and work.benchmark.prompts is not None
    templates = work.benchmark.prompt(work.prompt_version).sections if work.benchmark and own else {}
    return Wording(work.sampling, work.cell.benchmark, work.prompt_version, templates,
                   logprobs=LOGPROB in work.drawing.merits(), n=work.drawing.first())


def _pool(work: Work) -> list[Any] | None:
    """The strategies that draw beside this one, where that makes more samples than it draws by itself."""
    if work.drawing.budget() == work.strategy.first():
        return None
    return [{"strategy": each.strategy.name, **each.strategy.settings()} for each in work.replays] or None


def _until_decided(request: Request) -> dict[str, Any]:
    """A run that is asked by turns belongs to a pair: with another partner it is another run."""
    asked = asdict(request.until_decided) if request.until_decided else {}
    return {**asked, "models": " and ".join(model.label for model in request.models)}


def prompt_sha256(request: Request, work: Work) -> str | None:
    """Of the prompt's text; None where the user's script has its own."""
    if work.benchmark is None or request.script is not None:
        return None
    return work.benchmark.prompt_sha256(work.prompt_version)
