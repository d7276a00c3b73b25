"""Whose joules: worked out by hand, and adding up whatever the requests were."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.energy import Metered, energy_fields
from analysis.joules import Arrival, added, between, shares
from core.records import Sample


def arrival(task: str, at_s: float, joules: float, *, wall_s: float | None = None, tokens: int | None = 10,
            index: int = 0, sitting: int = 1, prompt: int | None = 0, cached: int | None = None) -> Arrival:
    sample = Sample(task, index, "", wall_s=wall_s, completion_tokens=tokens, prompt_tokens=prompt,
                    cached_tokens=cached)
    return Arrival(sample, sitting, at_s, joules)


def test_requests_one_after_the_other_have_what_was_used_while_they_ran() -> None:
    found = shares([arrival("a", 2, 100, wall_s=2), arrival("b", 3, 400, wall_s=1, tokens=1)])
    assert found == {("a", 0): 100, ("b", 0): 300}


def test_requests_that_overlap_share_by_the_tokens_each_worked_off_a_second() -> None:
    # Both from 0 to 2 s, 100 W: 30 tokens and 10 tokens.
    assert shares([arrival("a", 2, 200, wall_s=2, tokens=30), arrival("b", 2, 200, wall_s=2)]) == {
        ("a", 0): 150, ("b", 0): 50}
    # a from 0 to 4 s (40 tokens: 10 a second), b from 0 to 2 s (60: 30 a second). 0-2 s: 400 J as 1 to 3; then a alone.
    found = shares([arrival("b", 2, 400, wall_s=2, tokens=60), arrival("a", 4, 500, wall_s=4, tokens=40)])
    assert found == {("a", 0): 100 + 100, ("b", 0): 300}


def test_a_prompt_counts_for_what_came_from_no_cache() -> None:
    found = shares([arrival("a", 1, 80, wall_s=1, tokens=10, prompt=100, cached=50),
                    arrival("a", 1, 80, wall_s=1, tokens=10, prompt=100, cached=90, index=1)])
    assert found == {("a", 0): 60, ("a", 1): 20}


def test_what_was_used_while_no_request_was_under_way_is_shared_by_tokens() -> None:
    # 0-1 s nobody (40 J); 1-2 s a alone (60 J).
    found = shares([arrival("a", 2, 80, wall_s=1, tokens=30), arrival("b", 2, 80, wall_s=None, tokens=10)])
    assert found == {("a", 0): 40 + 30, ("b", 0): 10}


def test_sittings_have_clocks_of_their_own() -> None:
    found = shares([arrival("a", 1, 50, wall_s=1), arrival("b", 1, 70, wall_s=1, sitting=2)])
    assert found == {("a", 0): 50, ("b", 0): 70}
    assert shares([]) == {}


Step = tuple[float, float, float | None, int | None, int]
STEPS = st.lists(st.tuples(st.floats(0, 5), st.floats(0, 500), st.none() | st.floats(0, 9), st.none()
                           | st.integers(0, 4000), st.integers(1, 2)), max_size=30)


@given(STEPS)
def test_the_shares_add_up_to_what_was_measured_and_none_is_negative(steps: list[Step]) -> None:
    arrivals, clock, meter = [], {1: 0.0, 2: 0.0}, {1: 0.0, 2: 0.0}
    for number, (seconds, joules, wall_s, tokens, sitting) in enumerate(steps):
        clock[sitting] += seconds
        meter[sitting] += joules
        arrivals.append(arrival(str(number), clock[sitting], meter[sitting], wall_s=wall_s, tokens=tokens,
                                sitting=sitting))
    found = shares(arrivals)
    assert len(found) == len(steps)
    assert all(joules >= 0 for joules in found.values())
    assert sum(found.values()) == pytest.approx(sum(meter.values()), rel=1e-9, abs=1e-6)


def test_sittings_are_added_where_each_was_measured() -> None:
    assert added([{"gpu": 5.0, "cpu": 1.0}, {"gpu": 2.0, "cpu": 2.0}]) == {"gpu": 7, "cpu": 3}
    assert added([{"gpu": 5.0, "cpu": 1.0}, {"gpu": 2.0}]) == {"gpu": 7}
    assert added([{"gpu": 5.0}, None]) is None
    assert added([]) is None


def test_power_between_two_looks_is_taken_as_a_straight_line() -> None:
    assert between((1.0, 100.0), (3.0, 200.0)) == 300


def test_a_record_tells_joules_gross_and_above_idle_by_kind_and_a_solved_task() -> None:
    metered = Metered({"gpu": "a counter", "cpu": "RAPL"}, {"gpu": 20.0, "cpu": 5.0}, ("other (pid 7)",))
    found = energy_fields({"gpu": 900.0, "cpu": 100.0}, 10.0, metered, 4)
    assert found == {
        "energy_j": 1000, "above_idle_j": 750, "mean_watts": 100, "idle_watts": 25,
        "source": "gpu: a counter; cpu: RAPL", "seconds": 10, "per_solved_j": 250,
        "gpu": {"energy_j": 900, "above_idle_j": 700, "mean_watts": 90, "idle_watts": 20, "source": "a counter"},
        "cpu": {"energy_j": 100, "above_idle_j": 50, "mean_watts": 10, "idle_watts": 5, "source": "RAPL"},
        "shared_with": ["other (pid 7)"],
    }


def test_what_is_not_known_of_energy_is_not_claimed() -> None:
    metered = Metered({"gpu": "x", "cpu": "y"}, {"gpu": 20.0}, None)
    found = energy_fields({"gpu": 900.0, "cpu": 100.0}, 0.0, metered, 0)
    assert (found["idle_watts"], found["above_idle_j"], found["mean_watts"], found["per_solved_j"]) == (None,) * 4
    assert found["shared_with"] is None
    assert found["gpu"]["above_idle_j"] == 900
