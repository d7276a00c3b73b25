"""Candidates as tests want them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import strategies as st

from core.records import Answer, Sample
from strategies.base import Candidate, Strategy


def candidate(index: int, key: str | None, merits: Mapping[str, float] | None = None) -> Candidate:
    """A sample whose answer is its key; without a key it has no answer."""
    return Candidate(Sample("task", index, f"reply {index}"), Answer(key), key, merits or {})


def votes(keys: Sequence[str | None]) -> list[Candidate]:
    """Samples 0, 1, … that gave these answers; "x" for a request that brought no reply, a dot for no answer."""
    return [candidate(at, None if key == "." else key) for at, key in enumerate(keys) if key != "x"]


def chosen(strategy: Strategy, keys: Sequence[str | None]) -> str | None:
    """The answer that wins; None also where nothing came back."""
    here = votes(keys)
    position = strategy.choose(here)
    return None if position is None else here[position].key


def course(strategy: Strategy, keys: Sequence[str | None]) -> list[int]:
    """What is drawn, round by round, when the samples are these."""
    rounds = [strategy.first()]
    while count := strategy.more(votes(keys[:sum(rounds)]), sum(rounds)):
        rounds.append(count)
    return rounds


KEYS = st.sampled_from("aaaaabbcd.x")
"""An answer, none ("."), or no reply ("x")."""
STREAMS = st.lists(KEYS, min_size=40, max_size=40).map("".join)
