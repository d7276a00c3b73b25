"""Joules: power over time, and whose they are. Pure.

A *kind* is what was metered: ``gpu`` (all the GPUs that the server may see, whole boards) or ``cpu`` (processor
packages). Joules are counted from some moment on, and only differences mean anything.

Of requests that overlap nobody can measure the parts, since a meter sees the whole board. What was used between two
moments at which something began or ended is shared among the requests that were then under way, in proportion to the
tokens that each worked off a second: those of its prompt that came from no cache, and those of its reply. A request
that was alone gets all of it. What was used while none was under way is shared among all by their tokens, so that
nothing is lost: the shares add up to what was measured.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter

from core.records import Sample

GPU, CPU = "gpu", "cpu"

Joules = Mapping[str, float]
"""By kind; a kind that was not measured, or not throughout, is absent."""

Place = tuple[str, int]
"""Task and sample."""

_SHORTEST_S = 1e-6
"""No request takes less; one that says so has no time of its own."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A reply, when it came (seconds since the first question of its sitting), and what was used up to then."""

    sample: Sample
    sitting: int
    at_s: float
    joules: float

    @property
    def place(self) -> Place:
        return self.sample.task_id, self.sample.index

    @property
    def begun_s(self) -> float:
        return min(self.at_s, max(0.0, self.at_s - (self.sample.wall_s or 0.0)))

    @property
    def tokens(self) -> float:
        """Those worked off: in its prompt, without what came from a cache, and in its reply; at least 1."""
        sample = self.sample
        prompt = (sample.prompt_tokens or 0) - (sample.cached_tokens or 0)
        return float(max(1, prompt + (sample.completion_tokens or 0)))


def added(parts: Iterable[Joules | None]) -> dict[str, float] | None:
    """The sum over sittings, of the kinds that every one of them measured; None where there is no such kind."""
    every = [part or {} for part in parts]
    kinds = [kind for kind in (every[0] if every else ()) if all(kind in part for part in every)]
    return {kind: sum(part[kind] for part in every) for kind in kinds} or None


def between(before: tuple[float, float], now: tuple[float, float]) -> float:
    """Joules between two looks at a meter of power, (seconds, watts) each, by the trapezoid rule."""
    return (now[0] - before[0]) * (before[1] + now[1]) / 2


def shares(arrivals: Iterable[Arrival]) -> dict[Place, float]:
    """Joules of each reply; together what was measured from the first question to the last reply of each sitting."""
    sittings: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        sittings[arrival.sitting].append(arrival)
    found: dict[Place, float] = {}
    for here in sittings.values():
        found |= _of_a_sitting(sorted(here, key=attrgetter("at_s")))
    return found


def _of_a_sitting(here: list[Arrival]) -> dict[Place, float]:
    """``here``: its arrivals in the order of time."""
    curve = _Curve(here)
    found = {arrival.place: 0.0 for arrival in here}
    under_way: dict[Place, float] = {}
    last_s = 0.0
    for at_s, is_end, arrival in _changes(here):
        used = curve.at(at_s) - curve.at(last_s)
        pace = sum(under_way.values())
        for place, own in under_way.items():
            found[place] += used * own / pace
        last_s = at_s
        if is_end:
            del under_way[arrival.place]
        else:
            under_way[arrival.place] = arrival.tokens / (arrival.at_s - arrival.begun_s)
    tokens = sum(arrival.tokens for arrival in here)
    unshared = max(0.0, here[-1].joules - sum(found.values()))
    for arrival in here:
        found[arrival.place] += unshared * arrival.tokens / tokens
    return found


def _changes(here: list[Arrival]) -> list[tuple[float, bool, Arrival]]:
    """(seconds, whether it ends, request) of all that lasted, in the order of time."""
    lasting = [arrival for arrival in here if arrival.at_s - arrival.begun_s > _SHORTEST_S]
    changes = [(a.begun_s, False, a) for a in lasting] + [(a.at_s, True, a) for a in lasting]
    return sorted(changes, key=lambda change: change[:2])


class _Curve:
    """Joules used up to a moment: as read when replies came, on a straight line between."""

    def __init__(self, here: list[Arrival]) -> None:
        self._times = [0.0, *(arrival.at_s for arrival in here)]
        self._joules = [0.0, *(arrival.joules for arrival in here)]

    def at(self, second: float) -> float:
        place = bisect_left(self._times, second)
        if place == 0:
            return self._joules[0]
        if place == len(self._times):
            return self._joules[-1]
        low, high = self._times[place - 1], self._times[place]
        low_j, high_j = self._joules[place - 1], self._joules[place]
        return low_j + (high_j - low_j) * (second - low) / (high - low)
