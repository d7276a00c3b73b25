"""A sweep's tables: what is planned, where each cell stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reports import numbers
from reports.text import escape

_COLOURS = {"done": "green", "running": "cyan", "failed": "red", "waiting": ""}
_STATES = {"done": "done already", "failed": "failed before"}
_REASON_CHARS = 400
_WIDE, _WIDER = 100, 140
"""Columns from which on a table says more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One cell, as a table shows it."""

    cell: str
    """Its key."""
    label: str
    state: str
    """``done``, ``running``, ``failed`` or ``waiting``."""
    score: str = ""
    progress: str = ""
    """``12/20``: tasks answered, of a run that was begun."""
    run_id: str = ""
    reason: str = ""
    log_tail: tuple[str, ...] = ()
    estimate_s: float | None = None
    basis: str = ""
    tasks: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What is known of it."""
        found = {"cell": self.cell, "label": self.label, "state": self.state, "score": self.score,
                 "progress": self.progress, "run_id": self.run_id, "reason": self.reason,
                 "log_tail": list(self.log_tail), "estimate_s": self.estimate_s, "basis": self.basis,
                 "tasks": self.tasks}
        return {key: value for key, value in found.items() if value not in (None, "", [])}


def counted(rows: Sequence[Row]) -> dict[str, int]:
    """How many cells stand where."""
    return {state: sum(row.state == state for row in rows) for state in _COLOURS}


def count_line(rows: Sequence[Row]) -> str:
    """``24 cells: 20 done, 1 running, 3 waiting``."""
    told = ", ".join(f"{count:,} {state}" for state, count in counted(rows).items() if count)
    return f"{len(rows):,} {'cell' if len(rows) == 1 else 'cells'}: {told or 'none'}"


def to_rich_status(name: str, rows: Sequence[Row], width: int) -> RenderableType:
    """Where each cell stands; below the table, why those that failed did."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=True, header_style="bold")
    wide = width >= _WIDER
    for heading in ("State", "Cell", "Score", *(("Run",) if wide else ())):
        table.add_column(heading, overflow="fold", no_wrap=heading == "State")
    for row in rows:
        state = f"{row.state} {row.progress}".strip()
        table.add_row(Text(state, style=_COLOURS[row.state]), escape(row.label), row.score,
                      *((escape(row.run_id),) if wide else ()))
    parts: list[RenderableType] = [Text(f"{escape(name)}: {count_line(rows)}", style="bold"), table]
    alike: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in rows:
        if row.state == "failed":
            alike.setdefault((row.reason, tuple(row.log_tail)), []).append(row)
    for (reason, log_tail), (first, *others) in alike.items():
        more = f" and {len(others):,} more" if others else ""
        parts.append(Text(f"failed: {escape(first.label)}{more}: {escape(reason, _REASON_CHARS)}", style="red"))
        parts += [Text(f"    | {escape(line)}", style="dim") for line in log_tail[-5:]]
    return Group(*parts)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a plan will take, beside its cells."""

    memory: Sequence[tuple[str, str]]
    """(model, the line of its memory plan)."""
    fetched: Sequence[str]
    """What is to be fetched first, a sentence each."""
    notes: Sequence[str] = ()

    def as_json(self) -> dict[str, Any]:
        return {"memory": [{"model": model, "plan": line} for model, line in self.memory],
                "downloads": list(self.fetched), "notes": list(self.notes)}


def to_rich_outlook(name: str, rows: Sequence[Row], outlook: Outlook, width: int) -> RenderableType:
    """A plan that was not begun: each cell with its time, what is done already, memory, downloads."""
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=True, header_style="bold")
    table.add_column("Cell", overflow="fold")
    table.add_column("Tasks", justify="right")
    table.add_column("Time", no_wrap=True)
    wide = width >= _WIDE
    if wide:
        table.add_column("Going by", overflow="fold", style="dim")
    for row in rows:
        time = about(row.estimate_s) if row.state == "waiting" else _STATES.get(row.state, row.state)
        basis = (row.basis if row.state == "waiting" else "",) if wide else ()
        table.add_row(escape(row.label), "" if row.tasks is None else f"{row.tasks:,}", time, *basis)
    parts: list[RenderableType] = [Text(f"{escape(name)}: {count_line(rows)}", style="bold"), table,
                                   Text(total_line(rows), style="bold")]
    parts += [Text(f"{escape(model)}: {escape(line, None)}") for model, line in outlook.memory]
    parts += [Text(f"first: {escape(each, None)}") for each in outlook.fetched]
    parts += [Text(escape(each, None), style="dim") for each in outlook.notes]
    return Group(*parts)


def total_line(rows: Sequence[Row]) -> str:
    """``left to do: 22 cells, about 41 min (3 of them unknown)``."""
    left = [row for row in rows if row.state == "waiting"]
    known = [row.estimate_s for row in left if row.estimate_s]
    unknown = sum(row.estimate_s is None for row in left)
    cells = f"{len(left):,} {'cell' if len(left) == 1 else 'cells'}"
    if not left:
        return "left to do: nothing"
    if not known:
        return f"left to do: {cells}; how long they take is unknown, since nothing like them ran here yet"
    tail = f", and {unknown:,} of unknown length" if unknown else ""
    return f"left to do: {cells}, {about(sum(known))}{tail} (loads not counted)"


def about(seconds: float | None) -> str:
    """``about 3 min 12 s``; ``unknown``; of a strategy that is put to the samples of the one above, so much."""
    if seconds == 0:
        return "with the one above"
    return "unknown" if seconds is None else f"about {numbers.seconds(seconds)}"


def faults_text(path: str, faults: Sequence[tuple[int, str]]) -> str:
    """A line each, as editors and compilers write them: ``plan.toml:7: ...``."""
    return "\n".join(f"{escape(path, None)}:{line}: {escape(text, None)}" for line, text in faults)


def facts_of(rows: Sequence[Row]) -> Mapping[str, Any]:
    """For a note at the end."""
    failed = [{"label": row.label, "reason": row.reason[:_REASON_CHARS]} for row in rows if row.state == "failed"]
    return {"text": count_line(rows), "cells": len(rows), **counted(rows), "failures": failed[:20]}
