"""GSM8K: natively as exact numbers (``math_answers``), or as published: the same text, commas and dollar signs aside.

So ``18.0`` for 18 is right natively and wrong as published.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators import math_answers
from evaluators.box import Box
from evaluators.sandbox.protocol import shown
from parsers.answers.gsm8k_published import dropped


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:
    """``reference``: answer, the gold number; published, the text behind the mark in the data set."""
    if box.grading != "upstream":
        return math_answers.evaluate(task_id, reference, answer, box)
    wanted = reference.get("published")
    if not isinstance(wanted, str) or not dropped(wanted):
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no gold answer")
    if not isinstance(answer.value, str):
        return Verdict(Outcome.WRONG, f"{shown(answer.value, 60)} is no text")
    if dropped(answer.value) == dropped(wanted):
        return Verdict(Outcome.CORRECT)
    return Verdict(Outcome.WRONG, f"{shown(answer.value, 60)} instead of {shown(wanted, 60)}, as texts")
