"""Which tasks a run takes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.selection import Part, select
from core.errors import UsageError
from core.records import Task

TASKS = tuple(Task(f"T/{n}", {}) for n in range(10))


def ids(tasks: tuple[Task, ...]) -> list[str]:
    return [task.task_id for task in tasks]


def test_without_wishes_all_tasks_are_taken_in_order() -> None:
    assert select(TASKS) == TASKS


def test_start_and_end_are_counted_from_zero_and_inclusive() -> None:
    assert ids(select(TASKS, start_problem=2, end_problem=4)) == ["T/2", "T/3", "T/4"]


def test_an_end_beyond_the_last_task_means_the_last() -> None:
    assert ids(select(TASKS, start_problem=8, end_problem=99)) == ["T/8", "T/9"]


def test_the_limit_comes_after_the_span() -> None:
    assert ids(select(TASKS, limit=2, start_problem=5)) == ["T/5", "T/6"]


def test_named_tasks_come_in_dataset_order_and_once() -> None:
    assert ids(select(TASKS, task_ids=["T/7", "T/1", "T/7"])) == ["T/1", "T/7"]


def test_unknown_ids_are_all_named_with_near_ones() -> None:
    with pytest.raises(UsageError, match=r"T/10, X \(near: T/1"):
        select(TASKS, task_ids=["T/10", "T/1", "X"])


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"limit": 0}, "--limit 0"),
        ({"start_problem": -1}, "--start-problem -1"),
        ({"start_problem": 10}, "has 10"),
        ({"start_problem": 5, "end_problem": 4}, "--end-problem 4 lies before"),
        ({"task_ids": []}, "names no task"),
        ({"task_ids": ["T/1"], "start_problem": 5}, "no task is left"),
    ],
)
def test_a_wish_that_leaves_nothing_is_a_usage_error(wish: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        select(TASKS, **wish)


@given(st.integers(1, 20), st.integers(0, 9), st.integers(0, 20))
def test_any_span_and_limit_give_a_run_of_neighbours(limit: int, start: int, length: int) -> None:
    chosen = select(TASKS, limit=limit, start_problem=start, end_problem=start + length)
    assert chosen == TASKS[start : start + min(limit, length + 1)]


def of_subjects() -> list[Task]:
    return [Task(f"{subject}/{n}", {}, subject) for subject, count in (("big", 700), ("small", 200), ("Two words", 100))
            for n in range(count)]


def test_a_subset_has_every_subjects_share_and_is_always_the_same() -> None:
    tasks = of_subjects()
    chosen = select(tasks, part=Part(subset=100))
    assert Counter(task.difficulty for task in chosen) == {"big": 70, "small": 20, "Two words": 10}
    assert chosen == select(list(reversed(tasks)), part=Part(subset=100))[::-1]
    assert list(chosen) == [task for task in tasks if task in chosen]
    assert {task.task_id for task in select(tasks, part=Part(subset=10))} < {task.task_id for task in chosen}
    assert len(select(tasks, part=Part(subset=7))) == 7
    assert len(select(tasks, part=Part(subset=5000))) == 1000
    assert chosen[0].task_id != "big/0" or chosen[1].task_id != "big/1"


def test_subjects_are_chosen_by_name_and_an_unknown_one_names_those_near() -> None:
    chosen = select(of_subjects(), limit=3, part=Part(subjects=["two_words"]))
    assert [task.task_id for task in chosen] == ["Two words/0", "Two words/1", "Two words/2"]
    with pytest.raises(UsageError, match="--subjects smal: this data set has no such subject; near: small"):
        select(of_subjects(), part=Part(subjects=["smal"]))
    with pytest.raises(UsageError, match="--subset 0 leaves no task"):
        select(of_subjects(), part=Part(subset=0))
