"""Accuracy against what it cost: the rows of ``analyze`` as a chart."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.lookup import number_at, text_at
from reports import numbers
from reports.charts.axes import FONT_PX
from reports.charts.labels import shortened
from reports.charts.series import Look, Point, Series
from reports.table import shown_text


@dataclass(frozen=True, slots=True)
class Cost:
    """One way to count what a task cost."""

    column: str
    title: str
    within: str
    """Of the frontier: ``within that many tokens``."""
    absent: str
    """What to do where no row has it."""


COSTS: Mapping[str, Cost] = {
    "tokens": Cost("completion_tokens", "Completion tokens a task", "within that many tokens",
                   "the servers did not count them"),
    "seconds": Cost("seconds", "Seconds a task", "within that many seconds", "the runs did not time their requests"),
    "joules": Cost("joules", "Joules a task", "for that many joules", "run with --measure-energy"),
    "cost": Cost("cost_usd", "US dollars a task", "for that much money",
                 "only hosted models with a price in the price table cost money"),
}

Row = Mapping[str, Any]


def drawable(rows: Sequence[Row], cost: Cost) -> list[Row]:
    """The rows that have both numbers, and a cost that a log axis has a place for."""
    return [row for row in rows if number_at(row, "accuracy") is not None and (number_at(row, cost.column) or 0) > 0]


def series_of(rows: Sequence[Row], cost: Cost) -> list[Series]:
    """A series for each model, benchmark, strategy and settings; the best first."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = (row.get("benchmark"), row.get("model"), row.get("strategy"), row.get("selector"), row.get("confidence"),
               row.get("window"), row.get("then"), "limit" in row, _settings(row),
               row.get("hosted") is True)
        found.setdefault(key, []).append(row)
    named = _named(list(found))
    series = [Series(name, [_point(row, name, cost, alone=len(members) == 1) for row in _by_cost(members, cost)],
                     hosted=key[-1]) for (key, members), name in zip(found.items(), named, strict=True)]
    return sorted(series, key=lambda one: -max(point.y for point in one.points))


def caption(series: Sequence[Series], *, frontier: str = "") -> str:
    """What is drawn how. ``frontier``: of the steps, where there are any, up to what they are the best."""
    parts = ["Bars: 95 % intervals." if any(point.low is not None for one in series for point in one.points) else "",
             f"Grey steps: the frontier, the best accuracy {frontier}." if frontier else "",
             "Hollow: hosted models." if any(one.hosted for one in series) else ""]
    return " ".join(filter(None, parts))


def look_of(series: Sequence[Series], cost: Cost, frontier: Sequence[tuple[float, float]],
            benchmark: str | None = None) -> Look:
    """``benchmark``: where all are of one."""
    return Look(cost.title, f"Accuracy on {shortened(benchmark, FONT_PX, 200)} (%)" if benchmark else "Accuracy (%)",
                frontier=frontier, caption=caption(series, frontier=cost.within if frontier else ""))


def _by_cost(rows: Sequence[Row], cost: Cost) -> list[Row]:
    return sorted(rows, key=lambda row: number_at(row, cost.column) or 0.0)


_PARTS = ((2, "{}"), (3, "by {}"), (4, "at {:g}"), (5, "window {:g}"), (6, "then {}"), (7, "with a limit"),
          (0, "on {}"), (8, "({})"))
"""Places in a series' key, and how they are said."""


def budget_name(row: Row) -> str:
    """``n=4``, ``max 16``, ``20000 tokens``; empty where there is none."""
    n, most = number_at(row, "n"), number_at(row, "max_n")
    return text_at(row, "limit") or (f"n={n:g}" if n is not None else f"max {most:g}" if most is not None else "")


def _named(keys: Sequence[tuple[Any, ...]]) -> list[str]:
    """Each by what tells it from the others: the model always, a strategy's settings where they differ in it."""
    names = []
    for key in keys:
        parts = [str(key[1])]
        for place, shown in _PARTS:
            others = {other[place] for other in keys if place not in {3, 4, 5} or other[2] == key[2]}
            if len(others) > 1 and key[place] not in {None, "", False}:
                parts.append(shown.format(key[place]))
        names.append(" ".join(parts))
    return names


def _settings(row: Row) -> str:
    """``temperature 0.8, seed 1``; a table from a file has them as JSON, and may have been edited."""
    found = row.get("settings")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return shown_text(found)
    if not isinstance(found, Mapping):
        return ""
    return ", ".join(f"{str(name).removeprefix('sampling.')} {shown_text(value)}" for name, value in found.items())


def _point(row: Row, name: str, cost: Cost, *, alone: bool) -> Point:
    accuracy, spent = number_at(row, "accuracy") or 0.0, number_at(row, cost.column) or 0.0
    low, high = number_at(row, "accuracy_low"), number_at(row, "accuracy_high")
    budget = budget_name(row)
    ends = [low, high] if low is not None and high is not None else None
    said = [name, budget, f"{numbers.score_cell(accuracy, ends)} %",
            f"{numbers.amount(spent) if spent >= 0.01 else f'{spent:.2g}'} {cost.title[0].lower()}{cost.title[1:]}",
            f"{text_at(row, 'validity')}" if text_at(row, "validity") == "suspect" else ""]
    return Point(spent, accuracy, low, high, ", ".join(filter(None, said)), "" if alone else budget)
