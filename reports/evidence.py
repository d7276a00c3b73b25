"""What lies behind the doubts about a score, for people: each kind with its count and a few replies that show it."""

from __future__ import annotations

from collections.abc import Sequence

from core.doubts import Doubt, Example
from reports.text import escape

NO_FOLDER = "the run folder is not here, so there are no examples"


def heading(doubt: Doubt) -> str:
    """``cut off before the end: 12``."""
    return f"{doubt.words}: {doubt.count:,}"


def lines(doubt: Doubt, longest: int = 150) -> list[tuple[str, str]]:
    """A line for each example: what it is and how it ended, and the tail of what it said."""
    return [(_what(example), _said(example, longest)) for example in doubt.examples]


def _what(example: Example) -> str:
    parts = [escape(example.task_id, 60)]
    parts += [f"sample {example.sample}"] if example.sample else []
    parts += [escape(example.finish_reason, 20)] if example.finish_reason else []
    parts += [f"{example.tokens:,} tokens"] if example.tokens is not None else []
    return ", ".join(parts)


def _said(example: Example, longest: int) -> str:
    if example.tail:
        shown = example.tail[-longest:].replace("\n", "\\n")  # code has many lines, and here it has one
        return f"... {escape(shown, None)}"
    return escape(example.detail, longest)


def pairs(doubts: Sequence[Doubt]) -> list[tuple[str, str]]:
    """The same as names and values, for a page: the kind, then its examples one a line."""
    return [(heading(doubt), "\n".join(": ".join(filter(None, line)) for line in lines(doubt)))
            for doubt in doubts]
