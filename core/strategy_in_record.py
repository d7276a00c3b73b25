"""How a record says its strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.lookup import count_at, number_at, object_at, text_at, texts_at

Record = Mapping[str, Any]

_BUDGET = ("n", "max_n")


def strategy_name(record: Record) -> str:
    """``single`` where the record says nothing."""
    return text_at(record, "config", "strategy") or "single"


def budget_of(record: Record) -> int:
    """The most samples a task."""
    return next((count for name in _BUDGET if (count := count_at(record, "config", name)) is not None), 1)


def told(record: Record) -> dict[str, Any]:
    """How the strategy is called, and what it may draw."""
    return {
        "strategy": strategy_name(record), "budget": budget_of(record),
        "selector": list(texts_at(record, "config", "selector") or ()) or None,
        "confidence": number_at(record, "config", "confidence"), "window": count_at(record, "config", "window"),
        "limits": dict(object_at(record, "config", "budget")) or None,
        "then": (texts_at(record, "config", "chain", "models") or (None,))[-1],
    }
