"""Which charts a report across runs has, and what is in each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from core.lookup import number_at, text_at, value_at
from reports import numbers
from reports.across.facts import Across, Row
from reports.charts.axes import Size
from reports.charts.ladder import Ladder, Rung, ladders
from reports.charts.palette import Palette
from reports.charts.series import Look, Point, Series
from reports.charts.spending import COSTS, drawable, look_of, series_of
from reports.charts.tradeoff import tradeoff
from reports.text import escape

MOST_RUNGS = 36
"""Rows of a picture of ladders."""

MOST_POINTS = 150
CROWDED = 40

_PLAIN = frozenset({"", "single"})
"""Of a picture; those on the front and those with the best scores first."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One picture, to be drawn in any size and for any ground."""

    slug: str
    """Of its files."""
    benchmark: str
    title: str
    said: str
    """What it shows, in a sentence."""
    whole: bool
    """Whether it takes a page's whole width, or stands beside another."""
    spec: Callable[[Size, Palette], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Versus:
    """One thing that a score is held against."""

    key: str
    title: str
    unit: float = 1.0
    log: bool = True


_VERSUS = (
    _Versus("tokens_per_second", "Speed (tokens/s)"),
    _Versus("vram_bytes", "GPU memory ({})"),
    _Versus("ram_bytes", "RAM ({})"),
    _Versus("energy_per_solved_j", "Energy (joules a solved task)"),
)


def drawings(across: Across) -> list[Drawing]:
    """All of them, by benchmark."""
    found: list[Drawing] = []
    names = _slugs(across.benchmarks)
    for benchmark, name in zip(across.benchmarks, names, strict=True):
        found += _spent(benchmark, name, across)
        found += _ladders(benchmark, name, across)
        found += _versus(benchmark, name, across)
    return found


def _slugs(benchmarks: Sequence[str]) -> list[str]:
    """Names for files, each another."""
    found: list[str] = []
    for benchmark in benchmarks:
        slug = re.sub(r"[^a-z0-9]+", "-", benchmark.lower())[:40].strip("-") or "benchmark"
        number = next(number for number in count(1) if (slug if number == 1 else f"{slug}-{number}") not in found)
        found.append(slug if number == 1 else f"{slug}-{number}")
    return found


def _ladders(benchmark: str, name: str, across: Across) -> Iterator[Drawing]:
    """A ladder for each base model, of runs with one strategy; runs of one sample come first."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in across.of(benchmark):
        if number_at(row, "score") is not None:
            found.setdefault((text_at(row, "base") or "?", across.strategy(row.get("run_id"))), []).append(row)
    every = [Ladder(f"{base}{f', {strategy}' if strategy else ''}", [_rung(row) for row in _by_size(members)])
             for (base, strategy), members in sorted(found.items(), key=lambda one: one[0][1] not in _PLAIN)
             if len({row.get("quantization") for row in members}) > 1]
    shown: list[Ladder] = []
    for ladder in every:
        if sum(len(one.rungs) for one in shown) + len(ladder.rungs) <= MOST_RUNGS or not shown:
            shown.append(replace(ladder, rungs=ladder.rungs[:MOST_RUNGS]))
    if not shown:
        return
    left = len(every) - len(shown)
    caption = ("Bars: 95 % intervals. At the right: points against the largest, in words where a paired test tells "
               "them apart." + (" Hollow: suspect." if any(rung.suspect for one in shown for rung in one.rungs) else "")
               + (f" The first {len(shown)} of {len(every):,} ladders." if left else ""))
    said = f"Scores of {'; '.join(_ladder_said(one) for one in shown[:3])} on {benchmark}, with 95 % intervals"
    along = f"Score on {_short(benchmark)} (%)"
    yield Drawing(f"{name}-ladder", benchmark, "Quantization ladder" if len(shown) == 1 else "Quantization ladders",
                  said, True, lambda size, palette: ladders(shown, along, caption, size, palette))


def _ladder_said(ladder: Ladder) -> str:
    return f"{ladder.name}: " + ", ".join(f"{rung.name} {rung.score:.1f} %" for rung in ladder.rungs[:8])


def _by_size(rows: Sequence[Row]) -> list[Row]:
    """The largest first; by score where sizes are not known."""
    return sorted(rows, key=lambda row: -(number_at(row, "size_bytes") or 0.0))


def _rung(row: Row) -> Rung:
    ends = _ends(row)
    kind = {"clearly lower": "lower", "clearly higher": "higher"}.get(text_at(row, "against") or "", "")
    words = ""
    if row.get("is_baseline") is True:
        kind, words = "baseline", "baseline"
    elif number_at(row, "difference") is not None:
        words = f"{numbers.points(number_at(row, 'difference'))} {kind}".strip()
    return Rung(escape(text_at(row, "quantization") or "-", 24), number_at(row, "score") or 0.0, *ends, words, kind,
                suspect=row.get("validity") == "suspect", said=_said(row))


def _versus(benchmark: str, name: str, across: Across) -> Iterator[Drawing]:
    """Of runs of one sample a task, where there are any to compare: what several cost is another picture."""
    for what in _VERSUS:
        every = [row for row in across.of(benchmark)
                 if number_at(row, "score") is not None and (number_at(row, what.key) or 0) > 0
                 and not (what.key == "ram_bytes" and number_at(row, "vram_bytes"))]
        plain = [row for row in every if across.strategy(row.get("run_id")) in _PLAIN]
        best = list({row.get("model"): row for row in reversed(every)}.values())  # each model's best score stays
        here = plain if len(plain) > 1 else best
        if len(here) < 2:
            continue
        chosen = sorted(here, key=lambda row: row.get("pareto") is not True)[:MOST_POINTS]
        unit, shown = _unit(what, chosen)
        yield Drawing(
            f"{name}-{what.key.split('_')[0]}", benchmark, f"Score against {_within(shown.split(' (')[0])}",
            f"Score on {benchmark} against {_within(shown)} of {len(chosen)} runs", False,
            _versus_spec(what, chosen, unit, shown, left=len(here) - len(chosen)),
        )


def _unit(what: _Versus, rows: Sequence[Row]) -> tuple[float, str]:
    if not what.key.endswith("_bytes"):
        return 1.0, what.title
    most = max(number_at(row, what.key) or 0.0 for row in rows)
    unit, word = (1e9, "GB") if most >= 1e9 else (1e6, "MB")
    return unit, what.title.format(word)


def _versus_spec(what: _Versus, rows: Sequence[Row], unit: float, title: str,
                 left: int) -> Callable[[Size, Palette], Mapping[str, Any]]:
    by_base: dict[str, list[Row]] = {}
    for row in rows:
        by_base.setdefault(text_at(row, "base") or "?", []).append(row)
    alone, crowded = len(by_base) == 1, len(rows) > CROWDED
    points = {base: sorted((_versus_point(row, what.key, unit, crowded=crowded) for row in members),
                           key=lambda point: point.x) for base, members in by_base.items()}
    named = {base: found for base, found in points.items() if not crowded or any(point.ringed for point in found)}
    others = [point for base, found in points.items() if base not in named for point in found]
    series = [Series("" if alone else escape(base, 60), found, joined=False) for base, found in named.items()]
    if others:
        series.append(Series(f"{len(points) - len(named):,} others", sorted(others, key=lambda point: point.x),
                             joined=False, faint=True))
    caption = " ".join(filter(None, (
        f"{escape(next(iter(by_base)), 60)}." if alone else "",
        "" if crowded and not named else "Bars: 95 % intervals.",
        "Ringed: no run beats it in score, speed and memory at once."
        if any(row.get("pareto") is True for row in rows) else "",
        f"{left:,} runs with lower scores are not drawn." if left else "",
    )))
    return lambda size, palette: tradeoff(series, Look(title, "Score (%)", log=True, caption=caption, size=size,
                                                       palette=palette))


def _versus_point(row: Row, key: str, unit: float, *, crowded: bool) -> Point:
    """Where it is crowded, those that are not on the front are a dot and no more."""
    ringed = row.get("pareto") is True
    plain = crowded and not ringed
    return Point((number_at(row, key) or 0.0) / unit, number_at(row, "score") or 0.0,
                 *((None, None) if plain else _ends(row)), _said(row),
                 "" if plain else escape(text_at(row, "quantization") or "", 24), ringed=ringed)


def _spent(benchmark: str, name: str, across: Across) -> Iterator[Drawing]:
    rows = [row for row in across.spent if str(row.get("benchmark") or "?") == benchmark]
    if not any(row.get("strategy") != "single" for row in rows):
        return
    for key in ("tokens", "seconds", "joules", "cost"):
        cost = COSTS[key]
        here = drawable(rows, cost)
        if len(here) < 2:
            continue
        series = series_of(here, cost)
        look = look_of(series, cost, across.frontiers.get(benchmark, ()) if key == "tokens" else ())
        yield Drawing(f"{name}-compute-{key}", benchmark, f"What more {_BOUGHT[key]} buy",
                      f"Accuracy on {benchmark} against {_within(cost.title)}", key == "tokens",
                      _sized(series, look))


_BOUGHT = {"tokens": "tokens", "seconds": "seconds", "joules": "joules", "cost": "dollars"}


def _sized(series: Sequence[Series], look: Look) -> Callable[[Size, Palette], Mapping[str, Any]]:
    return lambda size, palette: tradeoff(series, replace(look, size=size, palette=palette))


def _ends(row: Row) -> tuple[float | None, float | None]:
    ends = value_at(row, "interval")
    return (ends[0], ends[1]) if isinstance(ends, list) and len(ends) == 2 else (None, None)


def _said(row: Row) -> str:
    """All about a run in a line."""
    ends = value_at(row, "interval")
    parts = [escape(text_at(row, "model") or "?", 60), f"{numbers.score_cell(number_at(row, 'score'), ends)} %",
             f"{numbers.rate(speed)} tokens/s" if (speed := number_at(row, "tokens_per_second")) else "",
             f"{numbers.size(number_at(row, 'vram_bytes'))} VRAM" if number_at(row, "vram_bytes") else "",
             f"{numbers.size(number_at(row, 'ram_bytes'))} RAM" if number_at(row, "ram_bytes") else "",
             "suspect" if row.get("validity") == "suspect" else "",
             "on the front" if row.get("pareto") is True else ""]
    return ", ".join(filter(None, parts))


def _within(title: str) -> str:
    """As in the middle of a sentence; RAM and GPU stay."""
    return title if title[:2].isupper() else f"{title[:1].lower()}{title[1:]}"


def _short(text: str) -> str:
    return escape(text, 40)
