"""What a strategy would have done, had it been alone, found out from samples that are already there.

A sample is the same whichever strategy asked for it: its seed depends on its task and its number alone. So a pool of
samples of a task, drawn once, answers for every strategy with no larger a budget: it would have drawn the pool's first
so many, and chosen among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strategies.base import Candidate, Strategy


@dataclass(frozen=True, slots=True)
class Replayed:
    """How a task would have ended."""

    drawn: int
    """Samples asked for: numbers 0 to ``drawn`` - 1."""
    candidates: tuple[Candidate, ...]
    """Those of them that came back, in index order."""
    chosen: int | None
    """Position in ``candidates`` of the one whose verdict is the task's; None when nothing came back."""
    rounds: tuple[int, ...]
    """What was asked for at once, round by round; their sum is ``drawn``."""


def replay(strategy: Strategy, pool: Sequence[Candidate], drawn: int) -> Replayed:
    """Puts a pool's candidates (in index order) to the strategy, as if they came when it asked for them.

    ``drawn``: samples that were asked for when the pool was made; fewer may have come back. ValueError when the
    strategy wants more than that.
    """
    rounds, asked, count = [], 0, strategy.first()
    while count > 0:
        rounds.append(count)
        asked += count
        if asked > drawn:
            raise ValueError(f"{strategy.name} wants sample {asked - 1} of a pool of {drawn}")
        here = [candidate for candidate in pool if candidate.sample.index < asked]
        count = strategy.more(here, asked)
    return Replayed(asked, tuple(here), strategy.choose(here), tuple(rounds))
