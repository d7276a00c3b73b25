"""Where the next sample goes when a budget is for all tasks together."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strategies.cascade import has_majority
from strategies.sc_fixed import ScFixed
from strategies.worth import neediest, worth
from tests.strategies.making import STREAMS, chosen, votes


def of(keys: str, most: int = 16) -> float:
    return worth(votes(keys), len(keys), most)


def test_a_task_without_samples_is_worth_more_than_any_other() -> None:
    assert of("") == 1.0
    assert of("ab") < 1.0
    assert of("", most=1) == 1.0


@pytest.mark.parametrize(("more", "less"), [
    ("ab", "aab"),       # a tie, a lead of one
    ("aab", "aaab"),
    ("aaab", "aaaab"),
    ("aabb", "aaaabb"),
    (".", ".."),         # no answer yet: fading
    ("aab", "aab..."),   # half of its replies have no answer
    ("aab", "aabxxx"),   # or did not come
])
def test_a_task_is_worth_the_more_the_likelier_its_answer_changes(more: str, less: str) -> None:
    assert of(more) > of(less) > 0


def test_a_task_is_worth_nothing_once_its_samples_are_drawn_or_cannot_change_its_answer() -> None:
    assert of("aabb", most=4) == 0
    assert of("aaab", most=5) == 0
    assert of("x" * 16) == 0


def test_in_a_tie_of_two_the_next_sample_changes_the_answer_half_the_time() -> None:
    assert of("ab") == pytest.approx(0.5)


def test_a_change_that_takes_two_samples_is_worth_half_its_chance_a_sample() -> None:
    """Two votes against one, two samples left: both from an urn of three and two, 2/5 x 3/6."""
    assert of("aab", most=5) == pytest.approx(0.2 / 2)


@given(STREAMS, st.integers(0, 40))
def test_it_is_a_chance_for_any_samples(keys: str, drawn: int) -> None:
    assert 0 <= worth(votes(keys[:drawn]), drawn, 40) <= 1


def test_the_neediest_come_first_of_equals_in_order_and_none_that_need_nothing() -> None:
    worths = {"settled": 0.0, "torn": 0.5, "fresh": 1.0, "also fresh": 1.0}
    assert neediest(worths, 2) == ["fresh", "also fresh"]
    assert neediest(worths, 9) == ["fresh", "also fresh", "torn"]
    assert neediest(worths, 0) == []


def test_a_run_gets_more_answers_right_for_its_samples_than_with_as_many_for_each_task() -> None:
    """400 tasks, a third of them easy, four samples each in the mean, up to sixteen for one."""
    source = random.Random(3)
    shares = [source.choice([(0.95, 0.05), (0.6, 0.25), (0.45, 0.3)]) for _ in range(400)]
    streams = ["".join(source.choices("rwv", (right, wrong, 1 - right - wrong), k=16)) for right, wrong in shares]
    drawn = [0] * 400
    worths = {str(at): 1.0 for at in range(400)}
    for _ in range(1600):
        at = int(neediest(worths, 1)[0])
        drawn[at] += 1
        worths[str(at)] = of(streams[at][:drawn[at]])
    assert sum(drawn) == 1600
    assert max(drawn) > 4 > min(drawn)
    allotted = sum(chosen(ScFixed(16), stream[:count]) == "r" for stream, count in zip(streams, drawn, strict=True))
    evenly = sum(chosen(ScFixed(4), stream[:4]) == "r" for stream in streams)
    assert allotted > evenly + 12


@pytest.mark.parametrize(("keys", "majority"), [
    ("aab", True), ("aabb", False), ("aa.x", False), ("a", True), ("", False),
])
def test_a_majority_is_more_than_half_of_what_was_asked_for(keys: str, *, majority: bool) -> None:
    assert has_majority(votes(keys), len(keys)) is majority
