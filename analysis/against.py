"""One run held against another: the part of a row that says how they differ, and how sure that is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from analysis.holm import holm
from analysis.mcnemar import Paired
from analysis.noise import audit_of, within_noise
from analysis.pairs import flipped, paired, unpaired_because
from analysis.pareto import SAME_MACHINE
from analysis.power import smallest_difference
from analysis.rows import Record, Row
from analysis.tango import tango
from core.lookup import number_at, object_at, text_at

ALPHA = 0.05

DECIDES_SPEED = ("slots", "threads", "gpu_layers")
"""Settings that make one run faster than another whatever the models are."""


def against(record: Record, heads: Sequence[Record], but: Collection[str] = (), *, listed: bool = False) -> Row:
    """How a record compares with the first of ``heads`` that it pairs with, or why with none.

    ``but``: DECISIVE settings that may differ. ``listed``: with the names of the tasks that flipped. ``judge`` adds
    what depends on the other comparisons of the group.
    """
    if not heads:
        return {}
    if any(record is head for head in heads):
        return {"is_baseline": True}
    for head in heads:
        found = paired(head, record, but)
        if found is not None:
            return _named(head) | _numbers(head, record, found) | (_flipped(head, record) if listed else {})
    why = unpaired_because(heads[0], record, but) or "no task counted"
    return _named(heads[0]) | {"against": f"unpaired: {why}"}


def judge(rows: Sequence[Row], among: int | None = None) -> None:
    """Adds to the rows of one group what several comparisons at once leave of each.

    ``among``: how many comparisons were there to choose from, where that is more than are shown. The smallest
    difference is that which the strictest step of Holm's correction would have let through, so that it would have shown
    whatever became of the other comparisons.
    """
    compared = [row for row in rows if "p_value" in row]
    count = max(len(compared), among or 0)
    for row, corrected in zip(compared, holm([row["p_value"] for row in compared], count), strict=True):
        words = "no clear difference"
        if corrected < ALPHA:
            words = "clearly lower" if row["difference"] < 0 else "clearly higher"
        row |= {"p_corrected": corrected, "comparisons": count, "against": words,
                "would_have_shown": _would_have_shown(row["total_problems"], sum(row["flips"]), count)}


def _named(head: Record) -> Row:
    return {"baseline": text_at(head, "model"), "baseline_run_id": text_at(head, "run_id"),
            "baseline_validity": text_at(head, "validity", "status")}


def _numbers(head: Record, record: Record, found: Paired) -> Row:
    audits = [audit for audit in map(audit_of, (head, record)) if audit is not None]
    flips = found.only_first + found.only_second
    return {"difference": found.difference_points, "p_value": found.p_value,
            "difference_interval": _interval(found.total, found.only_first, found.only_second),
            "flips": [found.only_first, found.only_second],
            "same_verdicts": 100 * (found.total - flips) / found.total,
            "within_noise": within_noise(flips, found.total, audits)} | _sizes(head, record)


def _sizes(head: Record, record: Record) -> Row:
    """How much faster and smaller than its baseline; speed only on one machine, with the settings that decide it."""
    found: Row = {}
    configs = [object_at(one, "config") for one in (head, record)]
    speeds = [number_at(one, "latency", "tokens_per_second") for one in (head, record)]
    if speeds[0] and speeds[1] and speeds[0] > 0 and speeds[1] > 0 and _machine(head) == _machine(record):
        found["times_as_fast"] = speeds[1] / speeds[0]
        unequal = {name: [config.get(name) for config in configs] for name in DECIDES_SPEED}
        found["faster_by"] = {name: values for name, values in unequal.items()
                              if values[0] != values[1] and None not in values}
    sizes = [number_at(config, "size_bytes") for config in configs]
    if sizes[0] is not None and sizes[1] is not None:
        found["size_difference_bytes"] = sizes[1] - sizes[0]
    return found


def _machine(record: Record) -> list[Any]:
    host = object_at(record, "provenance", "host")
    return [host.get(fact) for fact in SAME_MACHINE]


def _flipped(head: Record, record: Record) -> Row:
    lost, won = flipped(head, record)
    return {"lost": lost, "won": won}


@lru_cache(maxsize=100_000)
def _would_have_shown(total: int, flips: int, comparisons: int) -> float | None:
    return smallest_difference(total, flips, alpha=ALPHA / comparisons)


@lru_cache(maxsize=100_000)
def _ends(total: int, only_first: int, only_second: int) -> tuple[float, float] | None:
    return tango(total, only_first, only_second)


def _interval(total: int, only_first: int, only_second: int) -> list[float] | None:
    ends = _ends(total, only_first, only_second)
    return list(ends) if ends else None
