"""What all loads of a request share, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import BenchError
from evaluators.pool import VerifierPool
from runner.command import Command
from runner.observer import Hooks


@dataclass(slots=True)
class Report:
    """What came of a request."""

    records: list[Mapping[str, Any]] = field(default_factory=list)
    failures: list[BenchError] = field(default_factory=list)
    planned: int = 0
    begun: int = 0

    @property
    def exit_code(self) -> int:
        """The first failure's; 1 when a run is incomplete; else 0."""
        if self.failures:
            return self.failures[0].exit_code
        return 1 if any(record["status"] == "incomplete" for record in self.records) else 0


@dataclass(frozen=True, slots=True)
class Shared:
    """What all loads share."""

    pool: VerifierPool
    command: Command
    hooks: Hooks
    report: Report
