"""Every model against every other on the same tasks.

Runs stand in one matrix when they pair (``analysis.pairs``): the same tasks, asked alike. All pairs of a matrix are
looked at, so all are corrected for together (Holm).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from analysis.holm import holm
from analysis.pairs import flipped, is_whole, paired, unpaired_because
from analysis.rows import Record, is_sound
from core.lookup import count_at, number_at, text_at
from core.matrix import Matrix, Pair, Standing

MOST = 24
"""Runs in a matrix; of more, those with the best scores."""


def matrices(records: Iterable[Record], most: int = MOST) -> list[Matrix]:
    """One for each set of at least two runs that pair, by benchmark, the largest first."""
    found = [_matrix(arena, most) for arena in _arenas(records) if len(arena) > 1]
    return sorted(found, key=lambda one: (one.benchmark, -len(one.standings)))


def _arenas(records: Iterable[Record]) -> list[list[Record]]:
    arenas: dict[tuple[str | None, str | None], list[list[Record]]] = {}
    for record in records:
        if not is_whole(record) or text_at(record, "tasks_sha256") is None:
            continue
        of_tasks = arenas.setdefault((text_at(record, "benchmark"), text_at(record, "tasks_sha256")), [])
        arena = next((arena for arena in of_tasks if unpaired_because(arena[0], record) is None), None)
        if arena is None:
            of_tasks.append([record])
        else:
            arena.append(record)
    return [arena for of_tasks in arenas.values() for arena in of_tasks]


def _matrix(arena: Sequence[Record], most: int) -> Matrix:
    ranked = sorted(arena, key=_score, reverse=True)
    shown = ranked[:most]
    found = []
    for (first, one), (second, other) in combinations(enumerate(shown), 2):
        test = paired(one, other)
        if test is not None:
            lost, won = flipped(one, other)
            found.append((first, second, tuple(lost), tuple(won), test.p_value))
    corrected = holm([p_value for *_, p_value in found])
    pairs = tuple(Pair(*values, p) for values, p in zip(found, corrected, strict=True))
    return Matrix(text_at(shown[0], "benchmark") or "", count_at(shown[0], "results", "total_problems") or 0,
                  _standings(shown), pairs, len(ranked) - len(shown))


def _standings(records: Sequence[Record]) -> tuple[Standing, ...]:
    seen: Counter[str] = Counter()
    found = []
    for record in records:
        label = text_at(record, "model") or "?"
        seen[label] += 1
        found.append(Standing(label if seen[label] == 1 else f"{label} ({seen[label]})", _score(record),
                              text_at(record, "run_id"), not is_sound(record)))
    return tuple(found)


def _score(record: Record) -> float:
    return number_at(record, "results", "score") or 0.0
