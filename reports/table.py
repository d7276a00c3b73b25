"""A table with groups, and the four shapes it is given out in: terminal, Markdown, CSV, JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rich import box
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.table import Table as RichTable
from rich.text import Text

from reports.text import csv_cell, escape, markdown_cell

GAP = 2
"""Spaces between two columns on a terminal."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``dropped``: the order in which columns leave a terminal that is too narrow; None: never."""

    key: str
    heading: str
    align: Literal["left", "right"] = "left"
    dropped: int | None = None
    pasted: bool = True
    """Whether Markdown has it too, where a wide table is no use."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row: texts by column key, already escaped; ``styles``: colours by column key, for a terminal."""

    cells: Mapping[str, str]
    styles: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """Rows under one title, with notes beneath them."""

    title: str
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    says: str = ""
    """What the rows come to, in plain sentences."""
    heading: str = ""
    """Of the first column, where its cells are something else than in other sections."""


@dataclass(frozen=True, slots=True)
class Legend:
    """What a column means, told where that column is shown."""

    column: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """What is shown. ``values``: the same rows in numbers, for programs."""

    columns: tuple[Column, ...]
    sections: tuple[Section, ...]
    legend: tuple[Legend, ...] = ()
    values: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class _Beneath:
    """A sentence below a table: set in on a terminal, one unbroken line where lines are not to be broken (a log)."""

    text: str
    style: str = ""

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        whole = options.no_wrap
        yield Text(f"  {self.text}", self.style) if whole else Padding(Text(self.text, self.style), (0, 0, 0, 2))


def to_rich(table: Table, width: int) -> RenderableType:
    """For a terminal of ``width`` columns: what does not fit is left out by columns and named, never cut to pieces.

    Sections with the same heading line up.
    """
    if not table.sections:
        return Text("No runs yet.")
    parts: list[RenderableType] = []
    told: dict[Column, None] = {}
    untold: dict[Column, None] = {}
    layouts: dict[str, _Layout] = {}
    for section in table.sections:
        if section.heading not in layouts:
            layouts[section.heading] = _layout(table, section.heading, width)
            told |= dict.fromkeys(layouts[section.heading].shown)
            untold |= dict.fromkeys(layouts[section.heading].left_out)
        parts += [Text(section.title, style="bold"), _Rows(section, layouts[section.heading])]
        parts += [_Beneath(section.says)] if section.says else []
        parts += [_Beneath(note, "yellow") for note in section.notes]
        parts.append(Text(""))
    parts += [Text(line, style="dim") for line in _legend(table, told)]
    untold = {column: None for column in untold if column not in told}
    if untold:
        names = ", ".join(column.heading for column in untold)
        parts.append(Text(f"Left out for want of width: {names}.", style="dim"))
    return Group(*parts)


def to_markdown(table: Table) -> str:
    """One Markdown table a section, what it comes to and its notes below, the legend at the end."""
    blocks: list[str] = []
    told: dict[Column, None] = {}
    for section in table.sections:
        shown = [column for column in table.columns if column.pasted and _is_filled([section], column)]
        told |= dict.fromkeys(shown)
        rows = [[markdown_cell(heading) for heading in _headings(section, shown)],
                ["---:" if column.align == "right" else "---" for column in shown],
                *([markdown_cell(line.cells.get(column.key, "")) for column in shown] for line in section.lines)]
        blocks.append(f"### {markdown_cell(section.title)}")
        blocks.append("\n".join(f"| {' | '.join(row)} |" for row in rows))
        blocks += [markdown_cell(section.says, None)] if section.says else []
        blocks += ["\n".join(f"- {markdown_cell(note)}" for note in section.notes)] if section.notes else []
    legend = [f"- {markdown_cell(line, None)}" for line in _legend(table, told)]
    blocks += ["\n".join(legend)] if legend else []
    return "\n\n".join(blocks or ["No runs yet."]) + "\n"


def to_csv(table: Table, keys: Sequence[str]) -> str:
    """The values, one row a line, under ``keys``; lists and objects as JSON; an unknown value is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(keys)
    for row in table.values:
        writer.writerow([_csv_value(row.get(key)) for key in keys])
    return text.getvalue()


def to_json(table: Table) -> str:
    """The values as a JSON list."""
    return json.dumps(list(table.values), indent=2, allow_nan=False) + "\n"


def _csv_value(value: Any) -> Any:
    if isinstance(value, str):
        return csv_cell(value)
    return json.dumps(value) if isinstance(value, list | Mapping) else value


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which columns there is room for, and how wide each is."""

    shown: list[Column]
    left_out: list[Column]
    widths: Mapping[str, int]


