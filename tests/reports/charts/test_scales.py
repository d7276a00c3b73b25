"""From values to pixels, and the values an axis names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts.scales import even_scale, log_scale, percent_scale


def test_a_log_axis_names_1_2_and_5_of_each_power_of_ten() -> None:
    assert log_scale([40, 700], 500).ticks(9) == [50, 100, 200, 500]
    assert log_scale([1, 10**6], 500).ticks(7) == [1, 10, 100, 1000, 10**4, 10**5, 10**6]


@given(st.lists(st.floats(1e-6, 1e9), min_size=1), st.integers(2, 10))
def test_every_value_lies_on_its_log_axis_and_so_do_the_ticks(values: list[float], most: int) -> None:
    scale = log_scale(values, 500)
    assert all(0 <= scale.at(value) <= 500 for value in values)
    ticks = scale.ticks(most)
    assert 1 <= len(ticks) <= most + 2
    assert all(-0.01 <= scale.at(tick) <= 500.01 for tick in ticks)


@given(st.lists(st.floats(0, 100), min_size=1))
def test_percentages_never_leave_0_to_100_and_reach_over_10_points_at_least(values: list[float]) -> None:
    scale = percent_scale(values, 300)
    assert 0 <= scale.low <= min(values)
    assert max(values) <= scale.high <= 100
    assert scale.high - scale.low >= 10 - 1e-9
    assert scale.at(scale.high) == 0  # drawn upwards
    assert scale.at(scale.low) == 300


def test_one_point_has_an_axis_too() -> None:
    assert log_scale([45.7], 500).at(45.7) == 250
    assert len(log_scale([45.7], 500).ticks(9)) >= 2
    assert even_scale([3.0], 500).ticks(5)


def test_values_that_cannot_be_stand_at_an_end_and_the_axis_stays_a_sensible_one() -> None:
    scale = log_scale([5e-324, 30, 1e308], 500)
    assert 0 <= scale.at(5e-324) < scale.at(30) < scale.at(1e308) <= 500
    assert scale.high < 1e18
    assert percent_scale([1e308], 300).at(1e308) == 0


def test_values_of_zero_have_no_place_on_a_log_axis() -> None:
    with pytest.raises(ValueError, match="log axis"):
        log_scale([0, -1], 500)
