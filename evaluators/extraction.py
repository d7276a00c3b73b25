"""Extraction: a JSON value against a task's JSON Schema and the expected object, field by field and as a whole.

Types count: a string is never a number, true is never 1. Numbers are compared exactly (12.50 is 12.5, 31 is 31.0),
strings after stripping, lists in order. The outcome is ``correct`` only when the value is valid and all fields agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators import schemas
from evaluators.box import Box
from evaluators.sandbox.protocol import shown
from parsers.safe_json import bounded

_MISSING = object()


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:  # noqa: ARG001 - pure
    """``reference``: schema, expected. ``Verdict.fields`` has one entry for each expected field."""
    schema, expected = reference.get("schema"), reference.get("expected")
    if not isinstance(schema, Mapping) or not isinstance(expected, Mapping) or not expected:
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has no schema or no expected object")
    value = answer.value
    if not bounded(value):
        return Verdict(Outcome.WRONG, "the answer is too large or too deep to be looked at",
                       fields=dict.fromkeys(expected, False))
    given = value if isinstance(value, Mapping) else {}
    fields = {name: same(given.get(name, _MISSING), wanted) for name, wanted in expected.items()}
    try:
        complaint = schemas.complaint(schema, value)
    except schemas.NO_SCHEMA as error:
        return Verdict(Outcome.HARNESS_FAULT, f"task {task_id} has a schema that is none: {shown(str(error), 120)}")
    wrong = [name for name, agrees in fields.items() if not agrees]
    extra = sorted(set(given) - set(expected))
    remarks = [f"schema: {complaint}"] if complaint else []
    remarks += [f"wrong: {', '.join(wrong)}"] if wrong else []
    remarks += [f"not asked for: {shown(', '.join(extra), 80)}"] if extra else []
    return Verdict(Outcome.WRONG if remarks else Outcome.CORRECT, "; ".join(remarks), fields=fields)


def same(given: Any, wanted: Any) -> bool:
    """Equal in value and kind. Never raises; NaN equals nothing."""
    if _is_number(given) and _is_number(wanted):
        return Decimal(repr(given)) == Decimal(repr(wanted))
    if isinstance(given, str) and isinstance(wanted, str):
        return given.strip() == wanted.strip()
    if isinstance(given, Mapping) and isinstance(wanted, Mapping):
        return given.keys() == wanted.keys() and all(same(given[key], wanted[key]) for key in wanted)
    if isinstance(given, list) and isinstance(wanted, list):
        return len(given) == len(wanted) and all(map(same, given, wanted))
    return type(given) is type(wanted) and bool(given == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
