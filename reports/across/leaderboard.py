"""Every run in a line: its score and how sure it is, and what it took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.lookup import number_at, object_at, text_at, texts_at, value_at
from reports import numbers
from reports.across.facts import Row
from reports.table import shown_text
from reports.text import escape


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``number``: whether its cells are numbers, which are sorted as such and stand at the right."""

    key: str
    heading: str
    number: bool = False
    meaning: str = ""


COLUMNS = (
    Column("model", "Model"),
    Column("benchmark", "Benchmark"),
    Column("score", "Score %", True, "with its 95 % interval (Wilson)"),
    Column("validity", "Validity", meaning="suspect: why, and the score had all truncated tasks failed or passed"),
    Column("against", "vs largest", True, "points against the largest quantization of the same model, same tasks"),
    Column("speed", "Tok/s", True),
    Column("time", "Time", True),
    Column("memory", "Memory", True, "of the GPU where it was used, else RAM"),
    Column("size", "File", True),
    Column("energy", "J/solved", True, "joules for each task solved"),
    Column("tasks", "Tasks", True),
    Column("date", "Date"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """What is shown, and what it is sorted by."""

    text: str
    by: float | str | None = None


@dataclass(frozen=True, slots=True)
class Leader:
    """One run. All texts are escaped."""

    run_id: str
    cells: dict[str, Cell]
    settings: str
    """Those in which it differs from others of the same model."""
    scale: tuple[float, float, float] | None
    """Score and interval, in percent, for a small bar."""
    doubts: tuple[str, ...]
    """Why the score is doubted; its bounds."""
    mark: str
    """``suspect``, ``incomplete`` or nothing."""
    origin: str
    on_front: bool
    kind: str
    """``lower``, ``higher`` or nothing."""


_STRATEGY = frozenset({"strategy", "samples_per_task", "n", "max_n", "confidence", "window", "batch", "selector"})


def leader(row: Row, strategy: str = "") -> Leader:
    """``strategy``: what it is called, where its model was asked with several."""
    interval = value_at(row, "interval")
    score = number_at(row, "score")
    ends = interval if isinstance(interval, list) and len(interval) == 2 else None
    memory = number_at(row, "vram_bytes") or number_at(row, "ram_bytes")
    mark = "suspect" if row.get("validity") == "suspect" else "incomplete" if row.get("status") == "incomplete" else ""
    difference = number_at(row, "difference")
    against = text_at(row, "against") or ""
    numbered = {
        "score": ("unjudged" if row.get("unjudged") is True else numbers.score_cell(score, ends), score),
        "against": (_against(row), difference),
        "speed": (numbers.rate(number_at(row, "tokens_per_second")), number_at(row, "tokens_per_second")),
        "time": (numbers.seconds(number_at(row, "time_taken_s")), number_at(row, "time_taken_s")),
        "memory": (numbers.size(memory), memory),
        "size": (numbers.size(number_at(row, "size_bytes")), number_at(row, "size_bytes")),
        "energy": (numbers.amount(number_at(row, "energy_per_solved_j")), number_at(row, "energy_per_solved_j")),
        "tasks": (numbers.whole(number_at(row, "total_problems")), number_at(row, "total_problems")),
    }
    written = {
        "benchmark": escape(text_at(row, "benchmark") or "?", 60), "model": escape(text_at(row, "model") or "?", 80),
        "validity": mark, "date": escape(numbers.date(text_at(row, "timestamp"))),
    }
    return Leader(
        escape(text_at(row, "run_id") or "", 80),
        {key: Cell(*pair) for key, pair in numbered.items()} | {key: Cell(text) for key, text in written.items()},
        ", ".join(filter(None, (strategy, *_settings(row, told=bool(strategy))))),
        (score, ends[0], ends[1]) if score is not None and ends else None, tuple(_doubts(row)), mark,
        escape(text_at(row, "origin") or "", 40), row.get("pareto") is True,
        {"clearly lower": "lower", "clearly higher": "higher"}.get(against, ""),
    )


def shown_columns(leaders: Sequence[Leader]) -> list[Column]:
    """Those that any run has something in."""
    return [column for column in COLUMNS if any(one.cells[column.key].text for one in leaders)]


def _against(row: Row) -> str:
    if row.get("is_baseline") is True:
        return "baseline"
    words = {"clearly lower": " lower", "clearly higher": " higher"}.get(text_at(row, "against") or "", "")
    difference = number_at(row, "difference")
    if difference is None:
        return "unpaired" if (text_at(row, "against") or "").startswith("unpaired") else ""
    return f"{numbers.points(difference)}{words}"


def _settings(row: Row, *, told: bool) -> list[str]:
    """``told``: the strategy is named already."""
    return [f"{escape(key.removeprefix('sampling.'), 60)} {shown_text(value, 40)}"
            for key, value in object_at(row, "settings").items() if not (told and key in _STRATEGY)]


def _doubts(row: Row) -> list[Any]:
    found = [escape(reason) for reason in texts_at(row, "reasons") or ()]
    bounds = value_at(row, "bounds")
    if isinstance(bounds, list) and len(bounds) == 2 and not any("score between" in reason for reason in found):
        found.append(f"the score lies between {bounds[0]:.1f} and {bounds[1]:.1f} %, had all truncated tasks failed or "
                     "passed")
    return found
