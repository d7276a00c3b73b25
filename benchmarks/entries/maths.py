"""Maths: word problems with a number as the answer, and competition problems."""

from __future__ import annotations

from benchmarks.benchmark import PROMPTED, Benchmark
from benchmarks.datasets import competition, math_tasks

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
    Benchmark(
        name="math500",
        title="MATH-500: 500 competition problems whose answers are formulas",
        script=PROMPTED,
        open_tasks=competition.open_math500,
        answer_parser="formula",
        evaluator="formula",
        needs=("math_verify",),
        votes_by="formula",
        licence="MIT (Hendrycks et al.; the 500 by Lightman et al.); fetched, never shipped",
        citation="Hendrycks et al., Measuring Mathematical Problem Solving With the MATH Dataset, arXiv:2103.03874, "
        "2021; Lightman et al., Let's Verify Step by Step, arXiv:2305.20050, 2023; the prompt of OpenAI's simple-evals",
    ),
    Benchmark(
        name="aime",
        title="AIME: 30 problems a year whose answers are integers (2025; 2024 by --problems-file)",
        script=PROMPTED,
        open_tasks=competition.open_aime,
        answer_parser="math",
        evaluator="math",
        votes_by="number",
        licence="problems by the Mathematical Association of America (2025's copy: Apache-2.0); fetched, never shipped",
        citation="MAA, American Invitational Mathematics Examination; the prompt of OpenAI's gpt-oss evaluations",
        options=frozenset({"start_date", "end_date"}),
    ),
)
