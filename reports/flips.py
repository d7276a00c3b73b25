"""``compare --flips``: the tasks on which two runs disagree, with what each said, side by side.

Replies are a model's, and so are cut, escaped and never markup. Two replies often begin alike, so the lines before they
part are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from core.flips import Flip, Flips, Reply
from reports.table import shown_text
from reports.text import escape, markdown_cell

MOST_LINES = 12
"""Of a reply."""

LONGEST_LINE = 300

LONGEST_PROMPT = 300

MOST_NAMES = 500
"""Names of further tasks; the rest is counted."""

NONE_HERE = "no reply here"

Row = dict[str, Any]


class Sides(NamedTuple):
    """Two replies as lines to be shown beside one another, escaped."""

    baseline: list[str]
    run: list[str]
    alike: int
    """Lines before them that are the same in both."""


def to_rich(flips: Sequence[Flips], width: int) -> RenderableType:
    """For a terminal of ``width`` columns."""
    if not flips:
        return Text("No flips: of the runs that pair, no two disagree on a task.")
    parts: list[RenderableType] = []
    for pair in flips:
        parts += [Text(_title(pair), style="bold"), *(Text(f"  {line}", style="yellow") for line in _remarks(pair))]
        for flip in _with_replies(pair):
            parts += [Text(""), Padding(_rich_flip(pair, flip, width - 2), (0, 0, 0, 2))]
        for heading, names in _others(pair):
            parts += [Text(f"\n  {heading}", style="dim"), Padding(Text("  ".join(names)), (0, 0, 0, 2))]
        parts.append(Text(""))
    return Group(*parts)


def to_markdown(flips: Sequence[Flips]) -> str:
    """A table of two columns for each flip."""
    blocks: list[str] = []
    for pair in flips:
        blocks.append(f"### {markdown_cell(_title(pair), None)}")
        blocks += [markdown_cell(line) for line in _remarks(pair)]
        for flip in _with_replies(pair):
            blocks.append(_markdown_flip(pair, flip))
        blocks += [f"{heading}: {', '.join(map(markdown_cell, names))}" for heading, names in _others(pair)]
    return "\n\n".join(blocks or ["No flips: of the runs that pair, no two disagree on a task."]) + "\n"


def add_values(rows: Iterable[Row], flips: Sequence[Flips]) -> None:
    """For programs: gives the rows that ``flips`` were made of, in their order, the key ``replies``."""
    flipping = [row for row in rows if row.get("lost") or row.get("won")]
    for row, pair in zip(flipping, flips, strict=True):
        row["replies"] = [_value(flip) for flip in pair.told]


def sides(one: str, other: str) -> Sides:
    """Two texts from the line on in which they part, as many lines as are looked at."""
    texts = one.split("\n"), other.split("\n")
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(*texts, strict=False)))
    if alike <= 2 or one == other:
        alike = 0  # so few are rather shown than counted
    first, second = texts[0][alike:], texts[1][alike:]
    begin = _parting(first[0], second[0]) if first and second else 0
    return Sides(_cut(first, begin), _cut(second, begin), alike)


def _parting(one: str, other: str) -> int:
    """Where two long lines may be cut at their beginning: a little before they part."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return alike - 40 if alike > 80 else 0


def _cut(lines: Sequence[str], begin: int) -> list[str]:
    shown = [f"...{line[begin:]}" if begin and not number else line for number, line in enumerate(lines[:MOST_LINES])]
    more = len(lines) - MOST_LINES
    return [escape(line.rstrip().expandtabs(4), LONGEST_LINE) for line in shown] + (
        [f"... and {more:,} more {'line' if more == 1 else 'lines'}"] if more > 0 else [])


def _title(pair: Flips) -> str:
    return (f"{escape(pair.benchmark, 60)}: {escape(pair.run, 60)} against {escape(pair.baseline, 60)}"
            f"{' before' if pair.group == 'before and after' else ''}, {len(pair.lost):,} lost, {len(pair.won):,} won")


def _remarks(pair: Flips) -> list[str]:
    return [f"{escape(label, 60)}: its run folder is not here (--runs-root), so there are no replies of it"
            for label in dict.fromkeys(pair.absent)]


def _with_replies(pair: Flips) -> list[Flip]:
    return [flip for flip in pair.told if flip.baseline is not None or flip.run is not None]


