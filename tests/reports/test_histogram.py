"""How values are spread: every value lies in one bar, bars are as wide as people expect."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts.drawing import to_svg
from reports.charts.histogram import BARS, Value, What, bars, histogram

NUMBERS = st.lists(st.tuples(st.floats(0, 1e9, allow_subnormal=False), st.booleans()), min_size=1, max_size=60)


@given(NUMBERS)
def test_every_value_is_counted_once_and_within_its_bar(pairs: list[tuple[float, bool]]) -> None:
    found = bars([Value(*pair) for pair in pairs])
    assert len(found) <= BARS
    assert sum(bar.passed for bar in found) == sum(passed for _, passed in pairs)
    assert sum(bar.passed + bar.others for bar in found) == len(pairs)
    for one, next_one in pairwise(found):
        assert one.low < one.high == next_one.low
    assert found[0].low <= min(value for value, _ in pairs)
    assert found[-1].high >= max(value for value, _ in pairs)


def test_bars_begin_at_round_numbers() -> None:
    found = bars([Value(float(number), number > 50) for number in range(101)], whole=True)
    assert [bar.low for bar in found] == pytest.approx([5.0 * place for place in range(21)])
    assert [bar.passed + bar.others for bar in found] == [5] * 20 + [1]
    assert [bar.passed for bar in found] == [0] * 10 + [4] + [5] * 9 + [1]


def test_few_whole_numbers_have_a_bar_each() -> None:
    found = bars([Value(3, True), Value(4, False), Value(6, True)], whole=True)
    assert [(bar.low, bar.passed, bar.others) for bar in found] == [(3, 1, 0), (4, 0, 1), (5, 0, 0), (6, 1, 0)]


def test_values_far_apart_have_ranges_that_grow() -> None:
    found = bars([Value(0.01, True), Value(1.0, True), Value(100.0, False)])
    widths = [bar.high / bar.low for bar in found]
    assert len(found) == BARS
    assert max(widths) == pytest.approx(min(widths))


def test_equal_values_are_one_bar_and_none_is_an_error() -> None:
    assert [(bar.passed, bar.others) for bar in bars([Value(0, True), Value(0, False)])] == [(1, 1)]
    with pytest.raises(ValueError, match="nothing to count"):
        bars([])


def test_a_drawing_says_what_each_part_of_a_bar_stands_for() -> None:
    values = [Value(10, True), Value(10, False), Value(20, True)]
    svg = to_svg(histogram(values, What("tokens a reply", lambda value: f"{value:.0f}", whole=True)), "Tokens")
    assert svg.count("<title>") == 3
    for words in ("10 to 11: 1 correct", "10 to 11: 1 not", "20 to 21: 1 correct", "tokens a reply", 'role="img"'):
        assert words in svg, words


@pytest.mark.parametrize("most", [1, 2, 7, 8, 25, 1000])
def test_replies_are_counted_along_the_axis_in_whole_numbers_and_by_more_than_none(most: int) -> None:
    up = histogram([Value(1.0, True)] * most, What("seconds a reply", str))["axes"][1]
    assert up["title"] == "replies"
    assert len(up["values"]) >= 2
    assert all(float(tick).is_integer() for tick in up["values"])
