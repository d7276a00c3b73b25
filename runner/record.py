"""From a cell's outcome to the ledger's record. Pure but for the facts handed in."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analysis.energy import Metered
from analysis.hints import hints
from analysis.pairs import tasks_sha256
from analysis.prices import Price
from analysis.replies import thinking
from analysis.scores import Scores, summarize
from analysis.validity import validity, validity_of_server
from analysis.wilson import wilson
from core.records import Endpoint, Sample
from evaluators.registry import get as evaluator_named
from ledger.record import FORMAT
from parsers.events import ScoreRead
from runner.costs import UNMEASURED, cost_of, energy_of
from runner.doubts import Doubts, doubts
from runner.outcome import CellOutcome
from runner.request import Request
from runner.script_request import ROOT
from runner.served import left_out, served_models
from runner.settle import LOOPING
from runner.several import several_samples, strategy_config
from servers.echo import NOT_ASKED, Echo
from system.interpreter import ask


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the record says beside the samples."""

    timestamp: str
    runner_version: str
    host: Mapping[str, Any]
    isolation: str
    time_factor: float
    """By what the verifiers' published limits were multiplied on this machine."""
    startup_s: float | None
    server_rss_bytes: int | None
    gguf_sha256: str | None
    memory: Mapping[str, Any]
    """What the server was expected to take, and what it says it took."""
    echo: Echo = NOT_ASKED
    """What the server told of the sampling and the template."""
    tokens: str | None = None
    """Whether it counted as many tokens as came."""
    metered: Metered | None = None
    """How energy was measured, where it was."""
    unmetered: str | None = None
    """What of it was not, though it was asked for, and why."""
    price: Price | None = None
    """What the model costs, where that is known."""
    unpriced: str | None = None
    """Where it is not, of a model that somebody wants money for."""


def build(request: Request, endpoint: Endpoint, outcome: CellOutcome, around: Surroundings) -> dict[str, Any]:
    """The record of a cell that ran to its end; None marks what is unknown and is left out when it is written."""
    work, collection = outcome.prepared.work, outcome.collection
    results = collection.results()
    scores = summarize((r.task.task_id, r.task.difficulty, r.verdict) for r in results if r.verdict is not None)
    reported = outcome.score if work.benchmark is None or not collection.candidates else None
    whole = scores.whole and scores.tasks == len(work.tasks)
    doubted = doubts(request, endpoint, outcome, scores, around.echo)
    thought = thinking((reply.sample, reply.answer) for reply in collection.replies())
    return {
        "timestamp": around.timestamp,
        "benchmark": work.cell.benchmark,
        "model": work.cell.model.label,
        "config": {**_config(request, endpoint, outcome, around), "scored_by": "script" if reported else None},
        "results": {
            **(_as_reported(reported) if reported else scores.results()),
            **several_samples(outcome.collection, work.strategy),
            "time_taken": round(outcome.spent.total_s, 3) if outcome.spent else None,
        },
        "format": FORMAT,
        "run_id": outcome.prepared.folder.run_id,
        "replayed_from": outcome.replayed_from,
        "passed_on_by": work.after if work.joined else None,
        "fingerprint": outcome.prepared.fingerprint,
        "status": "complete" if reported or whole else "incomplete",
        "validity": _validity(doubted) if not reported else validity_of_server(doubted.evidence),
        "interval": _interval(reported, scores),
        "bounds": list(scores.bounds) if scores.bounds and not reported else None,
        "tasks_sha256": tasks_sha256(task.task_id for task in work.tasks),
        "outcomes": dict(scores.outcomes),
        "usage": _usage(outcome, thought, endpoint.ctx_size),
        "thinking": thought,
        "checks": _checks(outcome, around),
        "audit": collection.audited(),
        "faults": collection.faults.rows() or None,
        "latency": _latency(outcome, around),
        "energy": energy_of(outcome, around.metered, scores.total_passed),
        "cost": cost_of(outcome, around.price, scores.total_passed),
        "memory": {**around.memory, "server_rss_bytes": around.server_rss_bytes},
        "provenance": {
            "gguf_sha256": around.gguf_sha256,
            "dataset_sha256": work.task_set.sha256 if work.task_set else None,
            "dataset_source": display_path(work.task_set.source) if work.task_set else None,
            "runner_version": around.runner_version,
            "host": dict(around.host),
        },
    }


def _as_reported(score: ScoreRead) -> dict[str, Any]:
    return {"score": score.score_percent, "total_passed": score.passed, "total_problems": score.total}


def _validity(doubted: Doubts) -> dict[str, Any]:
    """With what can be done about it, where a limit decided the score."""
    found = validity(doubted.evidence)
    return {**found, "hints": hints(doubted.cuts) or None} if found["reasons"] else found


