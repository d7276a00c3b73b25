"""The front over score, speed and memory."""

from __future__ import annotations

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analysis.pareto import Point, front, fronts


def beaten(point: Point, by: Point) -> bool:
    """By the letter of the definition."""
    gains = (by.score - point.score, by.speed - point.speed, point.memory - by.memory)
    return min(gains) >= 0 and max(gains) > 0


few = st.integers(0, 4).map(float)


@given(st.lists(st.builds(Point, few, few, few), max_size=30))
def test_the_front_is_what_no_other_beats(points: list[Point]) -> None:
    assert front(points) == {point for point in points if not any(beaten(point, other) for other in points)}


def record(score: float, speed: float | None, memory: float | None, **more: Any) -> dict[str, Any]:
    return {"benchmark": "math", "tasks_sha256": "t", "results": {"score": score},
            "latency": {"tokens_per_second": speed}, "memory": {"server_rss_bytes": memory}, **more}


def marked(*records: dict[str, Any]) -> list[bool]:
    found = fronts(records)
    return [id(one) in found for one in records]


def test_a_run_that_another_beats_is_off_the_front_and_equals_are_on_it_together() -> None:
    assert marked(record(90, 10, 5), record(80, 20, 3), record(80, 10, 5), record(90, 10, 5)) == [
        True, True, False, True]


def test_suspect_incomplete_and_unmeasured_runs_are_on_no_front_and_keep_none_off_it() -> None:
    plain = record(50, 10, 5), record(60, 5, 5)
    assert marked(*plain, record(99, 99, 1, validity={"status": "suspect"}), record(99, 99, 1, status="incomplete"),
                  record(99, None, 1), record(99, 99, None)) == [True, True, False, False, False, False]


def test_only_runs_on_the_same_tasks_and_machine_with_memory_of_one_kind_share_a_front() -> None:
    others: list[dict[str, Any]] = [
        {"tasks_sha256": "u"}, {"benchmark": "lcb"}, {"config": {"sampling": {"temperature": 1}}},
        {"provenance": {"host": {"cpu": "another"}}}, {"memory": {"server_rss_bytes": 1, "gpu_bytes": 1}}]
    for other in others:
        assert marked(record(90, 10, 5), record(80, 11, 5), {**record(99, 99, 1), **other}) == [True, True, False], (
            "alone of its kind, and beats none of the others")
    assert marked(record(1, 1, 1)) == [False]


def test_every_point_of_a_grid_is_beaten_but_one() -> None:
    grid = [Point(*place) for place in product((1.0, 2.0, 3.0), repeat=3)]
    assert front(grid) == {Point(3.0, 3.0, 1.0)}
