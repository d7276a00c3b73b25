"""A JSON value that is as good as any other, as long as it keeps to the task's schema: a judge's reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators import schemas
from evaluators.box import Box
from evaluators.sandbox.protocol import shown
from parsers.safe_json import bounded


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:  # noqa: ARG001 - pure
    """``reference``: schema."""
    schema = reference.get("schema")
    if not isinstance(schema, Mapping):
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no schema")
    if not bounded(answer.value):
        return Verdict(Outcome.WRONG, "the answer is too large or too deep to be looked at")
    try:
        complaint = schemas.complaint(schema, answer.value)
    except schemas.NO_SCHEMA as error:
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has a schema that is none: {shown(str(error), 120)}")
    return Verdict(Outcome.WRONG, f"schema: {complaint}") if complaint else Verdict(Outcome.CORRECT)
