"""Programs tried on the examples that their task's prompt shows. Evidence for selectors and votes, never a verdict: the
reference here is what the model itself was shown, and the tests that grade are not in it.

It runs in the same pool and box as the verification, beside it: ``pool.submit("examples", task_id, lambda:
{"examples": task_set.public_examples(task_id)}, answer)``; the future's verdict is a ``Tried``. Limit: 3 seconds an
example, for the inputs that people write down are small ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.examples import Example, PublicExamples
from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.box import Box
from evaluators.sandbox import values
from evaluators.sandbox.job import CALLS, STDIN, Job
from parsers.keys.program import source_of

LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Tried(Verdict):
    """What a program did with the public examples."""

    key: str | None = None
    """Of what it returned, printed or raised for each input: equal for programs that did the same. None: it ran through
    none of them."""
    share: float | None = None
    """Of the examples with a known result, those it gave; None where there are no such ones."""
    runs: bool = False
    """Whether it ran through at least one."""


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:
    """``reference``: examples, a ``PublicExamples``. The value is a program as the task's own evaluator takes it."""
    shown = reference.get("examples")
    if not isinstance(shown, PublicExamples) or not shown.examples:
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} shows no examples to try a program on")
    program = source_of(answer.value)
    if program is None:
        return Verdict(Outcome.NO_ANSWER, "the answer holds no program")
    tests = {"cases": [_case(example) for example in shown.examples], "rows": shown.rows}
    mode, judge = (CALLS, "example_calls") if shown.entry is not None else (STDIN, "example_streams")
    verdict, said = box.report(Job(mode, judge, program, tests, entry=shown.entry, prelude=shown.prelude,
                                   limits=box.limits(LIMIT_S), tests_count=len(shown.examples)))
    judged = said.get("judged")
    return Tried(verdict.outcome, verdict.detail, isolation=verdict.isolation, key=said.get("key") or None,
                 share=said["passed"] / judged if judged else None, runs=bool(said.get("ran")))


def _case(example: Example) -> dict[str, Any]:
    wanted = {} if not example.judged else {
        "want": example.expected if isinstance(example.given, str) else values.encode(example.expected)}
    if isinstance(example.given, str):
        return {"stdin": example.given, **wanted}
    return {"args": [values.encode(item) for item in example.given],
            "kw": {name: values.encode(item) for name, item in example.named.items()}, **wanted}
