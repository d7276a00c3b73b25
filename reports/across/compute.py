"""What more compute buys, in numbers: the rows of ``analyze`` as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from core.lookup import number_at, text_at
from reports import numbers
from reports.across.facts import Row
from reports.charts.spending import budget_name
from reports.text import escape

COLUMNS = ("Model", "Strategy", "Budget", "Accuracy % [95 %]", "Samples", "Tokens", "Seconds", "Joules", "US$",
           "FA [95 %]", "MVC [95 %]")
"""Means a task; FA: frontier area, MVC: marginal value of compute."""


TEXTS = 2
"""The first columns are texts, the others numbers."""


@dataclass(frozen=True, slots=True)
class ComputeTable:
    """Columns in which any row has something."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    """Texts, escaped."""


def compute_table(spent: Sequence[Row], benchmark: str) -> ComputeTable | None:
    """None where no strategy drew more than one sample."""
    here = [row for row in spent if str(row.get("benchmark") or "?") == benchmark]
    if not any(row.get("strategy") != "single" for row in here):
        return None
    rows = [_cells(row) for row in here]
    shown = [place for place in range(len(COLUMNS)) if any(row[place] for row in rows)]
    return ComputeTable([COLUMNS[place] for place in shown], [[row[place] for place in shown] for row in rows])


def _cells(row: Row) -> list[str]:
    selector = f" by {escape(text, 40)}" if (text := text_at(row, "selector")) else ""
    then = f" then {escape(text, 40)}" if (text := text_at(row, "then")) else ""
    return [
        escape(text_at(row, "model") or "?", 60) + then, escape(text_at(row, "strategy") or "?", 30) + selector,
        escape(budget_name(row), 30) or "1",
        numbers.score_cell(number_at(row, "accuracy"), _ends(row, "accuracy")),
        numbers.amount(number_at(row, "samples")), numbers.amount(number_at(row, "completion_tokens")),
        numbers.seconds(number_at(row, "seconds")), numbers.amount(number_at(row, "joules")),
        _money(number_at(row, "cost_usd")),
        _with_ends(row, "fa", 3), _with_ends(row, "mvc_per_1000_tokens", 1),
    ]


def _ends(row: Row, key: str) -> tuple[float, float] | None:
    low, high = number_at(row, f"{key}_low"), number_at(row, f"{key}_high")
    return (low, high) if low is not None and high is not None else None


def _with_ends(row: Row, key: str, digits: int) -> str:
    value, ends = number_at(row, key), _ends(row, key)
    if value is None:
        return ""
    return f"{value:.{digits}f}" + (f" [{ends[0]:.{digits}f}, {ends[1]:.{digits}f}]" if ends else "")


def _money(value: float | None) -> str:
    return "" if value is None else f"{value:.2g}"
