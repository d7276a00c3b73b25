"""In which order a judge sees the texts, and which of them twice: drawn by lot.

Entries that were begun stay in front, as they are. All others, old and new, are drawn into one order, so that what came
later cannot be told by its place. A text's second occasion comes half a file behind its first where there is room for
it, when the first is forgotten, and among others that are new.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runner.judging.experiment import Candidate
from tracking.judging.judge_file import Entry
from tracking.judging.judge_key import Place, new_entry_id

SampleKey = tuple[str, str, int]

FIRST: Final = 1
AGAIN: Final = 2
"""Occasions on which a judge sees a text."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """The entries in their order, and what every id stands for."""

    entries: tuple[Entry, ...]
    places: Mapping[str, Place]


def draw(
    before: Sequence[Entry], places: Mapping[str, Place], pending: Mapping[SampleKey, Candidate], twice: float
) -> Drawn:
    """``before``, ``places``: the file as it was and its key, every id in it known. ``pending``: what is to be judged.

    ``twice``: the share of the file's texts that are shown again.
    """
    places = dict(places)
    kept = [entry for entry in before if entry.touched]
    waiting = [entry for entry in before if not entry.touched and places[entry.entry_id].sample_key in pending]
    entries = {entry.entry_id: entry for entry in (*kept, *waiting)}
    there = {(places[entry_id].sample_key, places[entry_id].occasion) for entry_id in entries}

    def add(candidate: Candidate, occasion: int) -> None:
        entry_id = new_entry_id()
        places[entry_id] = Place(*candidate.sample_key, occasion, candidate.text_sha256, candidate.scenario_sha256)
        entries[entry_id] = Entry(entry_id, candidate.scenario, candidate.text)

    for key, candidate in pending.items():
        if (key, FIRST) not in there:
            add(candidate, FIRST)
    begun = {entry.entry_id for entry in kept}
    order = [entry_id for entry_id in entries if entry_id not in begun and places[entry_id].occasion == FIRST]
    secrets.SystemRandom().shuffle(order)
    texts = sum(places[entry_id].occasion == FIRST for entry_id in entries)
    wanted = math.ceil(round(twice * texts, 6)) - sum(occasion == AGAIN for _, occasion in there)
    single = [key for entry_id in order if ((key := places[entry_id].sample_key), AGAIN) not in there]
    for key in single[:max(0, wanted)]:
        add(pending[key], AGAIN)
    seconds = [entry_id for entry_id in entries if entry_id not in begun and places[entry_id].occasion == AGAIN]
    return Drawn((*kept, *(entries[entry_id] for entry_id in _mixed(order, seconds, places))), places)


def _mixed(order: Sequence[str], seconds: Sequence[str], places: Mapping[str, Place]) -> list[str]:
    at = {places[entry_id].sample_key: place for place, entry_id in enumerate(order)}
    rank = {entry_id: float(place) for place, entry_id in enumerate(order)}
    rank |= {entry_id: at.get(places[entry_id].sample_key, 0) + len(order) / 2 + 0.25 for entry_id in seconds}
    return sorted(rank, key=lambda entry_id: rank[entry_id])
