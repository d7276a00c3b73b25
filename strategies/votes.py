"""Counting votes.

A candidate votes for its key, one without a key for nothing. Of answers with equally many votes the one that came up
first is ahead, as in the published implementations of self-consistency; so the winner depends on the order of the
samples in a tie, and only there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from strategies.base import Candidate


def tally(candidates: Sequence[Candidate]) -> Counter[str]:
    """Votes a key, in the order in which the keys came up."""
    return Counter(candidate.key for candidate in candidates if candidate.key is not None)


def winner(votes: Mapping[str, float]) -> str | None:
    """The key with the most votes, the first of those that have as many; None when nobody voted."""
    return max(votes, key=votes.__getitem__, default=None)


def first_with(candidates: Sequence[Candidate], key: str | None) -> int | None:
    """Position of the first candidate with that key; the first of all for None; None when there are no candidates."""
    if key is None:
        return 0 if candidates else None
    return next((at for at, candidate in enumerate(candidates) if candidate.key == key), None)


def majority(candidates: Sequence[Candidate]) -> int | None:
    """Position of the first candidate that gave the winning answer; of the first of all when none has an answer."""
    return first_with(candidates, winner(tally(candidates)))
