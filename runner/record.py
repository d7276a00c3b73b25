"""From a cell's outcome to the ledger's record. Pure but for the facts handed in."""

from __future__ import annotations

from typing import Any

from analysis.hints import hints
from analysis.pairs import tasks_sha256
from analysis.replies import thinking
from analysis.scores import Scores, summarize
from analysis.validity import validity, validity_of_server
from analysis.wilson import wilson
from core.records import Endpoint
from ledger.record import FORMAT
from parsers.events import ScoreRead
from runner.costs import UNMEASURED, cost_of, energy_of
from runner.doubts import Doubts, doubts
from runner.outcome import CellOutcome
from runner.record_config import config_of, display_path
from runner.record_figures import latency_of, usage_of
from runner.request import Request
from runner.served import left_out
from runner.several import candidates_by_outcome, several_samples
from runner.surroundings import Surroundings


def build(request: Request, endpoint: Endpoint, outcome: CellOutcome, around: Surroundings) -> dict[str, Any]:
    """The record of a cell that ran to its end; None marks what is unknown and is left out when it is written."""
    work, collection = outcome.prepared.work, outcome.collection
    results = collection.results()
    scores = summarize((r.task.task_id, r.task.difficulty, r.verdict) for r in results if r.verdict is not None)
    scores = scores.unjudged() if work.is_judged else scores
    reported = outcome.score if work.benchmark is None or not collection.candidates else None
    scored_by = "script" if reported else "judge" if work.is_judged else None
    whole = scores.whole and scores.tasks == len(work.tasks)
    doubted = doubts(request, endpoint, outcome, scores, around.echo)
    thought = thinking((reply.sample, reply.answer) for reply in collection.replies())
    return {
        "timestamp": around.timestamp,
        "benchmark": work.cell.benchmark,
        "model": work.cell.model.label,
        "config": {**config_of(request, endpoint, outcome, around), "scored_by": scored_by},
        "results": {
            **(_as_reported(reported) if reported else scores.results()),
            **(candidates_by_outcome(collection) if work.is_judged else several_samples(collection, work.strategy)),
            "time_taken": round(outcome.spent.total_s, 3) if outcome.spent else None,
        },
        "format": FORMAT,
        "run_id": outcome.prepared.folder.run_id,
        "replayed_from": outcome.replayed_from,
        "passed_on_by": work.after if work.joined else None,
        "fingerprint": outcome.prepared.fingerprint,
        "cell": outcome.prepared.cell,
        "status": "complete" if reported or whole else "incomplete",
        "validity": _validity(doubted) if not reported else validity_of_server(doubted.evidence),
        "interval": _interval(reported, scores),
        "bounds": list(scores.bounds) if scores.bounds and not reported else None,
        "tasks_sha256": tasks_sha256(task.task_id for task in work.tasks),
        "outcomes": dict(scores.outcomes),
        "usage": usage_of(outcome, thought, endpoint.ctx_size),
        "thinking": thought,
        "checks": _checks(outcome, around),
        "audit": collection.audited(),
        "diversity": outcome.diversity.as_record() if outcome.diversity else None,
        "faults": collection.faults.rows() or None,
        "latency": latency_of(outcome, around),
        "energy": energy_of(outcome, around.metered, scores.total_passed),
        "cost": cost_of(outcome, around.price, scores.total_passed),
        "memory": {**around.memory, "server_rss_bytes": around.server_rss_bytes},
        "provenance": {
            "gguf_sha256": around.gguf_sha256,
            "dataset_sha256": work.task_set.sha256 if work.task_set else None,
            "dataset_source": display_path(work.task_set.source) if work.task_set else None,
            "runner_version": around.runner_version,
            "runner_commit": around.runner_commit,
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
