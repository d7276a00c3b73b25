"""What is gained for what is spent, as a drawing: every point, interval, step and name, and nothing overlaps."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from reports.charts.axes import NARROW, WIDE, Size
from reports.charts.drawing import to_svg
from reports.charts.labels import width_of
from reports.charts.palette import SERIES
from reports.charts.series import Look, Point, Series
from reports.charts.spending import COSTS, series_of
from reports.charts.tradeoff import tradeoff


def series(name: str, points: int = 3, at: float = 60.0, *, hosted: bool = False) -> Series:
    return Series(name, [Point(50.0 * 2**number, at + 3 * number, at + 3 * number - 5, at + 3 * number + 5,
                               f"{name} n={2**number}", f"n={2**number}") for number in range(points)], hosted)


def rows_of(spec: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    found = []
    for mark, data in zip(spec["marks"], spec["data"], strict=True):
        if mark["type"] == kind:
            found += [{**row, "mark": mark["encode"]["enter"]} for row in data["values"]]
    return found


def names_in(spec: dict[str, Any]) -> list[str]:
    return [row["text"] for row in rows_of(spec, "text")]


@pytest.mark.parametrize("size", [WIDE, NARROW])
@pytest.mark.parametrize("count", [1, 2, 5, 12])
def test_every_series_is_drawn_and_named_and_no_two_names_overlap(count: int, size: Size) -> None:
    every = [series(f"model-{number} with a name of some length", at=60 + number / 3) for number in range(count)]
    spec = tradeoff(every, Look("Tokens", size=size))
    points = [row for row in rows_of(spec, "symbol") if "said" in row]
    assert len(points) == 3 * count
    names = [row for row in rows_of(spec, "text") if row["text"].startswith(("model", "…"))]
    assert len(names) == count
    assert len({row["text"] for row in names}) == count
    before = {"left": 0, "center": 0.5, "right": 1}
    lefts = [row["x"] - width_of(row["text"], 12) * before[row["align"]] for row in names]
    boxes = [(left, row["y"], left + width_of(row["text"], 12), row["y"] + 12)
             for left, row in zip(lefts, names, strict=True)]
    assert not any(one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
                   for one, other in itertools.combinations(boxes, 2))
    right = spec["width"] + spec["padding"]["right"]
    assert all(box[2] <= right + 2 for box in boxes)


def test_intervals_are_bars_from_their_low_end_to_their_high_one() -> None:
    spec = tradeoff([series("a", points=1)], Look("Tokens"))
    (bar,) = [row for row in rows_of(spec, "rule") if "low" in row]
    (point,) = [row for row in rows_of(spec, "symbol") if "said" in row]
    assert bar["low"] > point["y"] > bar["high"]  # downwards, as pixels are counted


def test_the_frontier_is_drawn_as_steps_to_the_right_end() -> None:
    spec = tradeoff([series("a")], Look("Tokens", frontier=[(50, 60), (100, 63), (200, 66)]))
    steps = [(row["x"], row["y"]) for row in rows_of(spec, "line") if row["mark"]["strokeWidth"]["value"] == 6]
    assert len(steps) == 6
    assert all(one[0] == other[0] or one[1] == other[1] for one, other in itertools.pairwise(steps))
    assert all(one[1] >= other[1] for one, other in itertools.pairwise(steps))  # never worse
    assert steps[-1][0] == spec["width"]


def test_hosted_models_are_hollow_and_dashed_and_local_ones_are_not() -> None:
    spec = tradeoff([series("local"), series("hosted", at=70, hosted=True)], Look("Tokens"))
    points = [row for row in rows_of(spec, "symbol") if "said" in row]
    assert {row["fill"] for row in points if row["said"].startswith("hosted")} == {"#ffffff"}
    assert {row["fill"] for row in points if row["said"].startswith("local")} == {SERIES[0]}
    dashed = {row["mark"]["stroke"]["value"] for row in rows_of(spec, "line") if "strokeDash" in row["mark"]}
    assert dashed == {SERIES[1]}


def test_the_first_42_series_all_look_different() -> None:
    spec = tradeoff([series(f"m{number}", points=1, at=20 + number) for number in range(42)], Look("Tokens"))
    looks = {(row["fill"], row["shape"]) for row in rows_of(spec, "symbol") if "said" in row}
    assert len(looks) == 42


def test_what_a_point_is_stands_in_its_title_and_what_it_was_given_beside_it() -> None:
    spec = tradeoff([series("a")], Look("Tokens"))
    assert "<title>a n=4</title>" in to_svg(spec, "x")
    assert {"n=1", "n=2", "n=4"} <= set(names_in(spec))


def test_a_thousand_points_are_drawn_without_a_name_each() -> None:
    points = [Point(1 + number, number % 100, note=f"run {number}") for number in range(1000)]
    spec = tradeoff([Series("all", points, joined=False)], Look("Tokens"))
    assert len([row for row in rows_of(spec, "symbol") if "said" in row]) == 1000
    assert len(names_in(spec)) < 320


def test_a_ring_is_drawn_around_marked_points_alone() -> None:
    marked = Series("a", [Point(1, 50, ringed=True), Point(2, 60)], joined=False)
    symbols = rows_of(tradeoff([marked], Look("Tokens")), "symbol")
    assert len([row for row in symbols if row["mark"].get("size", {}).get("value")]) == 1


def test_nothing_to_draw_is_said() -> None:
    with pytest.raises(ValueError, match="no point"):
        tradeoff([Series("a", [])], Look("Tokens"))


def test_settings_in_a_name_are_words_from_the_runs_and_from_a_table_alike() -> None:
    rows = [{"benchmark": "math", "model": "m", "strategy": "single", "accuracy": 50.0, "completion_tokens": 40.0,
             "settings": settings}
            for settings in ({"sampling.temperature": 0.8, "seed": 1}, '{"sampling.temperature": 0.2}', "[[", None)]
    assert {one.name for one in series_of(rows, COSTS["tokens"])} == {
        "m (temperature 0.8, seed 1)", "m (temperature 0.2)", "m ([[)", "m"}
