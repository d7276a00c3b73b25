"""The evaluators, by name."""

from __future__ import annotations

from difflib import get_close_matches

from core.errors import UsageError
from evaluators import (
    choice,
    exact,
    examples,
    extraction,
    formula,
    gsm8k,
    human_eval,
    human_eval_plus,
    judged,
    lcb,
    math_answers,
    mbpp,
    mbpp_plus,
    refusal,
    schema_kept,
)
from evaluators.box import Evaluator
from evaluators.ifeval import verdict as ifeval_verdict
from system import plugins

EVALUATORS: dict[str, Evaluator] = {
    "human_eval": Evaluator("human_eval", human_eval.evaluate, runs_code=True),
    "human_eval_plus": Evaluator("human_eval_plus", human_eval_plus.evaluate, runs_code=True),
    "mbpp_plus": Evaluator("mbpp_plus", mbpp_plus.evaluate, runs_code=True),
    "mbpp": Evaluator("mbpp", mbpp.evaluate, runs_code=True),
    "lcb": Evaluator("lcb", lcb.evaluate, runs_code=True),
    "gsm8k": Evaluator("gsm8k", gsm8k.evaluate, runs_code=False),
    "examples": Evaluator("examples", examples.evaluate, runs_code=True),
    "formula": Evaluator("formula", formula.evaluate, runs_code=True),
    "exact": Evaluator("exact", exact.evaluate, runs_code=False),
    "ifeval": Evaluator("ifeval", ifeval_verdict.evaluate, runs_code=False),
    "refusal": Evaluator("refusal", refusal.evaluate, runs_code=False),
    "math": Evaluator("math", math_answers.evaluate, runs_code=False),
    "judged": Evaluator("judged", judged.evaluate, runs_code=False),
    "choice": Evaluator("choice", choice.evaluate, runs_code=False),
    "extraction": Evaluator("extraction", extraction.evaluate, runs_code=False),
    "schema": Evaluator("schema", schema_kept.evaluate, runs_code=False),
}


def get(name: str) -> Evaluator:
    """The evaluator called ``name``, ours or a plug-in's. Raises UsageError, listing near names."""
    if name not in EVALUATORS:
        found = plugins.load(plugins.EVALUATORS, name)
        if isinstance(found, Evaluator):
            return found
        if callable(found):
            return Evaluator(name, found, runs_code=False)
        near = get_close_matches(name, EVALUATORS) or sorted(EVALUATORS)
        raise UsageError(f"there is no evaluator {name!r}; there are {', '.join(near)}")
    return EVALUATORS[name]
