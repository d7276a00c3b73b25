"""Models against each other: the best of each base name, as far as they were asked the same tasks alike."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.against import against, judge
from analysis.groups import base_and_quantization
from analysis.pairs import decisive, is_whole
from analysis.rows import MODELS, Placed, Record, is_sound, row_of
from core.lookup import number_at, text_at


def models(records: Sequence[Record], *, listed: bool) -> list[Placed]:
    """Rows of one benchmark, sorted as ``analysis.groups.order`` does; the best score of each set of tasks comes first.

    Each model stands for itself with the largest quantization that was asked these tasks: the smaller ones are held
    against it elsewhere. The baseline was chosen by its score, so the correction is for every pair there is and not for
    those that are shown: whichever two are looked at because of what came out, they were picked among all of them.
    """
    found: list[Placed] = []
    for arena in _arenas(records):
        ranked = sorted(arena, key=_score, reverse=True)
        head = next((record for record in ranked if is_sound(record) and is_whole(record)), ranked[0])
        placed = [(record, row_of(record) | {"group": MODELS} | against(record, [head], listed=listed))
                  for record in ranked]
        paired = 1 + sum("p_value" in row for _, row in placed)
        judge([row for _, row in placed], paired * (paired - 1) // 2)
        found += placed
    return found


def _arenas(records: Sequence[Record]) -> list[list[Record]]:
    """The largest quantization of every base name, for each set of tasks that at least two were asked alike."""
    arenas: dict[tuple[str, str], dict[str, Record]] = {}
    for record in records:
        tasks = text_at(record, "tasks_sha256")
        if tasks is not None:
            arenas.setdefault((tasks, decisive(record)), {}).setdefault(base_and_quantization(record)[0], record)
    return [list(arena.values()) for arena in arenas.values() if len(arena) > 1]


def _score(record: Record) -> float:
    score = number_at(record, "results", "score")
    return score if score is not None else -1.0
