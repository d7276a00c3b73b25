"""Where labels go: over nothing else, and apart from one another."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.charts.labels import Box, Taken, Wanted, around, shortened, spread, told_apart, width_of, wrapped

BOUNDS = Box(0, 0, 400, 300)


def test_the_first_label_stands_right_of_its_point() -> None:
    placed = around(Wanted("Q4_K_M", 100, 100, 12), Taken(), BOUNDS)
    assert placed is not None
    assert (placed.align, placed.y) == ("left", 100)
    assert placed.box.left > 100


def test_a_label_at_the_right_end_goes_to_the_left() -> None:
    placed = around(Wanted("Q4_K_M", 395, 100, 12), Taken(), BOUNDS)
    assert placed is not None
    assert placed.align == "right"


def test_labels_of_points_on_one_another_stand_apart_until_there_is_no_room() -> None:
    taken, boxes = Taken(), []
    for _ in range(20):
        placed = around(Wanted("demo-5M", 200, 150, 12), taken, BOUNDS)
        if placed is None:
            break
        boxes.append(placed.box)
        taken.add(placed.box)
    assert 4 <= len(boxes) < 20
    assert not any(one.meets(other) for at, one in enumerate(boxes) for other in boxes[:at])


@given(st.lists(st.floats(0, 300), max_size=30).map(sorted), st.floats(1, 40))
def test_places_are_spread_in_order_within_the_bounds(places: list[float], distance: float) -> None:
    found = spread(places, distance, 0, 300)
    assert len(found) == len(places)
    room = 300 / max(1, len(places) - 1)
    assert all(after - before >= min(distance, room) - 1e-6 for before, after in pairwise(found))
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in found)


def test_places_that_are_apart_already_stay_where_they_are() -> None:
    assert spread([10, 50, 120], 17, 0, 300) == [10, 50, 120]


def test_two_places_on_one_another_move_to_either_side() -> None:
    assert spread([100, 100], 20, 0, 300) == [90, 110]


def test_names_that_were_alike_once_cut_are_told_apart_by_what_differs() -> None:
    names = [f"some-organisation-with-a-long-name/Model-{number}B-Instruct-2507:Q4_K_M" for number in (7, 14, 32)]
    found = told_apart(names, 12, 160)
    assert len(set(found)) == 3
    assert all(width_of(name, 12) <= 160 for name in found)
    assert [number in name for number, name in zip(("7B", "14B", "32B"), found, strict=True)] == [True] * 3


@pytest.mark.parametrize("names", [[], ["a"], ["same", "same"], ["", "x"]])
def test_short_names_stay_as_they_are(names: list[str]) -> None:
    assert told_apart(names, 12, 200) == names


def test_a_long_name_is_cut_in_the_middle_and_fits() -> None:
    found = shortened("x" * 300 + "END", 12, 150)
    assert "…" in found
    assert found.endswith("END")
    assert width_of(found, 12) <= 150


def test_a_caption_is_broken_between_words() -> None:
    assert wrapped("one two three", 12, width_of("one two", 12)) == ["one two", "three"]
