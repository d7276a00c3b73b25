"""FA and MVC: numbers worked out by hand, and what holds for any budgets."""

from __future__ import annotations

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.frontier import Budget, Point, Span, area, best_so_far, gains, intervals, span_of

POINTS = [Point(100, 0.25), Point(200, 0.5), Point(400, 0.5), Point(800, 0.75)]
SPAN = Span(100, 800)

COSTS = st.floats(1, 1e6)
ANY_POINTS = st.lists(st.builds(Point, COSTS, st.integers(0, 20).map(lambda passed: passed / 20)), min_size=1,
                      max_size=8)


def test_the_area_is_each_step_times_its_octaves_over_all_octaves() -> None:
    """100 to 200 at 0.25, 200 to 400 and 400 to 800 at 0.5: 1.25 of 3."""
    assert area(POINTS, SPAN) == pytest.approx(1.25 / 3)


def test_a_wider_range_shared_with_others_counts_what_lies_beyond_on_both_sides() -> None:
    """50 to 100: nothing can be had; 800 to 1,600: what 800 gave. (0 + 0.25 + 0.5 + 0.5 + 0.75) of 5."""
    assert area(POINTS, Span(50, 1600)) == pytest.approx(2.0 / 5)


def test_a_range_that_begins_above_the_cheapest_budget_begins_with_what_that_gave() -> None:
    """From 150: log2(200/150) of an octave at 0.25, an octave at 0.5."""
    octave = math.log2(200 / 150)
    assert area(POINTS, Span(150, 400)) == pytest.approx((0.25 * octave + 0.5) / (octave + 1))


def test_what_is_dearer_than_the_range_counts_nothing() -> None:
    """100 to 200 at 0.25, 200 to 400 at 0.5; the 0.75 of 800 is beyond."""
    assert area(POINTS, Span(100, 400)) == pytest.approx(0.75 / 2)


def test_all_right_at_the_lowest_cost_is_an_area_of_one() -> None:
    assert area([Point(100, 1.0)], SPAN) == pytest.approx(1.0)


def test_a_dearer_budget_that_is_worse_takes_nothing_away() -> None:
    assert area([*POINTS[:2], Point(400, 0.25), POINTS[3]], SPAN) == pytest.approx(1.25 / 3)
    assert best_so_far([*POINTS[:2], Point(400, 0.25), POINTS[3]]) == [POINTS[0], POINTS[1], POINTS[3]]


def test_at_a_single_cost_there_is_no_area() -> None:
    span = span_of([Point(100, 0.5)])
    assert span == Span(100, 100)
    assert area([Point(100, 0.5)], span) is None


def test_what_cost_nothing_is_no_end_of_the_range_and_counts_from_its_beginning() -> None:
    points = [Point(0, 0.5), Point(100, 0.5), Point(400, 1.0)]
    assert span_of(points) == Span(100, 400)
    assert area(points, Span(100, 400)) == pytest.approx(0.5)
    assert span_of([Point(0, 1.0)]) is None


def test_the_gain_is_the_accuracy_for_a_thousand_further_units() -> None:
    """0.25 for 100; nothing for 200; 0.25 for 400; also when the budgets come in another order."""
    assert gains(POINTS) == [pytest.approx(2.5), pytest.approx(0.0), pytest.approx(0.625)]
    assert gains(POINTS[::-1]) == gains(POINTS)


def test_a_gain_may_be_a_loss_and_between_equal_costs_there_is_none() -> None:
    assert gains([Point(100, 0.5), Point(200, 0.25), Point(200, 0.5)]) == [pytest.approx(-2.5), None]
    assert gains(POINTS[:1]) == []


@given(ANY_POINTS)
def test_the_frontier_never_falls_and_no_budget_is_above_it(points: list[Point]) -> None:
    front = best_so_far(points)
    assert all(cheap.cost < dear.cost and cheap.accuracy < dear.accuracy for cheap, dear in pairwise(front))
    for point in points:
        assert max(other.accuracy for other in front if other.cost <= point.cost) >= point.accuracy


