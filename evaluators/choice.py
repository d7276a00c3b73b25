"""A lettered choice: the letter, and nothing else, decides."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.box import Box
from evaluators.sandbox.protocol import shown


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:  # noqa: ARG001 - pure
    """``reference``: answer, the letter of the right choice. The value is a letter."""
    wanted = reference.get("answer")
    if not isinstance(wanted, str) or len(wanted) != 1 or not wanted.isascii() or not wanted.isupper():
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no letter as its answer")
    if answer.value == wanted:
        return Verdict(Outcome.CORRECT)
    return Verdict(Outcome.WRONG, f"{shown(answer.value, 20)} instead of {wanted}")
