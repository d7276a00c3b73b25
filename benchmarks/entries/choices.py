"""Questions with lettered choices."""

from __future__ import annotations

from benchmarks.benchmark import PROMPTED, Benchmark
from benchmarks.datasets import gpqa, mmlu, mmlu_pro, truthfulqa

_TWO_WAYS = frozenset({"grading", "subjects"})

CHOICES = (
    Benchmark(
        name="mmlu",
        title="MMLU: 14,042 four-choice questions of 57 subjects",
        script=PROMPTED,
        open_tasks=mmlu.open_tasks,
        answer_parser="choice",
        upstream_parser="choice_published",
        evaluator="choice",
        votes_by="choice",
        licence="MIT (Hendrycks et al.); fetched, never shipped",
        citation="Hendrycks et al., Measuring Massive Multitask Language Understanding, arXiv:2009.03300, 2020; v1: "
        "the chat prompt of OpenAI's simple-evals",
        options=_TWO_WAYS,
    ),
    Benchmark(
        name="mmlu_pro",
        title="MMLU-Pro: 12,032 ten-choice questions of 14 categories",
        script=PROMPTED,
        open_tasks=mmlu_pro.open_tasks,
        answer_parser="choice",
        upstream_parser="mmlu_pro_published",
        evaluator="choice",
        votes_by="choice",
        licence="MIT (TIGER-Lab); fetched, never shipped",
        citation="Wang et al., MMLU-Pro: A More Robust and Challenging Multi-Task Language Understanding Benchmark, "
        "arXiv:2406.01574, 2024",
        options=_TWO_WAYS,
    ),
    Benchmark(
        name="gpqa",
        title="GPQA diamond: 198 graduate questions with four choices (gated)",
        script=PROMPTED,
        open_tasks=gpqa.open_tasks,
        answer_parser="choice",
        upstream_parser="choice_published",
        evaluator="choice",
        votes_by="choice",
        licence="CC-BY-4.0; gated: accept its terms on the hub and set HF_TOKEN; never republish it",
        citation="Rein et al., GPQA: A Graduate-Level Google-Proof Q&A Benchmark, arXiv:2311.12022, 2023; the chat "
        "prompt of OpenAI's simple-evals",
        options=_TWO_WAYS,
    ),
    Benchmark(
        name="truthfulqa",
        title="TruthfulQA: 790 questions, multiple choice, one answer is true (MC1, lettered)",
        script=PROMPTED,
        open_tasks=truthfulqa.open_tasks,
        answer_parser="choice",
        upstream_parser="choice_published",
        evaluator="choice",
        votes_by="choice",
        licence="Apache-2.0 (Lin et al.); fetched, never shipped",
        citation="Lin et al., TruthfulQA: Measuring How Models Mimic Human Falsehoods, arXiv:2109.07958, 2021",
        options=_TWO_WAYS,
    ),
)
