"""What a group of compared runs comes to, in plain sentences.

Only what was shown is said. Two runs that the test does not tell apart are not called equal: the sentence names the
difference that would have shown. Of a run that is suspect, or that does not pair with its baseline, nothing is said but
that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.lookup import count_at, number_at, object_at, text_at, value_at
from reports import numbers
from reports.table import shown_text
from reports.text import escape

MOST_NAMED = 4
"""Runs named in one sentence; the others are counted."""

ALPHA = 0.05
"""As in the comparison, for a p-value by itself."""

ALIKE = 0.05
"""Speeds that differ by no larger share are the noise of the clock."""

Row = Mapping[str, Any]

Named = tuple[str, Row]
"""A row and what its group calls it."""


def sentences(group: Sequence[Named], baseline: Callable[[Row], str]) -> str:
    """All that can be said of the rows of one group; empty where none is held against another.

    ``baseline``: what the group calls that which a row is held against.
    """
    held: dict[str, list[Named]] = {}
    for name, row in group:
        if text_at(row, "against"):
            held.setdefault(baseline(row), []).append((name, row))
    return " ".join(sentence for head, rows in held.items() for sentence in _against(head, rows))


def _against(head: str, rows: Sequence[Named]) -> list[str]:
    if rows[0][1].get("baseline_validity") == "suspect":
        return [f"{head} is suspect, so nothing is said of what is held against it."]
    paired = [(name, row) for name, row in rows if "difference" in row and not _is_suspect(row)]
    found = []
    sayings = (("not told", _not_told), ("alone", _alone), ("clearly higher", _better), ("clearly lower", _worse))
    for kind, say in sayings:
        of_it = [(name, row) for name, row in paired if _kind(row) == kind]
        gain = _gain(of_it) if of_it and (say in {_not_told, _better} or len(paired) == 1) else ""
        found += [f"{say(head, of_it)}{f'; {gain}' if gain else ''}."] if of_it else []
    doubted = [name for name, row in rows if "difference" in row and _is_suspect(row)]
    if doubted:
        found.append(f"{_listed(doubted)} {_is(doubted)} suspect, so nothing is said of {_it(doubted)}.")
    return found + _unpaired(head, rows)


def _unpaired(head: str, rows: Sequence[Named]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for name, row in rows:
        against = text_at(row, "against") or ""
        if against.startswith("unpaired"):
            reasons.setdefault(escape(against.removeprefix("unpaired: ")), []).append(name)
    return [f"{_listed(names)} {_is(names)} not held against {head}: {why}." for why, names in reasons.items()]


def _not_told(head: str, rows: Sequence[Named]) -> str:
    names = [name for name, _ in rows]
    shown = [number_at(row, "would_have_shown") for _, row in rows]
    sure = [value for value in shown if value is not None]
    total = count_at(rows[0][1], "total_problems") or 0
    tasks = f"{total:,} {'task' if total == 1 else 'tasks'}"
    bound = f"a difference of {_upwards(max(sure))} points would have shown" if len(sure) == len(shown) else (
        "so few can show no difference, however large")
    return f"{_listed(names)} cannot be told from {head} on {tasks} ({bound})"


def _kind(row: Row) -> str:
    """The words of ``against``, but for a difference that is clear by itself and not among so many comparisons."""
    if row["against"] != "no clear difference":
        return str(row["against"])
    p_value = number_at(row, "p_value")
    return "alone" if p_value is not None and p_value < ALPHA else "not told"


def _alone(head: str, rows: Sequence[Named]) -> str:
    """``Q2_K is 9.0 points [2.3, 17.0] below F16, which is clear by itself and not as one of 3 comparisons``."""
    said = [f"{name} {'' if place else 'is '}{_amount(row)} {'below' if row['difference'] < 0 else 'above'}"
            f"{'' if place else f' {head}'}" for place, (name, row) in enumerate(rows[:MOST_NAMED])]
    more = [f"{_others(rows)} likewise"] if len(rows) > MOST_NAMED else []
    count = count_at(rows[0][1], "comparisons") or len(rows)
    return f"{', '.join([*said, *more])}, which is clear by itself and not as one of {count:,} comparisons"


def _worse(head: str, rows: Sequence[Named]) -> str:
    return _differ("worse", head, rows)


def _better(head: str, rows: Sequence[Named]) -> str:
    return _differ("better", head, rows)


def _differ(word: str, head: str, rows: Sequence[Named]) -> str:
    """``Q4_K_M is worse than F16 by 5.0 points [1.6, 9.3], Q2_K by 68.5 points [61.5, 74.6]``."""
    amounts = [f"by {_amount(row)}" for _, row in rows[:MOST_NAMED]]
    first = f"{rows[0][0]} is {word} than {head} {amounts[0]}"
    others = [f"{name} {amount}" for (name, _), amount in zip(rows[1:MOST_NAMED], amounts[1:], strict=True)]
    more = [f"{_others(rows)} too"] if len(rows) > MOST_NAMED else []
    return ", ".join([first, *others, *more])


def _amount(row: Row) -> str:
    """The size of a difference that has its sign in words, and its interval turned the same way."""
    difference = number_at(row, "difference") or 0.0
    points = f"{abs(difference):.1f} points"
    ends = value_at(row, "difference_interval")
    if not isinstance(ends, list) or len(ends) != 2:
        return points
    low, high = sorted(math.copysign(1, difference) * end for end in ends)
    return f"{points} [{low:.1f}, {high:.1f}]"


def _gain(rows: Sequence[Named]) -> str:
    """What the smallest of these runs saves; the fastest where sizes are not known or the same.

    Of strategies, which are all one model, what the cheapest costs.
    """
    if all(number_at(row, "times_tokens") is not None for _, row in rows):
        return _tokens(rows)
    sizes = [number_at(row, "size_difference_bytes") for _, row in rows]
    sized = None not in sizes and len(set(sizes)) == len(sizes)
    name, row = min(rows, key=lambda named: (number_at(named[1], "size_difference_bytes") or 0.0 if sized else 0.0,
                                             -(number_at(named[1], "times_as_fast") or 0.0)))
    facts = [fact for fact in (_speed(row), _size(row)) if fact]
    subject = "it" if len(rows) == 1 else f"{name}, the {'smallest' if sized else 'fastest'} of them,"
    return f"{subject} is {' and '.join(facts)}" if facts else ""


def _tokens(rows: Sequence[Named]) -> str:
    """``esc n<=16, the cheapest of them, takes 0.57 times the tokens``."""
    name, row = min(rows, key=lambda named: number_at(named[1], "times_tokens") or 0.0)
    times = number_at(row, "times_tokens") or 0.0
    subject = "it" if len(rows) == 1 else f"{name}, the cheapest of them,"
    return f"{subject} takes {'as many' if abs(times - 1) < 0.005 else f'{times:.2f} times the'} tokens"


def _speed(row: Row) -> str:
    times = number_at(row, "times_as_fast")
    if times is None or times <= 0:
        return ""
    unequal = [f"{escape(name, 20).replace('_', ' ')} {shown_text(values[1], 12)} against {shown_text(values[0], 12)}"
               for name, values in object_at(row, "faster_by").items() if isinstance(values, list) and len(values) == 2]
    why = f" ({', '.join(unequal)})" if unequal else ""
    if abs(times - 1) <= ALIKE:
        return f"about as fast{why}"
    return f"{_times(times)} faster{why}" if times > 1 else f"{_times(1 / times)} slower{why}"


def _size(row: Row) -> str:
    difference = number_at(row, "size_difference_bytes")
    if not difference:
        return ""
    return f"{numbers.size(abs(difference))} {'smaller' if difference < 0 else 'larger'}"


def _times(value: float) -> str:
    return f"{value:.2f}x" if value < 1.1 else f"{value:.1f}x" if value < 99.5 else f"{value:,.0f}x"


def _upwards(points: float) -> str:
    """To one decimal, never below what it says; a whole number from 10 points on."""
    return f"{math.ceil(points)}" if points >= 10 else f"{math.ceil(10 * points) / 10:.1f}".removesuffix(".0")


def _is_suspect(row: Row) -> bool:
    return row.get("validity") == "suspect"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        shown.append(_others(names))
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _others(every: Sequence[object]) -> str:
    """Those beyond the named."""
    more = len(every) - MOST_NAMED
    return f"{more:,} {'other' if more == 1 else 'others'}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "them"
