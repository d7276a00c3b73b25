"""Texts that no program can grade: each waits for a judge."""

from __future__ import annotations

from benchmarks.benchmark import JUDGED, PROMPTED, Benchmark
from benchmarks.datasets import scenarios

TEMPERATURE = 0.8
"""Candidates of one task should differ; llama.cpp's own default, so what its users are used to."""

WAIT_FOR_A_JUDGE = (
    Benchmark(
        name="tips",
        title="Short tips for a person, an hour and things to do; a judge scores them by a rubric (docs/prompts.md)",
        script=PROMPTED,
        open_tasks=scenarios.open_tips,
        answer_parser="text",
        evaluator=JUDGED,
        votes_by="text",
        temperature=TEMPERATURE,
        licence="CC0-1.0 (our own scenarios, prompts and rubric: benchmarks/tips, prompts/tips, rubrics/tips.md)",
        citation="our own",
        shipped=True,
    ),
)
