"""Strategies against each other: one model on the same tasks with more or fewer samples of each, and what they cost.

They are held against the one that always draws most: what is lost, and saved, by drawing less, or by stopping early.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.against import against, judge
from analysis.groups import base_and_quantization
from analysis.pairs import STRATEGY, decisive
from analysis.rows import STRATEGIES, Placed, Record, Row, row_of
from core.lookup import count_at, number_at, object_at, text_at
from core.strategy_in_record import budget_of, strategy_name, told


def by_strategy(records: Sequence[Record], *, listed: bool) -> list[Placed]:
    """Rows of one benchmark, sorted as ``analysis.groups.order`` does, of models asked under several strategies.

    Within a model by strategy and budget, ``single`` first.
    """
    found: list[Placed] = []
    for alike in _alike(records):
        head = max(alike, key=_draws)
        ranked = sorted(alike, key=_place)
        placed = [(record, row_of(record) | {"group": STRATEGIES} | told(record) | cost(record) | _times(record, head)
                   | against(record, [head], STRATEGY, listed=listed)) for record in ranked]
        judge([row for _, row in placed])
        found += placed
    return found


def several(records: Sequence[Record]) -> bool:
    """Whether these are runs of one model under several strategies, so that nothing else tells them apart."""
    return len({base_and_quantization(record) for record in records}) == 1 and len(
        {decisive(record) for record in records}) > 1 and len(
        {(decisive(record, STRATEGY), text_at(record, "tasks_sha256")) for record in records}) == 1


def but_strategy(settings: Row) -> Row:
    """Settings by their dotted names, without the strategy's."""
    return {name: value for name, value in settings.items() if name.partition(".")[0] not in STRATEGY}


def cost(record: Record) -> Row:
    """What a task took in the mean."""
    total = sum(count for count in object_at(record, "outcomes").values() if isinstance(count, int))
    usage = object_at(record, "usage")
    tokens, requests = number_at(usage, "completion_tokens"), number_at(usage, "requests")
    return {
        "samples": requests / total if requests is not None and total else None,
        "completion_tokens": tokens / total if tokens is not None and total else None,
        "oracle": number_at(record, "results", "oracle"),
    }


def _times(record: Record, head: Record) -> dict[str, Any]:
    own, most = (cost(each)["completion_tokens"] for each in (record, head))
    return {"times_tokens": own / most if own is not None and most else None}


def _alike(records: Sequence[Record]) -> list[list[Record]]:
    """The runs that differ in their strategy alone, where there are several."""
    found: dict[tuple[Any, ...], list[Record]] = {}
    for record in records:
        tasks = text_at(record, "tasks_sha256")
        if tasks is not None:
            kind = (*base_and_quantization(record), tasks, decisive(record, STRATEGY))
            found.setdefault(kind, []).append(record)
    return [group for group in found.values() if len({decisive(record) for record in group}) > 1]


def _place(record: Record) -> tuple[bool, str, int]:
    name = strategy_name(record)
    return name != "single", name, budget_of(record)


def _draws(record: Record) -> tuple[bool, int]:
    """The first of those that always draw most."""
    return count_at(record, "config", "samples_per_task") is not None, budget_of(record)
