"""What an audit found: how much came out otherwise when the same tasks were asked twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.lookup import count_at, texts_at
from reports.text import escape

MOST_DIFFERING = 20
"""Names of tasks that came out otherwise the second time; the rest is counted."""


def sentence(record: Mapping[str, Any]) -> str:
    """``asked twice: texts differed for 5 of 40 tasks, verdicts for 2``; empty where there was no audit."""
    counts = _counts(record)
    if counts is None:
        return ""
    tasks, texts, verdicts = counts
    return f"asked twice: texts differed for {texts} of {tasks} tasks, verdicts for {verdicts}"


def pairs(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The same as names and values, with the tasks."""
    counts = _counts(record)
    if counts is None:
        return []
    tasks, texts, verdicts = counts
    found = [("texts that differ", f"{texts} of {tasks}"), ("verdicts that differ", f"{verdicts} of {tasks}")]
    names = texts_at(record, "audit", "differing") or ()
    if names:
        more = [f"and {len(names) - MOST_DIFFERING:,} more"] if len(names) > MOST_DIFFERING else []
        found.append(("tasks", "  ".join([*(escape(name, 60) for name in names[:MOST_DIFFERING]), *more])))
    unanswered = count_at(record, "audit", "unanswered")
    return found + ([("not answered twice", f"{unanswered:,}")] if unanswered else [])


def _counts(record: Mapping[str, Any]) -> tuple[int, int, int] | None:
    tasks, texts, verdicts = (count_at(record, "audit", key) for key in ("tasks", "texts_differ", "verdicts_differ"))
    return None if not tasks or texts is None or verdicts is None else (tasks, texts, verdicts)
