"""The settings of a run, as its record tells them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from core.records import Endpoint
from evaluators.registry import get as evaluator_named
from runner.outcome import CellOutcome
from runner.prepare import prompt_sha256
from runner.request import Request
from runner.script_request import ROOT
from runner.served import served_models
from runner.several import strategy_config
from runner.surroundings import Surroundings
from system.interpreter import ask


def config_of(request: Request, endpoint: Endpoint, outcome: CellOutcome, around: Surroundings) -> dict[str, Any]:
    """The record's settings; None marks what does not apply."""
    work, model = outcome.prepared.work, outcome.prepared.work.cell.model
    sampling = {k: v for k, v in asdict(work.sampling).items() if v is not None}
    selection = {
        "limit": request.tasks.limit,
        "task_ids": list(request.tasks.task_ids) or None,
        "start_problem": request.tasks.start_problem,
        "end_problem": request.tasks.end_problem,
        "start_date": work.cutoff.first_unseen if work.cutoff else request.tasks.start_date,
        "after_cutoff": {"last": work.cutoff.last.isoformat(), "source": work.cutoff.source} if work.cutoff else None,
        "subjects": list(request.tasks.subjects) or None,
        "subset": request.tasks.subset,
        "end_date": request.tasks.end_date,
    }
    return {
        "path": display_path(model.path) if model.path else None,
        "model_source": model.source,
        "base_name": model.name,
        "quantization": model.quantization,
        "size_bytes": model.size_bytes,
        "parameters": model.parameters,
        "architecture": model.architecture,
        **{key: value for key, value in endpoint.effective.items() if key != "build"},
        "backend": endpoint.backend,
        "server_build": endpoint.build,
        "served_models": served_models(outcome.collection.samples()) or None,
        "ctx_size": endpoint.ctx_size,
        "slots": endpoint.slots,
        "server_args": list(request.server.server_args) or None,
        "sampling": sampling,
        "sampling_effective": dict(around.echo.sampling) or None,
        **strategy_config(work.strategy),
        "budget": asdict(work.budget) if work.budget else None,
        "experiment": request.experiment,
        "prompt_version": work.cell.prompt_version if request.script else work.prompt_version,
        "prompt_sha256": prompt_sha256(request, work),
        "grading": request.verifying.grading if work.benchmark and work.benchmark.graded_two_ways else None,
        "verify_timeout_s": request.verifying.timeout_s,
        **(_sandbox(request, around) if work.benchmark and evaluator_named(work.benchmark.evaluator).runs_code else {}),
        "request_timeout_s": request.sampling.request_timeout_s,
        "loop": asdict(request.sampling.loop) if request.sampling.loop else None,
        "selection": {k: v for k, v in selection.items() if v is not None} or None,
        "constrained": request.tasks.constrained or None,
        "script": request.script.name if request.script else None,
        "problems_file": display_path(request.tasks.problems_file) if request.tasks.problems_file else None,
        "until_decided": _until_decided(request),
    }


def _until_decided(request: Request) -> dict[str, Any] | None:
    asked = request.until_decided
    return {"order_seed": request.sampling.seed, **asdict(asked)} if asked else None


def _sandbox(request: Request, around: Surroundings) -> dict[str, Any]:
    """What programs were run with."""
    verifying = request.verifying
    return {
        "isolation": around.isolation,
        "verify_time_factor": around.time_factor if verifying.timeout_s is None else None,
        "verify_python": ask(verifying.python).version if verifying.python else None,
        "verify_preload": list(verifying.preload) or None,
    }


def display_path(path: str) -> str:
    """A path inside the checkout relative to it, so that records can be shared; any other as it is."""
    try:
        return str(Path(path).resolve().relative_to(ROOT)) if Path(path).is_absolute() else path
    except ValueError:
        return path
