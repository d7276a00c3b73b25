"""Texts that no program can grade: each waits for a judge, a person or a model, who scores it by a rubric."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.box import Box


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Box) -> Verdict:  # noqa: ARG001 - pure
    """Whatever is there is to be judged; a reply without an answer never gets here."""
    return Verdict(Outcome.UNJUDGED)