@given(ANY_POINTS, ANY_POINTS)
def test_the_area_is_a_share_that_further_budgets_never_lower(some: list[Point], more: list[Point]) -> None:
    span = span_of([*some, *more])
    assert span is not None
    first, second = area(some, span), area([*some, *more], span)
    if first is not None and second is not None:
        assert 0 <= first <= second + 1e-12
        assert second <= max(point.accuracy for point in [*some, *more]) + 1e-12


def random_budgets(tasks: int, seed: int, *, whole: bool) -> list[Budget]:
    source = random.Random(seed)
    return [
        Budget([source.randint(1, 500) * size if whole else source.random() * size for _ in range(tasks)],
               [source.random() < 0.4 + 0.1 * size for _ in range(tasks)])
        for size in (4, 1, 2)
    ]


@pytest.mark.parametrize("whole", [True, False], ids=["tokens", "joules"])
def test_intervals_are_those_of_resampling_task_by_task(whole: bool) -> None:
    """The same draws, added up one task and one budget at a time."""
    budgets = random_budgets(30, 5, whole=whole)
    span = span_of(budget.point() for budget in budgets)
    assert span is not None
    ordered = sorted(budgets, key=Budget.point)
    source, areas = random.Random(9), []
    between: list[list[float]] = [[], []]
    for _ in range(200):
        tasks = source.choices(range(30), k=30)
        points = [Budget([b.costs[t] for t in tasks], [b.passed[t] for t in tasks]).point() for b in ordered]
        areas.append(area(points, span))
        for at in range(2):
            between[at].append(1000 * (points[at + 1].accuracy - points[at].accuracy)
                               / (points[at + 1].cost - points[at].cost))
    found = intervals(budgets, span, random.Random(9), resamples=200)
    known = sorted(value for value in areas if value is not None)
    assert found.area == pytest.approx((known[5], known[194]), rel=1e-4)
    for at in range(2):
        ordered_gains = sorted(between[at])
        assert found.gains[at] == pytest.approx((ordered_gains[5], ordered_gains[194]), rel=1e-4)


def test_the_same_seed_gives_the_same_interval_and_another_nearly() -> None:
    budgets, span = random_budgets(400, 1, whole=True), Span(200, 1200)
    one, again, other = (intervals(budgets, span, random.Random(seed), resamples=300).area for seed in (1, 1, 2))
    assert one == again
    assert one is not None
    assert other == pytest.approx(one, abs=0.02)


def test_more_tasks_make_the_interval_narrower_and_it_holds_the_area() -> None:
    widths = []
    for tasks in (50, 800):
        budgets = random_budgets(tasks, 3, whole=True)
        span = Span(200, 1200)
        middle, found = area([budget.point() for budget in budgets], span), intervals(budgets, span, random.Random(4))
        assert found.area is not None
        assert middle is not None
        assert found.area[0] <= middle <= found.area[1]
        widths.append(found.area[1] - found.area[0])
    assert widths[1] < widths[0] / 2


def test_budgets_that_cost_alike_have_no_interval_of_a_gain() -> None:
    source = random.Random(1)
    costs = [source.randint(1, 100) for _ in range(50)]
    nearly = [cost + at % 2 * 2 - 1 for at, cost in enumerate(costs)]
    budgets = [Budget(costs, [True] * 50), Budget(nearly, [True] * 50)]
    assert intervals(budgets, Span(10, 100), random.Random(1)).gains == [None]


def test_one_budget_has_an_interval_of_its_area_and_no_gains() -> None:
    found = intervals([Budget([100.0] * 4, [True, True, True, False])], Span(50, 200), random.Random(1))
    assert found.area is not None
    assert found.gains == []


@pytest.mark.parametrize("budgets", [
    [Budget([1.0], [True]), Budget([1.0, 2.0], [True, True])],
    [Budget([-1.0], [True])],
    [Budget([math.inf], [True])],
    [Budget([math.nan], [True])],
    [Budget([], [])],
    [Budget([1.0], [True, False])],
], ids=["of different tasks", "below zero", "endless", "no number", "no tasks", "a verdict without a cost"])
def test_budgets_that_make_no_sense_are_refused(budgets: list[Budget]) -> None:
    with pytest.raises(ValueError, match=r"budget|cost"):
        intervals(budgets, SPAN, random.Random(1))
