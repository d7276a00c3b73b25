"""The judges, by the name a job gives."""

from __future__ import annotations

from collections.abc import Callable

from evaluators.sandbox import asserts, examples, judges, plus
from evaluators.sandbox.judges import ReadTests, Verdict
from evaluators.sandbox.spawn import Run

JUDGES: dict[str, Callable[[Run, ReadTests], Verdict]] = {
    "human_eval": judges.human_eval,
    "functional": judges.functional,
    "stdin": judges.stdin,
    "upstream": judges.upstream,
    "asserts": asserts.asserts,
    "plus": plus.plus,
    "outputs": plus.outputs,
    "example_calls": examples.example_calls,
    "example_streams": examples.example_streams,
    "report": judges.report,
}
