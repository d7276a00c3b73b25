"""What a strategy is called in tables: its name, the most it draws of a task, and what else tells it from others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.lookup import count_at, number_at, object_at, text_at, texts_at
from reports import numbers
from reports.text import escape

Row = Mapping[str, Any]


def strategy_label(row: Row) -> str:
    """``sc_fixed n=16``, ``adaptive_margin n<=16``: of one that may stop early the most it draws."""
    name, budget = escape(text_at(row, "strategy") or "single", 24), count_at(row, "budget")
    if budget is None or name == "single":
        return name
    early = number_at(row, "confidence") is not None or count_at(row, "window") is not None
    said = [f"{name} n{'<=' if early else '='}{budget}"]
    selectors = ", ".join(escape(each, 24) for each in texts_at(row, "selector") or ())
    said += [f" by {selectors}"] if selectors else []
    said += [f", {numbers.whole(most)} {escape(key, 10)}" for key in object_at(row, "limits")
             if (most := number_at(row, "limits", key)) is not None]
    then = text_at(row, "then")
    return "".join([*said, f" > {escape(then, 40)}" if then else ""])
