"""Whether a text's tail repeats itself: the sign of a model that loops.

A loop is a unit of at most ``period`` characters that comes ``count`` times or more, one right after the other, up to
the very end, over at least ``span`` characters: a table of zeros has many equal lines too, but ends before that.

How it is found, in time that grows with ``period * count`` and not with the text: read backwards, a tail with period
``p`` begins with the same ``m`` characters at 0 and at ``p``. For ``m >= p`` the first place where they come again is
the shortest period there can be (two shorter ones would make a third, by Fine and Wilf), so one search and one
comparison settle every period up to ``m``. A short loop has not yet ``m`` characters to show for a large ``m``, so
there are a few searches, each with a probe ``count - 1`` times as long as the one before.
"""

from __future__ import annotations

from dataclasses import dataclass

PERIOD, COUNT, SPAN = 1000, 4, 1600


@dataclass(frozen=True, slots=True)
class LoopRule:
    """What counts as a loop. ValueError for numbers that make no sense.

    The defaults let pass a 20 by 20 matrix of zeros, a ruler of a thousand dashes and all of HumanEval's solutions,
    and stop a greedy loop after some 500 tokens.
    """

    period: int = PERIOD
    """The longest unit, in characters."""
    count: int = COUNT
    """How often it comes at least."""
    span: int = SPAN
    """Characters that all its repeats together have at least."""

    def __post_init__(self) -> None:
        if self.period < 1 or self.span < 1:
            raise ValueError("a loop's unit and its span have at least one character")
        if self.count < 3:
            raise ValueError("twice is no loop: the count must be 3 or more")

    @property
    def reach(self) -> int:
        """Characters of the tail that decide; what comes before them need not be kept."""
        return max(self.period * self.count, self.span)


@dataclass(frozen=True, slots=True)
class Repetition:
    """The repeats at a text's end."""

    unit: int
    """Characters of the unit, the shortest there is."""
    repeats: int
    """Whole units."""
    start: int
    """Where in the text the repeating begins."""


def repeated_tail(text: str, rule: LoopRule) -> Repetition | None:
    """The loop at the end of ``text``, or None."""
    backwards = text[-rule.reach:][::-1]
    probe = max(1, rule.span * (rule.count - 1) // rule.count)
    longest = 0
    while longest < rule.period:
        longest = min(probe, rule.period)
        unit = backwards.find(backwards[:probe], 1, longest + probe)
        if unit > 0 and _holds(backwards, unit, max(rule.count * unit, rule.span)):
            start = _start(text, unit)
            return Repetition(unit, (len(text) - start) // unit, start)
        probe *= rule.count - 1
    return None


def _holds(backwards: str, unit: int, length: int) -> bool:
    """Whether the first ``length`` characters have this period, and are that many."""
    return len(backwards) >= length and backwards[: length - unit] == backwards[unit:length]


def _start(text: str, unit: int) -> int:
    """Where the run of this period begins: steps that double while they fit, then halve."""
    start, step = len(text) - unit, unit
    while step:
        if step <= start and text[start - step : start] == text[start - step + unit : start + unit]:
            start -= step
            step *= 2
        else:
            step //= 2
    return start
