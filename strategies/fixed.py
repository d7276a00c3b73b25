"""What strategies that always draw the same number of samples have in common.

All samples are asked for at once, so that their prompt is evaluated once. A request that failed for good is not made
up for: n is what was paid for, and a reply that never comes must not keep a task from ending.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategies.base import Candidate


@dataclass(frozen=True, slots=True)
class Fixed:
    """Draws n."""

    n: int

    def budget(self) -> int:
        return self.n

    def first(self) -> int:
        return self.n

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        return max(0, self.n - drawn)
