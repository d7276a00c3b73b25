"""Early-stopping self-consistency: samples come in windows, and it ends with the first window that is of one mind.

A window is ``window`` samples in a row, the first of them number 0, ``window``, 2 x ``window``, …; it is of one mind
when every sample in it came back and gave the same answer. The answer is the majority of all samples; the authors'
program takes the unanimous window's, which differs where that is outvoted by the windows before it. Beyond theirs it
also ends where no other answer can get ahead within the samples that are left: all of them would give that answer too.

How often it errs: a window is of one mind about some wrong answer with probability (1 - p)^window at most, where p is
the probability of the answer that is the likeliest; docs/strategies.md has figures.

Source: Li et al., Escape Sky-high Cost: Early-stopping Self-Consistency for Multi-step Reasoning (ICLR 2024, arXiv
2401.10480), section 3.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.records import Json
from strategies.base import Candidate
from strategies.overtaking import lead
from strategies.votes import majority, tally


@dataclass(frozen=True, slots=True)
class Esc:
    """Draw window by window until one agrees, at most max_n; take the majority's answer."""

    max_n: int
    window: int

    @property
    def name(self) -> str:
        return "esc"

    def settings(self) -> Mapping[str, Json]:
        return {"max_n": self.max_n, "window": self.window}

    def budget(self) -> int:
        return self.max_n

    def merits(self) -> frozenset[str]:
        return frozenset()

    def first(self) -> int:
        return self.more((), 0)

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        left = self.max_n - drawn
        if left <= 0 or self._agreed(candidates):
            return 0
        now = lead(tally(candidates))
        for more in range(left):
            if not now.further(more).can_change(left - more):
                return min(more, self._rest_of_window(drawn))
        return min(left, self._rest_of_window(drawn))

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return majority(candidates)

    def _rest_of_window(self, drawn: int) -> int:
        return self.window - drawn % self.window

    def _agreed(self, candidates: Sequence[Candidate]) -> bool:
        """Whether a whole window gave one answer."""
        windows: dict[int, list[str | None]] = defaultdict(list)
        for candidate in candidates:
            windows[candidate.sample.index // self.window].append(candidate.key)
        return any(len(keys) == self.window and None not in keys and len(set(keys)) == 1 for keys in windows.values())
