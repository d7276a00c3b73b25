"""How a model behaves: what it refuses."""

from __future__ import annotations

from benchmarks.benchmark import PROMPTED, Benchmark
from benchmarks.datasets import xstest

BEHAVIOUR = (
    Benchmark(
        name="xstest",
        title="XSTest: 250 safe prompts to be answered, 200 unsafe ones to be refused",
        script=PROMPTED,
        open_tasks=xstest.open_tasks,
        answer_parser="text",
        evaluator="refusal",
        votes_by="text",
        licence="CC-BY-4.0 (Röttger et al.); fetched, never shipped",
        citation="Röttger et al., XSTest: A Test Suite for Identifying Exaggerated Safety Behaviours in Large Language "
        "Models, arXiv:2308.01263, 2023; graded by rules of ours, which evaluators/refusal states",
        options=frozenset({"subjects"}),
    ),
)
