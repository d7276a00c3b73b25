"""The leaderboard of judged texts as a page for a browser. Texts are spelled out here and escaped by the template."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.rubric import Rubric
from core.standings import Estimate
from core.version import VERSION
from reports.judged.board_table import table_of
from reports.judged.findings import Findings
from reports.pages.frame import Assets, Page, render
from reports.table import Column, Section, Table
from reports.text import escape

WIDTH = 120
"""Of the picture of an interval, in its own units."""


def to_html(found: Findings, assets: Assets) -> str:
    """The whole page; it fetches nothing."""
    table = table_of(found)
    bars = _bars(found, table)
    sections = [_section(table, section, bars.get(place, ())) for place, section in enumerate(table.sections)]
    rubrics = {one.rubric.sha256: one.rubric for one in found.judges}
    values = {
        "experiment": escape(found.experiment, 80),
        "subtitle": f"{escape(found.benchmark, 80)} · {_judges(found)}",
        "sections": sections,
        "rubrics": [{"version": escape(each.version), "sha256": each.sha256, "text": _lines(each)}
                    for each in rubrics.values()],
        "legend": [line.text for line in table.legend],
        "version": VERSION,
    }
    return render(Page("judged.html", values, ("across.css", "judged.css")), assets)


def _judges(found: Findings) -> str:
    count = len({one.judge for one in found.judges})
    return f"{count} {'judge' if count == 1 else 'judges'}"


def _lines(rubric: Rubric) -> str:
    return "\n".join(escape(line, None) for line in rubric.text.split("\n"))


def _section(table: Table, section: Section, bars: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    shown = [column for column in table.columns if any(line.cells.get(column.key) for line in section.lines)]
    return {
        "title": section.title,
        "says": section.says,
        "notes": section.notes,
        "columns": [{"heading": _heading(section, column, place), "number": column.align == "right"}
                    for place, column in enumerate(shown)],
        "rows": [{"cells": [{"text": line.cells.get(column.key, ""), "number": column.align == "right",
                             "style": _STYLES.get((line.styles or {}).get(column.key, ""), ""),
                             "bar": bars[row] if bars and column.key == "composite" else None}
                            for column in shown]}
                 for row, line in enumerate(section.lines)],
    }


_STYLES = {"green": "higher", "red": "lower"}


def _heading(section: Section, column: Column, place: int) -> str:
    return section.heading if place == 0 and section.heading else column.heading.strip()


def _bars(found: Findings, table: Table) -> dict[int, tuple[dict[str, Any], ...]]:
    """By the place of a section the pictures of its rows' composites."""
    boards = [place for place, section in enumerate(table.sections) if section.heading == "Model"]
    return {place: tuple(_bar(standing.cell.judged.composite, one.rubric) for standing in one.board.standings)
            for place, one in zip(boards, found.judges, strict=True)}


def _bar(composite: Estimate, rubric: Rubric) -> dict[str, Any]:
    def at(value: float) -> float:
        return round(WIDTH * (value - rubric.lowest) / (rubric.highest - rubric.lowest), 1)

    low, high = (composite.mean if end is None else end for end in (composite.low, composite.high))
    return {"from": at(low), "width": max(1.0, round(at(high) - at(low), 1)), "dot": at(composite.mean),
            "whole": WIDTH}

