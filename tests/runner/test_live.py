"""What the display shows of a running cell."""

from __future__ import annotations

import pytest

from runner.live import left_s


@pytest.mark.parametrize(("fresh", "tasks_left", "seconds"), [(10, 30, 60.0), (3, 3, 20.0), (2, 30, None)])
def test_the_time_that_is_left_goes_by_the_tasks_answered_in_this_sitting(
    fresh: int, tasks_left: int, seconds: float | None
) -> None:
    assert left_s(20.0, fresh, tasks_left) == seconds


def test_no_end_is_foretold_where_every_task_has_an_answer_and_a_budget_goes_on() -> None:
    assert left_s(20.0, 200, 0) is None
