"""What a run took, as its record tells it: tokens, requests, seconds."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

from core.records import Sample
from runner.outcome import CellOutcome
from runner.settle import LOOPING
from runner.surroundings import Surroundings


def usage_of(outcome: CellOutcome, thought: Mapping[str, Any] | None, ctx_size: int | None) -> dict[str, Any] | None:
    """Tokens and requests; None where nothing was asked."""
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


def latency_of(outcome: CellOutcome, around: Surroundings) -> dict[str, Any]:
    """Seconds, and tokens a second, of what was measured."""
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
