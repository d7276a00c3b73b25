"""What a report across runs is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from core.matrix import Matrix
from reports.strategies import strategy_label
from reports.table import Table

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Across:
    """All of it. The pictures are drawn from the same (``reports.across.charts``)."""

    root: str
    """The folder whose runs these are, as it was given."""
    compared: Sequence[Row]
    """The rows of ``compare``: see ``analysis.comparison``."""
    table: Table
    """The same as a table, with what they come to in sentences."""
    runs: int
    """How many there are, those counted that a later one of their kind replaces."""
    matrices: Sequence[Matrix] = field(default=())
    spent: Sequence[Row] = field(default=())
    """Rows of ``analyze`` of the benchmarks where a strategy drew more than one sample: see ``analysis.budgets``."""
    frontiers: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)
    """By benchmark: the best accuracy within so many tokens."""
    refused: Sequence[str] = field(default=())
    """Folders that could not be read, each with the reason."""
    unended: Sequence[str] = field(default=())
    """Names of runs that have no record yet."""
    remarks: Sequence[str] = field(default=())

    @cached_property
    def leaders(self) -> list[Row]:
        """Every run once: by benchmark, the best score first."""
        once: dict[Any, Row] = {}
        for group in ("quantizations", "strategies", "models", "before and after"):
            for row in self.compared:
                if row.get("group") == group:
                    once.setdefault(row.get("run_id"), row)
            if group == "strategies" and once:
                break  # the others are of some of these runs, and of some that they replaced
        return sorted(once.values(), key=lambda row: (str(row.get("benchmark") or ""), -_score(row)))

    @cached_property
    def _strategies(self) -> dict[Any, str]:
        return {row.get("run_id"): strategy_label(row) for row in self.compared if row.get("group") == "strategies"}

    def strategy(self, run_id: Any) -> str:
        """What a run's strategy is called, where its model was asked with several; otherwise empty."""
        return self._strategies.get(run_id, "")

    @cached_property
    def benchmarks(self) -> list[str]:
        return list(dict.fromkeys(str(row.get("benchmark") or "?") for row in self.leaders))

    def of(self, benchmark: str) -> list[Row]:
        """The leaders of one benchmark."""
        return [row for row in self.leaders if str(row.get("benchmark") or "?") == benchmark]


def _score(row: Row) -> float:
    score = row.get("score")
    return float(score) if isinstance(score, int | float) else -1.0
