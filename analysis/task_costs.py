"""What a task cost: all its samples together, as a line of ``task_results.jsonl`` says it. Pure.

``prompt_tokens``     of all requests, what came from the server's cache counted in
``cached_tokens``     of them, those from the cache: a prompt that several samples share is worked off once
``completion_tokens`` of all replies
``ttft_s``            from the first sample's request to its first token: what somebody who watches waits for
``decode_s``          from the first token of each reply to its last, added up
``wall_s``            from request to reply, added up: what it would have taken one after the other
``requests``          samples, and requests that brought none

A number that is unknown of one sample is absent: a part would be taken for the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.records import Sample


def task_costs(samples: Sequence[Sample], failed: int = 0) -> dict[str, Any]:
    """The fields above of one task's samples, in their order; ``failed``: requests that brought no reply."""
    costs = {
        "requests": len(samples) + failed,
        "prompt_tokens": total(sample.prompt_tokens for sample in samples),
        "cached_tokens": total(sample.cached_tokens for sample in samples),
        "completion_tokens": total(sample.completion_tokens for sample in samples),
        "ttft_s": first_token_s(samples[0]) if samples else None,
        "decode_s": total(decode_s(sample) for sample in samples),
        "wall_s": total(sample.wall_s for sample in samples),
    }
    return {key: value for key, value in costs.items() if value is not None}


def total(values: Iterable[float | None]) -> Any:
    """The sum; None where there is nothing to add, or one of them is unknown."""
    every = list(values)
    known = [value for value in every if value is not None]
    added = sum(known) if known and len(known) == len(every) else None
    return round(added, 6) if isinstance(added, float) else added


def first_token_s(sample: Sample) -> float | None:
    """As the script saw it; where the reply came in one piece, the prompt's time by the server's own clock."""
    return sample.ttft_s if sample.ttft_s is not None else _timing_s(sample, "prompt_ms")


def decode_s(sample: Sample) -> float | None:
    """By the server's own clock; where it tells none, what the reply took after its first token."""
    own = _timing_s(sample, "predicted_ms")
    if own is not None or sample.wall_s is None or sample.ttft_s is None:
        return own
    return round(max(0.0, sample.wall_s - sample.ttft_s), 6)


def _timing_s(sample: Sample, name: str) -> float | None:
    value = (sample.timings or {}).get(name)
    return round(value / 1000, 6) if isinstance(value, int | float) and value >= 0 else None
