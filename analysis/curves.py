"""What more compute buys, along the rows of ``analysis.budgets`` that are one strategy at rising budgets.

Keys that are added to a row, each absent where it cannot be told:

======================================  =============================================================================
``fa``, ``fa_low``, ``fa_high``         frontier area of the row's curve over tokens, 0 to 1, and its 95 % interval;
                                        the same in all rows of a curve
``fa_from``, ``fa_to``                  the range of tokens it is over, shared by all curves on the same tasks
``mvc_per_1000_tokens``, ``…_low``,     points of accuracy gained from the next cheaper budget to this one, for 1,000
``…_high``                              further completion tokens, with its 95 % interval
``mvc_per_kilojoule``, ``…_low``, …     the same for 1,000 further joules
======================================  =============================================================================

See ``analysis.frontier`` for what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.budgets import Run, curve_of
from analysis.frontier import Budget, Chooser, Intervals, Point, Span, area, gains, intervals, span_of
from analysis.rows import Row
from core.judged_in_record import is_for_judges
from core.lookup import text_at

Placed = tuple[int, Budget]
"""A row's place and its tasks."""


def add_curves(rows: Sequence[Row], runs: Sequence[Run], chooser: Chooser) -> None:
    """``rows`` and ``runs`` as ``analysis.budgets.rows`` gave them; ``chooser`` draws the resamples."""
    arenas: dict[Any, dict[str, list[int]]] = {}
    for place, run in enumerate(runs):
        if is_for_judges(run.record):
            continue  # no task of it is right or wrong
        arena = arenas.setdefault((text_at(run.record, "benchmark"), text_at(run.record, "tasks_sha256")), {})
        arena.setdefault(curve_of(run), []).append(place)
    for arena in arenas.values():
        if all(len(places) == 1 for places in arena.values()):
            continue  # single runs are no curves, and the area under a point says nothing
        by_tokens = [_budgets(places, runs, "completion_tokens") for places in arena.values()]
        span = span_of(budget.point() for curve in by_tokens for _, budget in curve)
        for curve in by_tokens:
            if span is not None and curve:
                found = intervals([budget for _, budget in curve], span, chooser)
                _add_area(rows, curve, span, found)
                _add_gains(rows, curve, found, "mvc_per_1000_tokens")
        for places in arena.values():
            curve = _budgets(places, runs, "joules")
            joules = span_of(budget.point() for _, budget in curve)
            if joules is not None:
                found = intervals([budget for _, budget in curve], joules, chooser)
                _add_gains(rows, curve, found, "mvc_per_kilojoule")


def _budgets(places: Sequence[int], runs: Sequence[Run], name: str) -> list[Placed]:
    """Those of one curve from the cheapest, on the tasks that count at all of them; none where an amount is unknown."""
    common = [task for task in runs[places[0]].tasks
              if all(task in runs[place].tasks and runs[place].tasks[task].counts for place in places)]
    here = [[runs[place].tasks[task] for task in common] for place in places]
    if not common or any(name not in spent.amounts for tasks in here for spent in tasks):
        return []
    found = [(place, Budget([spent.amounts[name] for spent in tasks], [spent.passed for spent in tasks]))
             for place, tasks in zip(places, here, strict=True)]
    return sorted(found, key=lambda one: one[1].point())


def _add_area(rows: Sequence[Row], curve: Sequence[Placed], span: Span, ends: Intervals) -> None:
    found = area(_points(curve), span)
    if found is not None:
        for place, _ in curve:
            rows[place] |= {"fa": found, "fa_from": span.low, "fa_to": span.high, **_ends("fa", ends.area, 1)}


def _add_gains(rows: Sequence[Row], curve: Sequence[Placed], ends: Intervals, key: str) -> None:
    for (place, _), gain, between in zip(curve[1:], gains(_points(curve)), ends.gains, strict=True):
        if gain is not None:
            rows[place] |= {key: 100 * gain, **_ends(key, between, 100)}


def _ends(key: str, ends: tuple[float, float] | None, times: float) -> Row:
    return {} if ends is None else {f"{key}_low": times * ends[0], f"{key}_high": times * ends[1]}


def _points(curve: Sequence[Placed]) -> list[Point]:
    return [budget.point() for _, budget in curve]
