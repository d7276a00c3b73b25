"""Numeric answers, compared as exact numbers: 1/2 is 0.5, 1,000 is 1000, 3.10 is 3.1; there is no tolerance.

What a text's number is, ``parsers.answers.numbers`` says, for gold answers as for replies. A percent sign is dress
there, so ``25%`` is 25 (a question that asks for a percentage has its gold bare), and 0.25 is never 25%. Only where the
question asks for no percentage does the parser leave the sign on, and then 25% is right for a gold of 0.25 as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.box import Box
from evaluators.sandbox.protocol import shown
from parsers.answers.numbers import exact, is_percent


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:  # noqa: ARG001 - pure
    """``reference``: answer, the gold number as text. The value is a number, or text that holds one and no more."""
    wanted = number(reference.get("answer"))
    if wanted is None:
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no numeric gold answer")
    given = number(answer.value)
    if given is None:
        return Verdict(Outcome.WRONG, f"{shown(answer.value, 60)} is no number")
    if given == wanted or (isinstance(answer.value, str) and given == 100 * wanted and is_percent(answer.value)):
        return Verdict(Outcome.CORRECT)
    return Verdict(Outcome.WRONG, f"{shown(answer.value, 60)} instead of {shown(reference['answer'], 60)}")


def number(value: object) -> Fraction | None:
    """The exact number that ``value`` is or writes, a percent sign left aside."""
    return exact(value)
