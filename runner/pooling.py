"""One pool of samples for several strategies. Pure.

A strategy that always draws as much as any of the others may want covers them all, and is the pool's drawing. Where
all may stop early, which of them goes furthest differs from task to task; the pool then draws what any of them lacks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.records import Json
from strategies.base import Candidate, Strategy


def covering(first: Strategy, others: Sequence[Strategy]) -> Strategy:
    """What draws for ``first`` so that each of the others finds its samples in the pool."""
    if all(each.budget() <= first.first() for each in others):
        return first if not _more_merits(first, others) else Pooled(first, tuple(others))
    return Pooled(first, tuple(others))


def _more_merits(first: Strategy, others: Sequence[Strategy]) -> bool:
    return any(not each.merits() <= first.merits() for each in others)


@dataclass(frozen=True, slots=True)
class Pooled:
    """Draws until none of several strategies wants more; chooses as the first of them."""

    leading: Strategy
    others: tuple[Strategy, ...]

    @property
    def name(self) -> str:
        return self.leading.name

    def settings(self) -> Mapping[str, Json]:
        return self.leading.settings()

    def budget(self) -> int:
        return max(each.budget() for each in self._all())

    def merits(self) -> frozenset[str]:
        return frozenset[str]().union(*(each.merits() for each in self._all()))

    def first(self) -> int:
        return max(each.first() for each in self._all())

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        return max(0, max(wanted(each, candidates, drawn) for each in self._all()) - drawn)

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return self.leading.choose(candidates)  # of what it uses, which who looks at its results picks out

    def _all(self) -> tuple[Strategy, ...]:
        return (self.leading, *self.others)


def wanted(strategy: Strategy, candidates: Sequence[Candidate], drawn: int) -> int:
    """How many samples of a task a strategy draws in all, as far as ``candidates``, the ``drawn`` so far, tell.

    More than ``drawn``: it wants more than there are. ``candidates`` are in the order of their numbers; one that is
    missing among the drawn brought no reply.
    """
    total = strategy.first()
    while total <= drawn:
        here = [candidate for candidate in candidates if candidate.sample.index < total]
        count = strategy.more(here, total)
        if count <= 0:
            return total
        total += count
    return total
