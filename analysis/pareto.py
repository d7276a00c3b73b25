"""Which runs are worth a look: those that no other beats in score, speed and memory at once.

A run is on the front (Pareto, V. (1906), Manuale di economia politica) when no other is at least as good in all three
and better in one. Only runs that can be held against one another are: on the same tasks, asked alike, on the same
machine, and with their memory counted in the same place (RAM or that of the GPU). A run that lacks one of the three
numbers, or whose score is suspect or incomplete, is neither on the front nor keeps another off it.

The front is of the numbers as measured: two scores that no test can tell apart count as different here.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from analysis.pairs import decisive
from analysis.rows import is_sound
from core.lookup import number_at, text_at, value_at

SAME_MACHINE = ("machine", "cpu", "gpu", "gpus")
"""Facts of the host by which machines are told apart; kernels and free memory come and go."""


class Point(NamedTuple):
    """What a run came to."""

    score: float
    """Percent; the more the better, as with speed."""
    speed: float
    """Tokens per second."""
    memory: float
    """Bytes; the less the better."""


def fronts(records: Iterable[Mapping[str, Any]]) -> frozenset[int]:
    """The ``id`` of every record on the front of its kind; a record with none to be held against is on no front."""
    kinds: dict[str, list[tuple[int, Point]]] = {}
    for record in records:
        kind, point = _kind(record), _point(record)
        if kind is not None and point is not None:
            kinds.setdefault(kind, []).append((id(record), point))
    found: set[int] = set()
    for members in kinds.values():
        if len(members) > 1:
            best = front(point for _, point in members)
            found |= {place for place, point in members if point in best}
    return frozenset(found)


def front(points: Iterable[Point]) -> frozenset[Point]:
    """The points that no other is at least as good as in all and better in one.

    Walked from the best score down (ties: the faster, then the smaller first), so that whatever beats a point has been
    seen before it; of those seen, ``speeds`` and ``memories`` keep the frontier of the two, both rising.
    """
    found: set[Point] = set()
    speeds: list[float] = []
    memories: list[float] = []
    for point in sorted(set(points), key=lambda point: (-point.score, -point.speed, point.memory)):
        place = bisect_left(speeds, point.speed)
        if place < len(speeds) and memories[place] <= point.memory:
            continue
        found.add(point)
        end = place + 1 if place < len(speeds) and speeds[place] == point.speed else place
        begin = place
        while begin > 0 and memories[begin - 1] >= point.memory:
            begin -= 1
        speeds[begin:end], memories[begin:end] = [point.speed], [point.memory]
    return frozenset(found)


def _kind(record: Mapping[str, Any]) -> str | None:
    tasks = text_at(record, "tasks_sha256")
    if tasks is None or not is_sound(record):
        return None
    host = [value_at(record, "provenance", "host", fact) for fact in SAME_MACHINE]
    on_gpu = number_at(record, "memory", "gpu_bytes") is not None
    return json.dumps([text_at(record, "benchmark"), tasks, decisive(record), host, on_gpu], default=str)


def _point(record: Mapping[str, Any]) -> Point | None:
    score, speed = number_at(record, "results", "score"), number_at(record, "latency", "tokens_per_second")
    memory = number_at(record, "memory", "gpu_bytes")
    memory = memory if memory is not None else number_at(record, "memory", "server_rss_bytes")
    return None if score is None or speed is None or memory is None else Point(score, speed, memory)
