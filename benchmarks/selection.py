"""Which of a dataset's tasks a run takes. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from core.errors import UsageError
from core.records import Task

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a data set that has subjects."""

    subjects: Sequence[str] = ()
    """Those wanted; empty: all."""
    subset: int | None = None
    """So many tasks, of every subject as many as its share."""


def select(
    tasks: Sequence[Task],
    limit: int | None = None,
    task_ids: Sequence[str] | None = None,
    start_problem: int | None = None,
    end_problem: int | None = None,
    part: Part = Part(),
) -> tuple[Task, ...]:
    """The tasks asked for, in dataset order.

    First the ``part``. ``start_problem`` and ``end_problem`` count from 0 over all its tasks and are both inclusive (an
    end beyond the last task means the last); of those, the ``task_ids`` named; of those, the first ``limit``.
    UsageError when an id or a subject is unknown, a number makes no sense, or nothing is left.
    """
    tasks = _subset(_of_subjects(tasks, part.subjects), part.subset)
    _check_numbers(len(tasks), limit, start_problem, end_problem)
    if task_ids is not None:
        _check_ids([task.task_id for task in tasks], task_ids)
    chosen = tasks[start_problem or 0 : None if end_problem is None else end_problem + 1]
    if task_ids is not None:
        wanted = frozenset(task_ids)
        chosen = [task for task in chosen if task.task_id in wanted]
    chosen = chosen[:limit]
    if not chosen:
        raise UsageError(
            "no task is left: the ids of --task-ids lie outside --start-problem and --end-problem; drop one of them"
        )
    return tuple(chosen)


def _of_subjects(tasks: Sequence[Task], subjects: Sequence[str]) -> Sequence[Task]:
    if not subjects:
        return tasks
    there = {_plain(task.difficulty): None for task in tasks if task.difficulty is not None}
    wanted = {_plain(name) for name in subjects}
    for name in subjects:
        if _plain(name) not in there:
            near = get_close_matches(_plain(name), there, n=3, cutoff=0.4) or sorted(there)[:_SHOWN]
            raise UsageError(f"--subjects {name}: this data set has no such subject; near: {', '.join(near)}")
    return [task for task in tasks if _plain(task.difficulty) in wanted]


def _plain(subject: str | None) -> str:
    """``Computer science`` as it is typed: ``computer_science``."""
    return (subject or "").strip().lower().replace(" ", "_")


def _subset(tasks: Sequence[Task], size: int | None) -> Sequence[Task]:
    """A sample of ``size`` tasks, stratified by subject: shares by largest remainder, within a subject those whose ids
    hash lowest. So it is the same on every machine, and a larger subset does not depend on chance.
    """
    if size is None or size >= len(tasks):
        return tasks
    if size < 1:
        raise UsageError(f"--subset {size} leaves no task; give 1 or more")
    counts = Counter(task.difficulty for task in tasks)
    exact = {name: size * count / len(tasks) for name, count in counts.items()}
    shares = {name: int(share) for name, share in exact.items()}
    for name in sorted(exact, key=lambda name: (shares[name] - exact[name], str(name)))[: size - sum(shares.values())]:
        shares[name] += 1
    chosen: set[str] = set()
    for name, share in shares.items():
        ids = [task.task_id for task in tasks if task.difficulty == name]
        chosen.update(sorted(ids, key=lambda task_id: hashlib.sha256(task_id.encode()).digest())[:share])
    return [task for task in tasks if task.task_id in chosen]


def _check_numbers(total: int, limit: int | None, start: int | None, end: int | None) -> None:
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit} leaves no task; give 1 or more")
    for flag, value in (("--start-problem", start), ("--end-problem", end)):
        if value is not None and value < 0:
            raise UsageError(f"{flag} {value} is below 0; problems are counted from 0")
    if start is not None and start >= total:
        raise UsageError(f"--start-problem {start} is beyond the last problem; the dataset has {total}, counted from 0")
    if end is not None and end < (start or 0):
        raise UsageError(f"--end-problem {end} lies before --start-problem {start}; swap them")


def _check_ids(known: Sequence[str], task_ids: Sequence[str]) -> None:
    if not task_ids:
        raise UsageError("--task-ids names no task; give at least one id")
    names = frozenset(known)
    unknown = [name for name in dict.fromkeys(task_ids) if name not in names]
    if unknown:
        near = list(dict.fromkeys(match for name in unknown[:_SHOWN] for match in get_close_matches(name, known, n=2)))
        hint = f"near: {', '.join(near)}" if near else f"ids look like {known[0]}" if known else "the dataset is empty"
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        raise UsageError(f"--task-ids: no such task: {', '.join(unknown[:_SHOWN])}{more} ({hint})")
