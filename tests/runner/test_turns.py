"""Two models by turns: the order of the tasks, how many each does, and what counts as drawn."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from analysis.urns import Drawn
from core.outcomes import Outcome
from core.records import Verdict
from runner.turns import FIRST_BATCH, SMALLEST_BATCH, Prefix, batch, shuffled, until, whose_turn

TASKS = [f"t/{number}" for number in range(200)]
PASSED, FAILED = Verdict(Outcome.CORRECT), Verdict(Outcome.WRONG)


def test_the_order_is_the_same_again_whatever_order_the_tasks_came_in_and_another_for_another_seed() -> None:
    order = shuffled(TASKS, 3)
    assert sorted(order) == sorted(TASKS)
    assert order == shuffled(reversed(TASKS), 3)
    assert order != shuffled(TASKS, 4)
    assert order != tuple(TASKS)


def test_the_order_favours_no_task() -> None:
    places = [shuffled(TASKS[:10], seed).index("t/0") for seed in range(1000)]
    assert all(60 < places.count(place) < 140 for place in range(10))


def test_the_first_batch_has_a_size_of_its_own_since_nothing_is_timed_yet() -> None:
    assert batch(0, 60.0, 5.0) == FIRST_BATCH
    assert batch(16, None, 5.0) == FIRST_BATCH
    assert batch(16, 60.0, None) == FIRST_BATCH


def test_batches_grow_with_the_tasks_seen_and_with_what_a_load_costs() -> None:
    assert batch(16, 10.0, 5.0) == 8
    assert batch(64, 10.0, 5.0) == 16
    assert batch(64, 40.0, 5.0) == 32
    assert batch(64, 0.001, 100.0) == SMALLEST_BATCH


def turns(total: int, load_s: float, task_s: float) -> list[tuple[int, int]]:
    """(who, up to where) until both have done all."""
    done = [0, 0]
    found: list[tuple[int, int]] = []
    while min(done) < total:
        place = whose_turn((done[0], done[1]))
        done[place] = until((done[0], done[1]), batch(min(done), load_s, task_s), total)
        found.append((place, done[place]))
    return found


def test_the_second_begins_the_next_batch_before_the_first_is_loaded_again() -> None:
    assert turns(64, 10.0, 5.0)[:4] == [(0, 16), (1, 32), (0, 40), (1, 52)]


@pytest.mark.parametrize(("load_s", "task_s", "loads"), [(0.2, 20.0, 80), (5.0, 5.0, 20), (120.0, 2.0, 6)])
def test_the_more_a_load_costs_the_fewer_there_are(load_s: float, task_s: float, loads: int) -> None:
    plan = turns(164, load_s, task_s)
    places = [place for place, _ in plan]
    assert places == [number % 2 for number in range(len(plan))], "one after the other, never the same again"
    assert plan[-1][1] == 164
    assert len(plan) <= loads


def of(verdicts: dict[str, Verdict]) -> Callable[[str], Verdict | None]:
    return verdicts.get


def test_what_counts_is_the_longest_beginning_that_both_have_done() -> None:
    first = {"a": PASSED, "b": PASSED, "d": PASSED, "e": FAILED}
    second = {"a": FAILED, "b": PASSED, "c": PASSED, "d": PASSED, "e": PASSED}
    prefix = Prefix("abcdef", [of(first), of(second)])
    assert prefix.drawn() == Drawn(6, 2, 1, 0), "d and e came back before c and wait for it"
    first["c"] = FAILED
    assert prefix.drawn() == Drawn(6, 5, 1, 2)
    assert prefix.scores == (60.0, 80.0)


@pytest.mark.parametrize("fault", [Outcome.LOST, Outcome.HARNESS_FAULT])
def test_a_task_that_cannot_be_scored_for_one_is_seen_without_a_flip(fault: Outcome) -> None:
    prefix = Prefix("ab", [of({"a": Verdict(fault), "b": PASSED}), of({"a": PASSED, "b": FAILED})])
    assert prefix.drawn() == Drawn(2, 2, 1, 0)
    assert prefix.scores == (100.0, 0.0)


def test_it_is_the_same_whether_it_was_looked_at_in_between_or_not() -> None:
    random = Random(5)
    verdicts = [{task: random.choice([PASSED, FAILED]) for task in TASKS} for _ in range(2)]
    whole = Prefix(TASKS, [of(each) for each in verdicts]).drawn()
    here: list[dict[str, Verdict]] = [{}, {}]
    bit_by_bit = Prefix(TASKS, [of(each) for each in here])
    arrivals = [(place, task) for place in (0, 1) for task in TASKS]
    random.shuffle(arrivals)
    for place, task in arrivals:
        here[place][task] = verdicts[place][task]
        bit_by_bit.drawn()
    assert bit_by_bit.drawn() == whole