def _others(pair: Flips) -> list[tuple[str, list[str]]]:
    """The tasks whose replies are not shown: (heading, names)."""
    shown = {flip.task_id for flip in _with_replies(pair)}
    found = []
    for word, tasks in (("lost", pair.lost), ("won", pair.won)):
        names = [escape(task, 60) for task in tasks if task not in shown]
        more = [f"and {len(names) - MOST_NAMES:,} more"] if len(names) > MOST_NAMES else []
        if names:
            found.append((f"Others {word}" if shown else word.capitalize(), [*names[:MOST_NAMES], *more]))
    return found


def _what(flip: Flip) -> str:
    return f"{escape(flip.task_id, 60)}, {'won' if flip.won else 'lost'}"


def _prompt(flip: Flip) -> str:
    return escape(" ".join(flip.prompt.split()), LONGEST_PROMPT)


def _head(label: str, reply: Reply | None) -> str:
    """``demo-5M:Q2_K: wrong (test 1: line 1 differs), answer 20``."""
    name = escape(label, 60)
    if reply is None:
        return f"{name}: {NONE_HERE}"
    detail = f" ({escape(reply.detail, 100)})" if reply.detail else ""
    said = "" if reply.answer is None else shown_text(reply.answer, 61)
    answer = f", answer {said}" if said and len(said) <= 60 and not isinstance(reply.answer, dict | list) and (
        "\n" not in str(reply.answer)) else ""
    return f"{name}: {escape(reply.outcome or 'not verified', 30).replace('_', ' ')}{detail}{answer}"


def _pairs(pair: Flips, flip: Flip) -> tuple[tuple[str, str], list[tuple[str, str]], int]:
    """The heads of the two columns, their lines, and how many lines before them are alike."""
    heads = _head(pair.baseline, flip.baseline), _head(pair.run, flip.run)
    texts = [reply.text if reply is not None else "" for reply in (flip.baseline, flip.run)]
    if flip.baseline is None or flip.run is None:
        columns = [_cut(text.split("\n"), 0) for text in texts]
        alike = 0
    else:
        *columns, alike = sides(*texts)
        if texts[0] == texts[1]:
            columns = [columns[0], ["(the same text)"]]
    most = max(map(len, columns))
    return heads, list(zip(*(column + [""] * (most - len(column)) for column in columns), strict=True)), alike


def _rich_flip(pair: Flips, flip: Flip, width: int) -> RenderableType:
    heads, lines, alike = _pairs(pair, flip)
    half = max(10, (width - 3) // 2)
    grid = Table.grid(padding=(0, 3, 0, 0))
    grid.add_column(width=half, overflow="fold")
    grid.add_column(width=half, overflow="fold")
    styles = ("red", "green") if flip.won else ("green", "red")
    grid.add_row(*(Text(head, style=style) for head, style in zip(heads, styles, strict=True)))
    if alike:
        grid.add_row(Text(f"... {alike:,} lines alike", style="dim"), Text("..."))
    for line in lines:
        grid.add_row(*map(Text, line))
    prompt = [Text(_prompt(flip), style="dim")] if flip.prompt else []
    return Group(Text(_what(flip), style="bold"), *prompt, grid)


def _markdown_flip(pair: Flips, flip: Flip) -> str:
    heads, lines, alike = _pairs(pair, flip)
    skipped = [f"... {alike:,} lines alike"] if alike else []
    columns = ("<br>".join(_markdown_line(line) for line in [*skipped, *column]) for column in zip(*lines, strict=True))
    prompt = f": {markdown_cell(_prompt(flip), None)}" if flip.prompt else ""
    return "\n".join((f"**{markdown_cell(_what(flip))}**{prompt}\n", f"| {' | '.join(map(markdown_cell, heads))} |",
                      "| --- | --- |", f"| {' | '.join(columns)} |"))


def _markdown_line(line: str) -> str:
    """Its indentation kept."""
    text = line.lstrip(" ")
    return "&nbsp;" * (len(line) - len(text)) + markdown_cell(text, None)


def _value(flip: Flip) -> Mapping[str, Any]:
    found = {"task_id": flip.task_id, "won": flip.won, "prompt": flip.prompt or None,
             "baseline": _reply_value(flip.baseline), "run": _reply_value(flip.run)}
    return {key: value for key, value in found.items() if value is not None}


def _reply_value(reply: Reply | None) -> Mapping[str, Any] | None:
    if reply is None:
        return None
    found = {"outcome": reply.outcome, "detail": reply.detail or None, "answer": reply.answer, "text": reply.text,
             "finish_reason": reply.finish_reason}
    return {key: value for key, value in found.items() if value is not None}
