"""Of a command's cells, those that are wanted now: ``--cells ID...``, as a sweep asks for them.

What was recorded before stays what it is. A strategy that is put to a pool's samples needs that pool: where the one
that draws is wanted, it draws as it would for all of them, so that a run that was stopped is taken up; where only
others are left, the first of these that draws most draws for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.errors import UsageError
from runner.cell_key import cell_key
from runner.plan import drawn_and_replayed
from runner.request import Request
from runner.work import Work


def wanted(request: Request, works: Sequence[Work]) -> list[Work]:
    """The works with a cell that is wanted; all of them where nothing was said of it."""
    if request.cells is None:
        return list(works)
    return [found for work in works if (found := _part(request, work, request.cells)) is not None]


def _part(request: Request, work: Work, cells: frozenset[str]) -> Work | None:
    left = [each for each in (work, *work.replays) if cell_key(request, each) in cells]
    if not left or left[0] is work:
        return work if left else None
    drawn, _ = drawn_and_replayed(tuple(each.cell.strategy for each in left))
    first = next(each for each in left if each.cell.strategy == drawn)
    others = tuple(each for each in left if each is not first)
    cell = replace(work.cell, strategy=drawn, replays=tuple(each.cell.strategy for each in others))
    return replace(first, cell=cell, replays=others, audited=work.audited)


def keys(request: Request, works: Iterable[Work]) -> tuple[str, ...]:
    """Of these works and what is put to their samples, those that are wanted."""
    found = (cell_key(request, each) for work in works for each in (work, *work.replays))
    return tuple(key for key in found if request.cells is None or key in request.cells)


def refuse_unknown(request: Request, works: Iterable[Work]) -> None:
    """UsageError for a cell that this command has not."""
    if request.cells is None:
        return
    there = {cell_key(request, each) for work in works for each in (work, *work.replays)}
    if missing := sorted(request.cells - there):
        raise UsageError(f"--cells: {missing[0]} is no cell of this command; its cells are {', '.join(sorted(there))}.")


def recorded(records: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By cell, the latest record of the ledger, a whole one before one that is incomplete.

    What was judged is no run of a cell.
    """
    found: dict[str, Mapping[str, Any]] = {}
    for record in records:
        key = record.get("cell")
        if isinstance(key, str) and "judgement_of" not in record and (
                key not in found or not is_whole(found[key]) or is_whole(record)):
            found[key] = record
    return found


def is_whole(record: Mapping[str, Any]) -> bool:
    """Whether nothing of it is left to be asked again."""
    return record.get("status") != "incomplete"
