"""``compare``: runs side by side, quantizations under their base model.

Takes the rows of ``analysis.comparison``, whose docstring lists their keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from core.lookup import number_at, object_at, text_at, texts_at, value_at
from reports import numbers
from reports.table import Column, Line, Section, Table, shown_text
from reports.text import escape

COLUMNS = (
    Column("quantization", "Quant."),
    Column("score", "Score % [95 %]", "right"),
    Column("validity", "Validity"),
    Column("against", "vs baseline", "right"),
    Column("noise", "Asked twice", "right", dropped=7),
    Column("speed", "Tok/s", "right", dropped=6),
    Column("time", "Time", "right", dropped=4),
    Column("size", "Size", "right", dropped=5),
    Column("tasks", "Tasks", "right", dropped=3),
    Column("isolation", "Isolation", dropped=1),
    Column("date", "Date", dropped=2),
)

CSV_KEYS = ("benchmark", "base", "quantization", "model", "score", "interval_low", "interval_high", "validity",
            "reasons", "total_passed", "total_problems", "baseline", "difference", "p_value", "against",
            "within_noise", "audit_tasks", "audit_texts_differ", "audit_verdicts_differ",
            "tokens_per_second", "time_taken_s", "size_bytes", "isolation", "status", "timestamp", "run_id", "settings")

AUDIT_KEYS = ("audit_tasks", "audit_texts_differ", "audit_verdicts_differ")

LETTERS = "abcdefghijklmnopqrstuvwxyz"

_WORDS = {"clearly lower": "lower", "clearly higher": "higher", "no clear difference": ""}
_STYLES = {"clearly lower": "red", "clearly higher": "green"}


def rows(compared: Iterable[Mapping[str, Any]]) -> Table:
    """The table of compared runs, a section for each benchmark and base name."""
    listed = list(compared)
    grouped = groupby(listed, key=lambda row: (row.get("benchmark"), row["base"]))
    sections = tuple(_section(list(group)) for _, group in grouped)
    return Table(COLUMNS, sections, tuple(_legend(listed)), tuple(map(_flat, listed)))


def _section(group: Sequence[Mapping[str, Any]]) -> Section:
    letters = _letters(group)
    lines = tuple(_line(row, letters.get(index, "")) for index, row in enumerate(group))
    notes: list[str] = []
    for index, row in enumerate(group):
        name = lines[index].cells["quantization"]
        if index in letters:
            settings = object_at(row, "settings").items()
            notes.append(f"{name}: {', '.join(f'{escape(key, 60)} {shown_text(value)}' for key, value in settings)}")
        reasons = "; ".join(escape(reason) for reason in texts_at(row, "reasons") or ())
        if reasons:
            notes.append(f"{name} is suspect: {reasons}")
        notes += _noise_notes(name, row)
        why = text_at(row, "against") or ""
        if why.startswith("unpaired"):
            notes.append(f"{name} is not held against {escape(text_at(row, 'baseline') or 'the baseline', 60)}: "
                         f"{escape(why.removeprefix('unpaired: '))}")
    title = f"{escape(text_at(group[0], 'benchmark') or '?', 60)}: {escape(text_at(group[0], 'base') or '?', 60)}"
    return Section(title, lines, tuple(notes))


def _letters(group: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """A letter for each row whose settings differ from another's of the same quantization."""
    marked = [index for index, row in enumerate(group) if object_at(row, "settings")]
    return {index: f" ({LETTERS[place] if place < len(LETTERS) else place + 1})" for place, index in enumerate(marked)}


def _line(row: Mapping[str, Any], letter: str) -> Line:
    validity = text_at(row, "validity") or ""
    if validity != "suspect" and row.get("status") == "incomplete":
        validity = "incomplete"
    against = text_at(row, "against") or ""
    return Line({
        "quantization": escape(text_at(row, "quantization") or "-", 24) + letter,
        "score": numbers.score_cell(number_at(row, "score"), value_at(row, "interval")),
        "validity": escape(validity, 12),
        "against": _against(row, against),
        "noise": _noise(row),
        "speed": numbers.rate(number_at(row, "tokens_per_second")),
        "time": numbers.seconds(number_at(row, "time_taken_s")),
        "size": numbers.size(number_at(row, "size_bytes")),
        "tasks": numbers.whole(number_at(row, "total_problems")),
        "isolation": escape(text_at(row, "isolation") or "", 12),
        "date": escape(numbers.date(text_at(row, "timestamp"))),
    }, styles={"against": _STYLES.get(against, ""), "validity": "" if validity == "ok" else "yellow", "score": "bold"})


def _against(row: Mapping[str, Any], against: str) -> str:
    if row.get("is_baseline") is True:
        return "baseline"
    if against.startswith("unpaired"):
        return "unpaired"
    return f"{_WORDS.get(against, '')} {numbers.points(number_at(row, 'difference'))}".strip()


def _noise(row: Mapping[str, Any]) -> str:
    audit = value_at(row, "audit")
    return f"{audit[2]} of {audit[0]}" if isinstance(audit, list) else ""


def _noise_notes(name: str, row: Mapping[str, Any]) -> list[str]:
    """What asking twice says of this row's difference."""
    notes = []
    audit = value_at(row, "audit")
    if isinstance(audit, list) and any(audit[1:]):
        notes.append(f"{name} asked twice: {audit[2]} of {audit[0]} verdicts differed, {audit[1]} texts")
    flips = value_at(row, "flips")
    if row.get("within_noise") is True and isinstance(flips, list) and sum(flips):
        baseline = escape(text_at(row, "baseline") or "the baseline", 60)
        notes.append(f"{name} is within the noise floor: it disagrees with {baseline} on {sum(flips)} tasks, no larger "
                     "a share than the same model asked twice with itself")
    return notes


def _legend(listed: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    if any("interval" in row for row in listed):
        yield "[low, high]: 95 % interval of the score (Wilson)."
    if any("difference" in row for row in listed):
        yield ("vs baseline: points against the row marked baseline, on the same tasks; 'lower' and 'higher' only "
               "where an exact paired test (McNemar) gives p < 0.05, each comparison by itself.")
    if any("audit" in row for row in listed):
        yield "Asked twice: verdicts that changed when the same tasks were put to the same server again (--audit)."


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row for programs; the interval's ends also by name, for CSV."""
    interval = value_at(row, "interval")
    ends = {"interval_low": interval[0], "interval_high": interval[1]} if isinstance(interval, list | tuple) else {}
    audit = value_at(row, "audit")
    counts = dict(zip(AUDIT_KEYS, audit, strict=True)) if isinstance(audit, list) and len(audit) == 3 else {}
    return {**{key: value for key, value in row.items() if key != "audit"}, **ends, **counts}
