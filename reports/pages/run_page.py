"""One run as a page: what it is and what came of it, how tokens and seconds are spread, every task with its replies.

Texts of the record are spelled out (``reports.text``) and then escaped by the template; replies are data that the
page's script shows as text. The charts are drawn by the caller, since that loads a library that a run's end can do
without: a page without them has their figures in a table all the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.judged_in_record import awaits_judge, is_for_judges
from core.lookup import count_at, number_at, object_at, text_at, texts_at, value_at
from core.outcomes import NOT_COUNTED, Outcome
from core.run_view import RunView
from reports import numbers
from reports.charts.histogram import Value, What, histogram
from reports.decision import sentence as decided
from reports.evidence import pairs
from reports.live import outcome_words
from reports.pages.embed import svg_block
from reports.pages.frame import Assets, Page, render
from reports.pages.run_data import blocks, cut_texts
from reports.show import bounds_line, head, hint_lines, interval_line, score_line, sections
from reports.text import escape

Draw = Callable[[Mapping[str, Any], str], str]
"""From a chart's specification and what it shows, in a sentence, to an ``<svg>`` element."""

_SCRIPTS = ("run_tasks.js", "run_list.js", "run_detail.js", "run.js")


@dataclass(frozen=True, slots=True)
class _Spread:
    """Something that every reply has a number of."""

    key: str
    what: What
    name: str


_SPREADS = (
    _Spread("completion_tokens", What("tokens a reply", numbers.whole, whole=True), "Completion tokens"),
    _Spread("wall_s", What("seconds a reply", numbers.seconds), "Time"),
    _Spread("ttft_s", What("seconds to the first token", numbers.seconds), "Time to the first token"),
)


def to_html(view: RunView, assets: Assets, draw: Draw | None = None) -> str:
    """The whole page; without ``draw`` there are no charts in it."""
    record = view.record
    benchmark, model = (escape(text_at(record, key) or "?") for key in ("benchmark", "model"))
    cut = cut_texts(view.tasks)
    cut_here = f"{cut:,} {'reply is' if cut == 1 else 'replies are'} cut here for length; samples.jsonl has all of it."
    spreads = _spreads(view)
    values = {
        "benchmark": benchmark, "model": model, "subtitle": _subtitle(record),
        "reasons": [escape(reason) for reason in texts_at(record, "validity", "reasons") or ()],
        "hints": hint_lines(record),
        "remarks": [escape(remark, 400) for remark in (*view.remarks, *([cut_here] if cut else []))],
        "score": _score(record), "unjudged": awaits_judge(record), "waiting": _waiting(record),
        "kinds": _kinds(record), "decision": decided(record), "tiles": _tiles(record),
        "outcomes": _outcomes(record), "difficulties": _difficulties(record),
        "spreads": [row for _, row in spreads],
        "charts": [] if draw is None else [_chart(spread, view, draw) for spread, _ in spreads],
        "command": escape(view.command, None),
        "evidence": pairs(view.evidence), "facts": head(record),
        "sections": [(title, found) for title, found in sections(record) if title not in {"Outcomes", "By difficulty"}],
        "count": len(view.tasks), "blocks": blocks(view.tasks, judged=is_for_judges(record)),
    }
    return render(Page("run.html", values, ("charts.css", "run.css"), _SCRIPTS), assets)


def _subtitle(record: Mapping[str, Any]) -> str:
    origin = text_at(record, "config", "origin") if value_at(record, "config", "imported") is True else None
    parts = [numbers.date(text_at(record, "timestamp")), f"imported from {origin}" if origin else None,
             text_at(record, "config", "backend"), text_at(record, "status"), text_at(record, "run_id")]
    return " · ".join(escape(part) for part in parts if part)


