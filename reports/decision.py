"""What two models asked by turns came to, in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.lookup import count_at, number_at, text_at, value_at
from reports.text import escape


def sentence(record: Mapping[str, Any]) -> str:
    """``Q2_K is worse than F16 by 68 points [60, 76] after 24 of 200 tasks (...)``; empty where nothing was decided.

    ``record``: a record of the ledger or a row of ``analysis.comparison``, which both have ``model`` and ``decision``.
    """
    word, points = text_at(record, "decision", "word"), number_at(record, "decision", "difference")
    if word is None or points is None:
        return ""
    this, that = (escape(text_at(record, *keys) or "?", 60) for keys in (("model",), ("decision", "against")))
    ends = value_at(record, "decision", "interval_points")
    low, high = ends if isinstance(ends, list) and len(ends) == 2 else (points, points)
    margin = number_at(record, "decision", "margin_points") or 0.0
    if word == "better":
        said = f"{this} is better than {that} by {_amount(points)} points [{_amount(low)}, {_amount(high)}]"
    elif word == "worse":
        said = f"{this} is worse than {that} by {_amount(-points)} points [{_amount(-high)}, {_amount(-low)}]"
    elif word == "equivalent":
        said = (f"{this} and {that} are equivalent within {margin:g} points: a difference of {_signed(points)} "
                f"[{_signed(low)}, {_signed(high)}]")
    else:
        said = (f"{this} and {that} are neither told apart nor shown to be equivalent within {margin:g} points: a "
                f"difference of {_signed(points)} [{_signed(low)}, {_signed(high)}]")
    return f"{said} {_after(record)}"


def _after(record: Mapping[str, Any]) -> str:
    seen, total = (count_at(record, "decision", key) or 0 for key in ("tasks_seen", "tasks_total"))
    alpha = number_at(record, "decision", "alpha") or 0.0
    if seen == total:
        return f"after all {_tasks(total)} (Tango's interval, alpha {alpha:g})"
    left = total - seen
    return (f"after {seen:,} of {_tasks(total)} (always-valid, alpha {alpha:g}); {_tasks(left)} "
            f"{'was' if left == 1 else 'were'} not needed")


def _tasks(count: int) -> str:
    return f"{count:,} task" if count == 1 else f"{count:,} tasks"


def _amount(points: float) -> str:
    """A whole number where that is what it is."""
    return f"{round(points, 1) + 0.0:.1f}".removesuffix(".0")


def _signed(points: float) -> str:
    return f"{points:+.1f}".removesuffix(".0") if round(points, 1) else "0"
