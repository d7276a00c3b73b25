"""An answer that is a text: the same as the expected one, or as one of several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.box import Box
from evaluators.sandbox.protocol import shown

_MOST = 100_000


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:  # noqa: ARG001 - pure
    """``reference``: expected, the texts that are right; ignore_case. Blanks between words are one; those around go."""
    expected = reference.get("expected")
    if not isinstance(expected, list) or not expected or not all(isinstance(text, str) for text in expected):
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no text that would be right")
    if not isinstance(answer.value, (str, int, float)) or len(str(answer.value)) > _MOST:
        return Verdict(Outcome.WRONG, f"{shown(answer.value, 60)} is no text")
    fold = bool(reference.get("ignore_case"))
    if _plain(str(answer.value), fold) in {_plain(text, fold) for text in expected}:
        return Verdict(Outcome.CORRECT)
    return Verdict(Outcome.WRONG, f"{shown(answer.value, 60)} instead of {shown(expected[0], 60)}")


def _plain(text: str, fold: bool) -> str:
    words = " ".join(text.split())
    return words.casefold() if fold else words
