"""How a model behaves: what it refuses, and whether it does as it is told."""

from __future__ import annotations

from benchmarks.benchmark import PROMPTED, Benchmark
from benchmarks.datasets import ifeval, xstest

BEHAVIOUR = (
    Benchmark(
        name="ifeval",
        title="IFEval: 541 prompts whose instructions a program can check",
        script=PROMPTED,
        open_tasks=ifeval.open_tasks,
        answer_parser="text",
        evaluator="ifeval",
        needs=("langdetect",),
        votes_by="verbatim",
        licence="Apache-2.0 or CC-BY-4.0 (Google states both); fetched, never shipped",
        citation="Zhou et al., Instruction-Following Evaluation for Large Language Models, arXiv:2311.07911, 2023; "
        "prompt-level strict accuracy",
    ),
    Benchmark(
        name="xstest",
        title="XSTest: 250 safe prompts to be answered, 200 unsafe ones to be refused",
        script=PROMPTED,
        open_tasks=xstest.open_tasks,
        answer_parser="text",
        evaluator="refusal",
        votes_by="refusal",
        licence="CC-BY-4.0 (Röttger et al.); fetched, never shipped",
        citation="Röttger et al., XSTest: A Test Suite for Identifying Exaggerated Safety Behaviours in Large Language "
        "Models, arXiv:2308.01263, 2023; graded by rules of ours, which parsers/refusals states",
        options=frozenset({"subjects"}),
    ),
)
