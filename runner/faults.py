"""What went wrong in mid-run without ending it: requests that brought no reply, servers that were lost,
scripts that print what nobody asked for. No I/O.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

SERVER_LOST, SCRIPT_LOST = "server lost", "script lost"
"""Kinds of fault: what the run needs was lost, and started again. Other kinds are the scripts' own words."""

LOST_WITH = {SERVER_LOST: "lost with the server", SCRIPT_LOST: "lost with the script"}
"""The kind of fault of a request that was in flight then."""

WITH_SERVER = LOST_WITH[SERVER_LOST]


class Faults:
    """Counted by kind, with the first reason of each."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._reasons: dict[str, str] = {}

    def note(self, kind: str, reason: str) -> None:
        """Adds one."""
        self._counts[kind] += 1
        self._reasons.setdefault(kind, reason)

    def rows(self) -> list[dict[str, Any]]:
        """As the record has them: ``kind``, ``count``, ``reason`` (of the first), in the order of their first."""
        return [{"kind": kind, "count": self._counts[kind], "reason": reason[:300]}
                for kind, reason in self._reasons.items()]


@dataclass(slots=True)
class Oddities:
    """Things a script did that are counted and shown rather than dropped."""

    unknown_tasks: int = 0
    duplicates: int = 0
    unasked: int = 0
    """Of tasks that there are, but samples that nobody drew."""
    unreadable: int = 0
    failed_requests: int = 0
    examples: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Keeps the first few as examples."""
        if len(self.examples) < 5:
            self.examples.append(text[:200])
