"""How far judges agree, as a section of the leaderboard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.standings import Agreement
from reports import numbers
from reports.table import Column, Line, Section
from reports.text import escape

_SHOWN = 40

COLUMNS = (
    Column("criterion", "Criterion"),
    Column("texts", "Texts", "right"),
    Column("kappa", "Kappa (weighted)", "right"),
    Column("alpha", "Alpha (ordinal)", "right"),
    Column("exact", "Same score", "right"),
)


def section(agreements: Sequence[Agreement]) -> Section:
    """A row for each pair of judges and criterion."""
    return Section("Agreement of judges", tuple(map(_agreement, agreements)), tuple(_rough(agreements)), "", "Judges")


def _agreement(one: Agreement) -> Line:
    return Line({
        "name": _judges(one),
        "criterion": escape(one.criterion, _SHOWN),
        "texts": str(one.texts),
        "kappa": _figure(one.kappa),
        "alpha": _figure(one.alpha),
        "exact": "" if one.exact is None else numbers.percent(100 * one.exact),
    })


def _judges(one: Agreement) -> str:
    """Whose agreement it is."""
    if len(one.judges) == 2 and one.judges[0] == one.judges[1]:
        return f"{escape(one.judges[0], _SHOWN)} with itself"
    return " and ".join(escape(judge, _SHOWN) for judge in one.judges[:3]) + (
        f" and {len(one.judges) - 3} more" if len(one.judges) > 3 else "")


def _rough(agreements: Sequence[Agreement]) -> Iterator[str]:
    """Why there is no figure, or a rough one, each reason once for all criteria that share it."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for one in agreements:
        if one.words:
            reasons.setdefault((_judges(one), one.words), []).append(one.criterion)
    for (judges, words), criteria in reasons.items():
        yield f"{judges}: {words} ({', '.join(escape(name, 24) for name in criteria)})"


def _figure(value: float | None) -> str:
    """Of agreement."""
    return "" if value is None else f"{value:.2f}"
