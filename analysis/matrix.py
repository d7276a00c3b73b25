"""Every model against every other on the same tasks: how many tasks each passed that the other failed.

Runs stand in one matrix when they pair (``analysis.pairs``): the same tasks, asked alike. All pairs of a matrix are
looked at, so all are corrected for together (Holm).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from analysis.holm import holm
from analysis.pairs import flipped, is_whole, paired, unpaired_because
from analysis.rows import Record
from core.lookup import number_at, text_at

MOST = 24
"""Runs in a matrix; of more, those with the best scores."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs of a matrix, by their places in it; the first stands above the second."""

    first: int
    second: int
    only_first: tuple[str, ...]
    """Tasks that the first alone passed."""
    only_second: tuple[str, ...]
    p_value: float
    """Exact McNemar, two-sided."""
    p_corrected: float
    """The same after Holm's correction for all pairs of the matrix."""

    @property
    def same(self) -> bool:
        """Whether the two agree on every task."""
        return not (self.only_first or self.only_second)


@dataclass(frozen=True, slots=True)
class Matrix:
    """The runs of one arena, the best score first, and all their pairs."""

    benchmark: str
    records: tuple[Record, ...]
    pairs: tuple[Pair, ...]
    left_out: int
    """Further runs that pair with these."""


def matrices(records: Iterable[Record], most: int = MOST) -> list[Matrix]:
    """One for each set of at least two runs that pair, by benchmark, the largest first."""
    found = [_matrix(arena, most) for arena in _arenas(records) if len(arena) > 1]
    return sorted(found, key=lambda one: (one.benchmark, -len(one.records)))


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
    ranked = sorted(arena, key=lambda record: -(number_at(record, "results", "score") or 0.0))
    shown = ranked[:most]
    found = []
    for (first, one), (second, other) in combinations(enumerate(shown), 2):
        test = paired(one, other)
        if test is not None:
            lost, won = flipped(one, other)
            found.append((first, second, tuple(lost), tuple(won), test.p_value))
    corrected = holm([p_value for *_, p_value in found])
    pairs = tuple(Pair(*values, p) for values, p in zip(found, corrected, strict=True))
    return Matrix(text_at(shown[0], "benchmark") or "", tuple(shown), pairs, len(ranked) - len(shown))
