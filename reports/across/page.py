"""A report across runs as a page for a browser. Texts are spelled out here and escaped by the template."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.lookup import text_at
from core.matrix import Matrix, Pair
from core.version import VERSION
from reports import numbers
from reports.across.charts import Drawing
from reports.across.compute import compute_table
from reports.across.facts import Across
from reports.across.leaderboard import Column, Leader, leader, shown_columns
from reports.pages.embed import json_block, packed_block, svg_block
from reports.pages.frame import Assets, Page, render
from reports.table import Section, Table
from reports.text import escape

MOST_SAID = 8
"""Sentences at the top of the page; all of them stand with their benchmarks."""

MOST_NAMES = 100
"""Names of flipped tasks that the page holds of a pair, each way."""

ALPHA = 0.05

_LATER = {"Version": 1, "Strategy": 2}
"""Groups, by the heading of their first column, whose sentences stand below the others'."""

_SCRIPTS = ("across_board.js", "across_pairs.js")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart as it goes into the page, for a wide window and for a telephone."""

    drawing: Drawing
    wide: str
    narrow: str


def to_html(across: Across, drawn: Sequence[Drawn], assets: Assets) -> str:
    """The whole page. What is long is data, and the page's script makes tables of it when they are looked at."""
    leaders = [leader(row, across.strategy(row.get("run_id"))) for row in across.leaders]
    said = sorted((section for section in across.table.sections if section.says),
                  key=lambda section: _LATER.get(section.heading, 0))  # which quantization and which model come first
    columns = shown_columns(leaders)
    benchmarks = list(_benchmarks(across, drawn))
    compared = {one["id"]: one.pop("sections") for one in benchmarks}
    values = {
        "root": escape(across.root), "subtitle": " · ".join(_subtitle(across)), "version": VERSION,
        "refused": [escape(one, 400) for one in across.refused],
        "unended": [escape(name, 80) for name in across.unended],
        "remarks": [escape(one, 400) for one in across.remarks],
        "said": said[:MOST_SAID], "unsaid": max(0, len(said) - MOST_SAID),
        "columns": columns, "benchmarks": [one | {"compared": bool(compared[one["id"]])} for one in benchmarks],
        "legend": [line.text for line in across.table.legend if line.column in _told(across.table)],
        "blocks": (json_block("data-board", [_board_row(one, columns) for one in leaders])
                   + packed_block("data-compared", compared) + packed_block("data-flips", _flips(across.matrices))),
    }
    return render(Page("across.html", values, ("charts.css", "across.css"), _SCRIPTS), assets)


def _board_row(one: Leader, columns: Sequence[Column]) -> dict[str, Any]:
    """Cells under ``columns``: texts, and of numbers what they are sorted by. Absent: nothing to say."""
    cells = [[one.cells[column.key].text, one.cells[column.key].by] if column.number else one.cells[column.key].text
             for column in columns]
    scale = [round(value, 2) for value in one.scale] if one.scale else None
    found = {"cells": cells, "benchmark": one.cells["benchmark"].text, "front": one.on_front, "mark": one.mark,
             "doubts": list(one.doubts), "origin": one.origin, "settings": one.settings, "kind": one.kind,
             "scale": scale}
    return {key: value for key, value in found.items() if value}


def _told(table: Table) -> set[str]:
    """The columns that any run has something in."""
    return {key for section in table.sections for line in section.lines for key, text in line.cells.items() if text}


