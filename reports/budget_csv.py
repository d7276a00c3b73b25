"""The table of ``analyze`` as CSV, written for spreadsheets and for ``plot``, and read back."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from core.errors import BadInput
from reports.text import csv_cell

TEXTS = ("benchmark", "model", "strategy", "selector", "limit", "then", "settings", "status", "validity", "run_id",
         "timestamp", "replayed_from")

COLUMNS = (
    "benchmark", "model", "strategy", "budget", "n", "max_n", "confidence", "window", "batch", "selector", "limit",
    "then", "settings", "tasks", "passed", "accuracy", "accuracy_low", "accuracy_high", "samples",
    "completion_tokens", "prompt_tokens", "cached_tokens", "seconds", "joules", "joules_per_solved", "cost_usd", "fa",
    "fa_low", "fa_high", "fa_from", "fa_to", "mvc_per_1000_tokens", "mvc_per_1000_tokens_low",
    "mvc_per_1000_tokens_high", "mvc_per_kilojoule", "mvc_per_kilojoule_low", "mvc_per_kilojoule_high", "hosted",
    "status", "validity", "run_id", "timestamp", "replayed_from",
)
"""See ``analysis.budgets`` and ``analysis.curves`` for what they mean."""

NEEDED = ("benchmark", "model", "strategy", "accuracy")

Row = Mapping[str, Any]


def to_csv(rows: Iterable[Row]) -> str:
    """One row a line; an unknown value is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in COLUMNS])
    return text.getvalue()


def from_csv(lines: Iterable[str], name: str) -> list[dict[str, Any]]:
    """The rows of such a table, also where a spreadsheet wrote it or its columns stand in another order.

    Raises BadInput that names the file and the line for a table that is none of ours.
    """
    reader = csv.reader(lines)
    try:
        head = [cell.strip().lstrip("\ufeff") for cell in next(reader, [])]
        missing = [column for column in NEEDED if column not in head]
        if missing:
            raise BadInput(f"{name}, line 1: no column {' or '.join(missing)}; give the file that analyze --out-csv "
                           "wrote")
        return [_row(head, cells, f"{name}, line {reader.line_num}") for cells in reader if any(cells)]
    except csv.Error as error:
        raise BadInput(f"{name}, line {reader.line_num}: no CSV ({error})") from error


def _row(head: Sequence[str], cells: Sequence[str], where: str) -> dict[str, Any]:
    if len(cells) > len(head):
        raise BadInput(f"{where}: {len(cells)} cells under {len(head)} columns; mend that line")
    found: dict[str, Any] = {}
    for column, cell in zip(head, cells, strict=False):
        if cell and column in COLUMNS:
            found[column] = _value(column, cell, where)
    if not all(column in found for column in ("benchmark", "model", "strategy")):
        raise BadInput(f"{where}: a row names its benchmark, model and strategy; mend or remove that line")
    return found


def _value(column: str, cell: str, where: str) -> Any:
    if column in TEXTS:
        return cell[1:] if cell[:1] == "'" and cell[1:2] in {"=", "+", "-", "@"} else cell
    if column == "hosted":
        return cell == "yes"
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadInput(f"{where}: {column} {cell[:40]!r} is no number; mend or remove that line")
    return value


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return csv_cell(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return csv_cell(json.dumps(value, ensure_ascii=True)) if isinstance(value, list | Mapping) else value
