"""One sample a task: its verdict is the task's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.records import Json
from strategies.base import Candidate


class Single:
    """Draw one sample and take it."""

    @property
    def name(self) -> str:
        return "single"

    def settings(self) -> Mapping[str, Json]:
        return {}

    def budget(self) -> int:
        return 1

    def merits(self) -> frozenset[str]:
        return frozenset()

    def first(self) -> int:
        return 1

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        return 0

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return 0 if candidates else None