def _subtitle(across: Across) -> list[str]:
    rows = across.leaders
    dates = sorted(date for row in rows if (date := numbers.date(text_at(row, "timestamp"))))
    between = "" if not dates else dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    suspect = sum(row.get("validity") == "suspect" for row in rows)
    found = [_counted(across.runs, "run"), _counted(len({row.get("base") for row in rows}), "model"),
             _counted(len(across.benchmarks), "benchmark"), _counted(suspect, "suspect score") if suspect else "",
             escape(between)]
    return [said for said in found if said]


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _benchmarks(across: Across, drawn: Sequence[Drawn]) -> Iterator[dict[str, Any]]:
    for number, benchmark in enumerate(across.benchmarks, 1):
        yield {
            "id": f"b{number}", "name": escape(benchmark, 60), "runs": len(across.of(benchmark)),
            "charts": [{"title": one.drawing.title, "wide": svg_block(one.wide), "narrow": svg_block(one.narrow),
                        "whole": one.drawing.whole} for one in drawn if one.drawing.benchmark == benchmark],
            "sections": [_section(across.table, section) for section in _sections(across, benchmark)],
            "matrices": [_matrix(matrix, place, across.strategy(matrix.standings[0].run_id))
                         for place, matrix in enumerate(across.matrices) if matrix.benchmark == benchmark],
            "compute": compute_table(across.spent, benchmark),
        }


def _sections(across: Across, benchmark: str) -> list[Section]:
    """The comparison's of one benchmark; a title begins with its name."""
    named = f"{escape(benchmark, 60)}: "
    return [section for section in across.table.sections if section.title.startswith(named)
            and any(line.cells.get("against") for line in section.lines)]


def _section(table: Table, section: Section) -> dict[str, Any]:
    columns = [column for column in table.columns if any(line.cells.get(column.key) for line in section.lines)]
    heads = [section.heading or columns[0].heading, *(column.heading for column in columns[1:])]
    return {"title": section.title.partition(": ")[2], "says": section.says, "notes": section.notes,
            "heads": heads, "numbers": [column.align == "right" for column in columns],
            "lines": [[line.cells.get(column.key, "") for column in columns] for line in section.lines]}


def _matrix(matrix: Matrix, place: int, strategy: str) -> dict[str, Any]:
    """Rows of cells; a cell is what its row's run passed and its column's did not."""
    cells: dict[tuple[int, int], Mapping[str, Any]] = {}
    labels = [escape(one.label, 40) for one in matrix.standings]
    for number, pair in enumerate(matrix.pairs):
        for row, column, here, there in ((pair.first, pair.second, pair.only_first, pair.only_second),
                                         (pair.second, pair.first, pair.only_second, pair.only_first)):
            clear = pair.p_corrected < ALPHA and len(here) != len(there)
            cells[row, column] = {
                "pair": number, "turned": row > column, "count": f"{len(here):,}",
                "kind": "" if not clear else "better" if len(here) > len(there) else "worse",
                "said": f"{labels[row]} passed {len(here):,} that {labels[column]} failed, and failed {len(there):,} "
                        f"that it passed; p (Holm) {numbers.probability(pair.p_corrected)}",
            }
    return {
        "place": place, "strategy": strategy, "total": f"{matrix.total:,}", "left_out": matrix.left_out,
        "pairs": len(matrix.pairs),
        "rows": [{"number": row + 1, "label": labels[row], "suspect": one.suspect, "score": f"{one.score:.1f}",
                  "cells": [cells.get((row, column)) for column in range(len(labels))]}
                 for row, one in enumerate(matrix.standings)],
    }


def _flips(matrices: Sequence[Matrix]) -> list[Any]:
    """Of each matrix the labels, the tasks by name, and of each pair its numbers and who flipped, by place."""
    return [_flips_of(matrix) for matrix in matrices]


def _flips_of(matrix: Matrix) -> dict[str, Any]:
    places: dict[str, int] = {}

    def shown(tasks: Sequence[str]) -> list[int]:
        return [places.setdefault(task, len(places)) for task in tasks[:MOST_NAMES]]

    pairs = [[pair.first, pair.second, len(pair.only_first), shown(pair.only_first), len(pair.only_second),
              shown(pair.only_second), _p(pair)] for pair in matrix.pairs]
    return {"labels": [one.label for one in matrix.standings], "tasks": list(places), "pairs": pairs}


def _p(pair: Pair) -> str:
    return f"p {numbers.probability(pair.p_value)}, after Holm's correction {numbers.probability(pair.p_corrected)}"