def _score(record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Numbers for the scale, and the sentence; None where there is no score."""
    score = number_at(record, "results", "score")
    if score is None:
        return None
    ends = value_at(record, "interval")
    low, high = (number_at({"n": end}, "n") for end in ends) if isinstance(ends, list | tuple) and len(ends) == 2 else (
        None, None)
    bar = None if low is None or high is None else (_within(low), max(0.4, _within(high) - _within(low)))
    return {"shown": numbers.percent(score), "at": _within(score), "bar": bar, "line": score_line(record),
            "between": interval_line(record), "bounds": bounds_line(record),
            "suspect": text_at(record, "validity", "status") == "suspect"}


def _waiting(record: Mapping[str, Any]) -> str:
    """What a run waits for that has no score yet, without its first word, which stands there large."""
    return score_line(record).partition(", ")[2] if awaits_judge(record) else ""


def _within(percent: float) -> float:
    return min(100.0, max(0.0, percent))


def _tiles(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    passed, total = count_at(record, "results", "total_passed"), count_at(record, "results", "total_problems")
    several = count_at(record, "config", "samples_per_task")
    strategy, version = text_at(record, "config", "strategy"), text_at(record, "config", "prompt_version")
    found = [
        ("passed", f"{passed:,} of {total:,}" if passed is not None and total is not None else ""),
        ("validity", "ok" if text_at(record, "validity", "status") == "ok" else ""),
        ("prompt", escape(version, 40) if version and (version != "v1" or is_for_judges(record)) else ""),
        ("strategy", escape(strategy, 40) if strategy and strategy != "single" else ""),
        ("samples a task", numbers.whole(several) if several is not None and several > 1 else ""),
        ("time taken", numbers.seconds(number_at(record, "results", "time_taken"))),
        ("tokens", numbers.whole(number_at(record, "usage", "completion_tokens"))),
        ("tokens/s, one slot", numbers.rate(number_at(record, "latency", "decode_tokens_per_second"))),
        ("model file", numbers.size(number_at(record, "config", "size_bytes"))),
    ]
    return [(name, value) for name, value in found if value]


def _outcomes(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each outcome with its share of all, in the order of their declaration; those we do not know at the end."""
    counts = {name: count for name in object_at(record, "outcomes") if (count := count_at(record, "outcomes", name))}
    total = sum(counts.values())
    order = [outcome for outcome in map(str, Outcome) if outcome in counts]
    found, at = [], 0.0
    for name in [*order, *(name for name in counts if name not in order)]:
        share = 100 * counts[name] / total
        found.append({"class": name if name in order else "other", "words": escape(outcome_words(name), 40),
                      "count": f"{counts[name]:,}", "at": round(at, 3), "share": round(share, 3),
                      "uncounted": name in NOT_COUNTED})
        at += share
    return found


def _difficulties(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    groups, found = object_at(record, "results", "difficulty_scores"), []
    for name in groups:
        passed, total = count_at(groups, name, "passed"), count_at(groups, name, "total")
        if passed is not None and total:
            found.append({"name": escape(name, 40), "passed": f"{passed:,} of {total:,}",
                          "percent": numbers.percent(100 * passed / total), "share": _within(100 * passed / total)})
    return found


def _spreads(view: RunView) -> list[tuple[_Spread, dict[str, str]]]:
    """What is known of at least one reply, with its quantiles as people read them."""
    found = []
    for spread in _SPREADS:
        values = sorted(one.value for one in _values(view, spread))
        if values:
            quantiles = {name: spread.what.shown(_quantile(values, share)) for name, share in _QUANTILES}
            found.append((spread, {"name": spread.name, "count": f"{len(values):,}", **quantiles}))
    return found


_QUANTILES = (("least", 0.0), ("median", 0.5), ("p90", 0.9), ("p99", 0.99), ("most", 1.0))


def _quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    return values[max(0, math.ceil(share * len(values)) - 1)]


def _values(view: RunView, spread: _Spread) -> list[Value]:
    good = Outcome.UNJUDGED if is_for_judges(view.record) else Outcome.CORRECT
    return [Value(sample.numbers[spread.key], sample.outcome == good) for task in view.tasks for sample in task.samples
            if spread.key in sample.numbers and sample.numbers[spread.key] >= 0]


def _chart(spread: _Spread, view: RunView, draw: Draw) -> dict[str, Any]:
    values, words = _values(view, spread), _kinds(view.record)
    kinds = Counter(value.passed for value in values)
    said = f"{spread.name}: histogram of {len(values):,} replies, {kinds[True]:,} {words[0]} and {kinds[False]:,} not"
    return {"name": spread.name, "svg": svg_block(draw(histogram(values, replace(spread.what, words=words)), said))}


def _kinds(record: Mapping[str, Any]) -> tuple[str, str]:
    """What the two kinds of replies are called."""
    return ("to be judged" if is_for_judges(record) else "correct", "not")