def _checks(outcome: CellOutcome, around: Surroundings) -> dict[str, Any]:
    """What was asked of the server, and of this machine's meters, beside the tasks."""
    echo = around.echo
    before = outcome.prepared.earlier.spent
    unmeasured = UNMEASURED if around.metered and before.sittings and not before.joules else None
    missed = "; ".join(filter(None, [unmeasured, around.unmetered]))
    unknown = f"not reported: {echo.problem}" if echo.problem else "not reported"
    sampling = "; ".join(echo.sampling_ignored) or "as asked"
    return {
        "sampling": left_out(outcome.collection.samples()) or (sampling if echo.sampling else unknown),
        "template": echo.prompt_dropped or "keeps the prompt" if echo.template_checked else unknown,
        "tokens": around.tokens,
        "energy": f"not measured: {missed}" if missed else None,
        "cost": around.unpriced,
    }


def _interval(reported: ScoreRead | None, scores: Scores) -> list[float] | None:
    if reported is None:
        return list(scores.interval) if scores.interval else None
    if reported.passed is None or reported.total is None:
        return None
    found = wilson(reported.passed, reported.total)
    return list(found) if found else None


def display_path(path: str) -> str:
    """A path inside the checkout relative to it, so that records can be shared; any other as it is."""
    try:
        return str(Path(path).resolve().relative_to(ROOT)) if Path(path).is_absolute() else path
    except ValueError:
        return path


def _config(request: Request, endpoint: Endpoint, outcome: CellOutcome, around: Surroundings) -> dict[str, Any]:
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
        "prompt_version": request.tasks.prompt_version if request.script else work.prompt_version,
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


def _usage(outcome: CellOutcome, thought: Mapping[str, Any] | None, ctx_size: int | None) -> dict[str, Any] | None:
    samples, failed = outcome.collection.samples(), outcome.collection.odd.failed_requests
    if not samples and not failed:
        return None
    return {
        "prompt_tokens": _sum(s.prompt_tokens for s in samples),
        "completion_tokens": _sum(s.completion_tokens for s in samples),
        "cached_tokens": _sum(s.cached_tokens for s in samples),
        "thinking_tokens": thought["tokens"] if thought else None,
        "requests": len(samples) + failed,
        "requests_failed": failed or None,
        **_drawn_beside(outcome),
        **_saved(outcome, ctx_size),
    }


def _drawn_beside(outcome: CellOutcome) -> dict[str, Any]:
    """What the pool took in all, where other strategies wanted more of it than this one uses."""
    samples = outcome.drawn.samples() if outcome.drawn is not None else []
    if len(samples) <= len(outcome.collection.samples()):
        return {}
    return {"pool_requests": len(samples), "pool_completion_tokens": _sum(s.completion_tokens for s in samples)}


def _saved(outcome: CellOutcome, ctx_size: int | None) -> dict[str, Any]:
    """Loops that were cut short, and the tokens they would have gone on for: to the limit or the context's end."""
    cut = [s for s in outcome.collection.samples() if s.finish_reason == LOOPING]
    most = outcome.prepared.work.sampling.max_tokens
    ends = [min(most, ctx_size - (s.prompt_tokens or 0)) if ctx_size else most for s in cut]
    saved = sum(max(0, end - (s.completion_tokens or end)) for s, end in zip(cut, ends, strict=True))
    return {"loops_cut": len(cut) or None, "tokens_saved": saved or None}


def _latency(outcome: CellOutcome, around: Surroundings) -> dict[str, Any]:
    samples = outcome.collection.samples()
    walls = sorted(s.wall_s for s in samples if s.wall_s is not None)
    drawn = (outcome.drawn or outcome.collection).samples()
    tokens = _sum(s.completion_tokens for s in (*drawn, *outcome.collection.audit.samples))
    spent = outcome.spent
    verify = [v.wall_s for v in outcome.collection.verdicts.values() if v.wall_s is not None]
    return {
        "request_s_p50": _quantile(walls, 0.5),
        "request_s_p95": _quantile(walls, 0.95),
        "generation_s": round(spent.generation_s, 3) if spent else None,
        "sittings": spent.sittings if spent and spent.sittings > 1 else None,
        "tokens_per_second": round(tokens / spent.generation_s, 2) if tokens and spent and spent.generation_s else None,
        "decode_tokens_per_second": _median_timing(samples, "predicted_per_second"),
        "prompt_tokens_per_second": _median_timing(samples, "prompt_per_second"),
        "startup_s": round(around.startup_s, 3) if around.startup_s is not None else None,
        "verify_s": round(sum(verify), 3) if verify else None,
    }


def _sum(values: Any) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _quantile(ordered: list[float], share: float) -> float | None:
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 4) if ordered else None


def _median_timing(samples: list[Sample], key: str) -> float | None:
    values = [s.timings[key] for s in samples if s.timings and isinstance(s.timings.get(key), int | float)]
    return round(statistics.median(values), 2) if values else None
