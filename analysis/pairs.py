"""Which runs pair: those on the same tasks, whole and recorded task by task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from analysis.mcnemar import Paired, mcnemar
from analysis.scores import sorted_tasks
from core.lookup import count_at, number_at, object_at, text_at, texts_at, value_at
from core.outcomes import NOT_COUNTED

WHOLE = ("complete", "decided")
"""Status of a run that has a verdict on each of the tasks it is about; one that was decided early is about fewer."""

STRATEGY = ("strategy", "samples_per_task", "n", "max_n", "confidence", "window", "batch", "selector",
            "margin", "draws_by", "chain", "budget")
"""How many samples of a task, and which answer counts."""

DECISIVE = ("sampling", *STRATEGY, "prompt_version", "grading", "constrained", "script")
"""Settings that change what a model is asked or how it is judged; slots, threads or layers on the GPU do not."""


MOST_TASKS = 10**7
"""More than any benchmark has; a record that says otherwise would only make the statistics run for ever."""


def tasks_sha256(task_ids: Iterable[str]) -> str:
    """SHA-256 in hex of the task ids, sorted by code point, as a JSON list. Equal: the same tasks."""
    return hashlib.sha256(json.dumps(sorted(set(task_ids))).encode("ascii")).hexdigest()


def unpaired_because(
    first: Mapping[str, Any], second: Mapping[str, Any], but: Collection[str] = (),
) -> str | None:
    """Why two records cannot be compared task by task, in a few words; None when they can.

    ``but``: names of DECISIVE settings that may differ, because the comparison is about them.
    """
    both = (first, second)
    tasks = [text_at(record, "tasks_sha256") for record in both]
    totals = [count_at(record, "results", "total_problems") for record in both]
    reasons = (
        (None in tasks, "tasks not recorded"),
        (tasks[0] != tasks[1], "different tasks"),
        (_asked_otherwise(first, second, but), "other settings"),
        (any(texts_at(record, "results", "failed_tasks") is None for record in both), "not scored task by task"),
        (not all(map(is_whole, both)), "one of the two is incomplete"),
        (totals[0] != totals[1], "different counts of tasks"),
        ((totals[0] or 0) > MOST_TASKS, "more tasks than can be"),
    )
    return next((why for holds, why in reasons if holds), None)


def paired(first: Mapping[str, Any], second: Mapping[str, Any], but: Collection[str] = ()) -> Paired | None:
    """The two runs task by task; None when they do not pair (see ``unpaired_because``) or have no task."""
    if unpaired_because(first, second, but) is not None:
        return None
    total = count_at(first, "results", "total_problems") or 0
    failed = [texts_at(record, "results", "failed_tasks") or () for record in (first, second)]
    if len({*failed[0], *failed[1]}) > total:
        return None
    return mcnemar(failed[0], failed[1], total)


def flipped(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """The tasks that the first run alone passed, and those that the second alone passed, of two runs that pair."""
    failed = [frozenset(texts_at(record, "results", "failed_tasks") or ()) for record in (first, second)]
    return sorted_tasks(failed[1] - failed[0]), sorted_tasks(failed[0] - failed[1])


def decisive(record: Mapping[str, Any], but: Collection[str] = ()) -> str:
    """The settings that two runs must share to be compared, as one text; without those named in ``but``."""
    return json.dumps(_decisive(record, but), sort_keys=True, default=str)


def _decisive(record: Mapping[str, Any], but: Collection[str]) -> dict[str, Any]:
    config = object_at(record, "config")
    return {key: config[key] for key in DECISIVE if key in config and key not in but}


def _asked_otherwise(first: Mapping[str, Any], second: Mapping[str, Any], but: Collection[str]) -> bool:
    """Whether DECISIVE settings differ.

    Another program writes down fewer of them, and no version of its prompt: of a run that was imported from one only
    what both records tell can differ, and of the sampling the temperature. ``config.origin`` says whose run it was.
    """
    one, other = _decisive(first, but), _decisive(second, but)
    others = [value_at(record, "config", "imported") is True and "prompt_version" not in found
              for record, found in ((first, _decisive(first, ())), (second, _decisive(second, ())))]
    if not any(others):
        return one != other
    temperatures = {number_at(found, "sampling", "temperature") for found in (one, other)} - {None}
    told = (one.keys() & other.keys()) - {"sampling", "prompt_version"}
    return len(temperatures) > 1 or any(one[key] != other[key] for key in told)


def is_whole(record: Mapping[str, Any]) -> bool:
    """Every task counted, and the list of failures agrees with the counts."""
    passed, total = count_at(record, "results", "total_passed"), count_at(record, "results", "total_problems")
    failed = texts_at(record, "results", "failed_tasks")
    if passed is None or total is None or failed is None or len(set(failed)) != total - passed:
        return False
    outcomes = object_at(record, "outcomes")
    return record.get("status", "complete") in WHOLE and not any(
        count_at(outcomes, outcome) for outcome in NOT_COUNTED if outcome in outcomes)
