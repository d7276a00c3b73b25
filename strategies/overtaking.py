"""Whether the samples that are left can still change the winner."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from strategies.votes import winner


@dataclass(frozen=True, slots=True)
class Lead:
    """How the votes stand."""

    first: int
    """Votes of the answer that is ahead; 0 when nobody voted."""
    second: int
    """The most votes of any other."""
    bar: int
    """The first answer stays ahead while the votes to come are no more than ``first - bar``. It is the most votes of
    any rival, and one more where that rival came up earlier and so is ahead as soon as it draws level.
    """

    def can_change(self, left: int) -> bool:
        """Whether ``left`` further samples can put another answer ahead."""
        return self.bar + left > self.first

    def further(self, votes: int) -> Lead:
        """How it stands when so many more votes go to the first answer."""
        return Lead(self.first + votes, self.second, self.bar)


def lead(votes: Counter[str]) -> Lead:
    """How these votes stand; they are in the order in which the answers came up."""
    ahead = winner(votes)
    if ahead is None:
        return Lead(0, 0, 0)
    second = bar = 0
    earlier = 1
    for key, count in votes.items():
        if key == ahead:
            earlier = 0
        else:
            second, bar = max(second, count), max(bar, count + earlier)
    return Lead(votes[ahead], second, bar)