def _layout(table: Table, heading: str, width: int) -> _Layout:
    """Of all sections with this heading, so that they line up."""
    alike = [section for section in table.sections if section.heading == heading]
    filled = [column for column in table.columns if _is_filled(alike, column)]
    widths = {column.key: _width(alike, column) for column in filled}
    if heading and filled:
        widths[filled[0].key] = max(widths[filled[0].key], cell_len(heading))
    shown, left_out = _that_fit(filled, widths, width)
    return _Layout(shown, left_out, widths)


class _Rows:
    """One section's rows under their headings. Given out line by line, because a rich table of thousands takes long;
    one is made only where a terminal is too narrow even for the columns that are never left out.
    """

    def __init__(self, section: Section, layout: _Layout) -> None:
        self._section = section
        self._layout = layout
        self._headings = _headings(section, layout.shown)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        columns, widths = self._layout.shown, self._layout.widths
        total = sum(widths[column.key] + GAP for column in columns) - GAP
        if total > options.max_width:
            yield self._folded()
            return
        bold, plain = console.get_style("bold"), console.get_style("none")
        styles = {name: console.get_style(name) for line in self._section.lines for name in (line.styles or {}).values()
                  if name}
        yield from self._line([(heading, bold) for heading in self._headings])
        yield Segment("─" * total)
        yield Segment.line()
        for line in self._section.lines:
            named = line.styles or {}
            yield from self._line([(line.cells.get(column.key, ""), styles.get(named.get(column.key, ""), plain))
                                   for column in columns])

    def _line(self, cells: Sequence[tuple[str, Style]]) -> Iterator[Segment]:
        """A line in as few pieces as its styles allow."""
        plain = ""
        for column, (cell, style) in zip(self._layout.shown, cells, strict=True):
            room = " " * (self._layout.widths[column.key] - cell_len(cell))
            plain += room if column.align == "right" else ""
            if style:
                yield Segment(plain)
                yield Segment(cell, style)
                plain = ""
            else:
                plain += cell
            plain += " " * GAP if column.align == "right" else room + " " * GAP
        yield Segment(plain.rstrip(" ") + "\n")

    def _folded(self) -> RichTable:
        grid = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, GAP - 1, 0, 0))
        for column, heading in zip(self._layout.shown, self._headings, strict=True):
            grid.add_column(Text(heading), justify=column.align, min_width=self._layout.widths[column.key],
                            overflow="fold")
        for line in self._section.lines:
            named = line.styles or {}
            grid.add_row(*(Text(line.cells.get(column.key, ""), style=named.get(column.key, ""))
                           for column in self._layout.shown))
        return grid


def _headings(section: Section, shown: Sequence[Column]) -> list[str]:
    headings = [column.heading for column in shown]
    return [section.heading or headings[0], *headings[1:]] if headings else []


def _legend(table: Table, told: Mapping[Column, None]) -> list[str]:
    keys = {column.key for column in told}
    return [line.text for line in table.legend if line.column in keys]


def _that_fit(columns: list[Column], widths: Mapping[str, int], width: int) -> tuple[list[Column], list[Column]]:
    shown, left_out = list(columns), []
    while len(shown) > 1 and sum(widths[column.key] + GAP for column in shown) - GAP > width:
        droppable = [column for column in shown if column.dropped is not None]
        if not droppable:
            break
        first = min(droppable, key=lambda column: column.dropped or 0)
        shown.remove(first)
        left_out.append(first)
    return shown, left_out


def _width(sections: Sequence[Section], column: Column) -> int:
    cells = (line.cells.get(column.key, "") for section in sections for line in section.lines)
    return max(cell_len(column.heading), *(cell_len(cell) for cell in cells))


def _is_filled(sections: Sequence[Section], column: Column) -> bool:
    return any(line.cells.get(column.key) for section in sections for line in section.lines)


def shown_text(value: Any, longest: int = 60) -> str:
    """Any JSON value as one short escaped line: texts plain, whole floats as integers, the rest as JSON."""
    if isinstance(value, str):
        return escape(value, longest)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < 1e15 else repr(value)
    return escape(json.dumps(value, ensure_ascii=False, default=str), longest)
