"""Maths: word problems with a number as the answer, and competition problems."""

from __future__ import annotations

from benchmarks.benchmark import PROMPTED, Benchmark
from benchmarks.datasets import math_tasks

MATHS = (
    Benchmark(
        name="gsm8k",
        title="GSM8K: 1,319 grade school maths word problems",
        script=PROMPTED,
        open_tasks=math_tasks.open_gsm8k,
        answer_parser="math",
        upstream_parser="gsm8k_published",
        evaluator="gsm8k",
        votes_by="number",
        licence="MIT (OpenAI); fetched, never shipped",
        citation="Cobbe et al., Training Verifiers to Solve Math Word Problems, arXiv:2110.14168, 2021; 8shot: the "
        "prompt of Wei et al., Chain-of-Thought Prompting Elicits Reasoning in Large Language Models, "
        "arXiv:2201.11903, 2022",
        options=frozenset({"grading"}),
    ),
)
