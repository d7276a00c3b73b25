"""The plain sentences under a table."""

from __future__ import annotations

from typing import Any

import pytest

from reports.verdicts import sentences


def row(against: str = "no clear difference", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"baseline": "m:F16", "total_problems": 164, "difference": -0.6, "would_have_shown": 5.31,
                             "difference_interval": [-4.0, 2.5], "against": against}
    return found | more


def said(*rows: dict[str, Any]) -> str:
    names = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
    return sentences(list(zip(names, rows, strict=False)), lambda row: str(row["baseline"]).removeprefix("m:"))


def test_what_cannot_be_told_is_not_called_equal_and_names_what_would_have_shown() -> None:
    assert said(row(times_as_fast=1.84, size_difference_bytes=-2.3e9)) == (
        "Q8_0 cannot be told from F16 on 164 tasks (a difference of 5.4 points would have shown); "
        "it is 1.8x faster and 2.30 GB smaller.")


def test_of_several_the_smallest_is_named_and_the_coarsest_difference_counts() -> None:
    assert said(row(size_difference_bytes=-1e9, times_as_fast=2.0),
                row(size_difference_bytes=-2e9, times_as_fast=0.5, would_have_shown=12.2)) == (
        "Q8_0 and Q6_K cannot be told from F16 on 164 tasks (a difference of 13 points would have shown); "
        "Q6_K, the smallest of them, is 2.0x slower and 2.00 GB smaller.")
    assert "; Q6_K, the fastest of them, is 3.0x faster." in said(row(times_as_fast=2.0), row(times_as_fast=3.0))
    same: dict[str, Any] = {"size_difference_bytes": -1e9}
    assert "; Q6_K, the fastest of them, is" in said(row(times_as_fast=2.0, **same), row(times_as_fast=3.0, **same))


def test_of_strategies_the_cheapest_is_named_by_its_tokens_and_no_speed_is_told() -> None:
    """They are one model; and what is replayed has no speed."""
    assert said(row(times_tokens=0.454, times_as_fast=1.0)).endswith("; it takes 0.45 times the tokens.")
    assert said(row(times_tokens=1.0)).endswith("; it takes as many tokens.")
    assert said(row(times_tokens=0.5), row(times_tokens=0.25, times_as_fast=2.0)).endswith(
        "; Q6_K, the cheapest of them, takes 0.25 times the tokens.")
    assert "; it takes 2.02 times the tokens" in said(row("clearly higher", difference=70.0, times_tokens=2.02))


def test_few_tasks_are_said_to_show_nothing() -> None:
    few = row(total_problems=4)
    del few["would_have_shown"]
    assert said(few) == "Q8_0 cannot be told from F16 on 4 tasks (so few can show no difference, however large)."


def test_worse_and_better_come_with_the_size_of_the_difference_and_its_interval_the_same_way_round() -> None:
    worse = row("clearly lower", difference=-68.5, difference_interval=[-74.6, -61.5])
    assert said(worse) == "Q8_0 is worse than F16 by 68.5 points [61.5, 74.6]."
    assert said(row("clearly higher", difference=5.0, difference_interval=[1.0, 9.0])) == (
        "Q8_0 is better than F16 by 5.0 points [1.0, 9.0].")
    assert said(row(), worse, worse).endswith(
        "Q6_K is worse than F16 by 68.5 points [61.5, 74.6], Q5_K_M by 68.5 points [61.5, 74.6].")


def test_a_difference_that_only_the_correction_makes_unclear_is_not_passed_over() -> None:
    leaning = row(difference=-9.0, difference_interval=[-17.0, -2.3], p_value=0.022, comparisons=3, times_as_fast=2.0)
    assert said(row(times_as_fast=1.5), leaning) == (
        "Q8_0 cannot be told from F16 on 164 tasks (a difference of 5.4 points would have shown); it is 1.5x faster. "
        "Q6_K is 9.0 points [2.3, 17.0] below F16, which is clear by itself and not as one of 3 comparisons.")
    assert said(leaning, leaning).startswith(
        "Q8_0 is 9.0 points [2.3, 17.0] below F16, Q6_K 9.0 points [2.3, 17.0] below, which")


def test_what_a_worse_one_saves_is_said_where_it_is_the_only_one() -> None:
    worse = row("clearly lower", difference=-20.0, times_as_fast=1.5)
    assert said(worse).endswith("; it is 1.5x faster.")
    assert "faster" not in said(worse, worse)


def test_settings_that_decide_speed_are_named_beside_it() -> None:
    assert "it is 3.0x faster (slots 4 against 1)." in said(row(times_as_fast=3.0, faster_by={"slots": [1, 4]}))
    assert "it is about as fast." in said(row(times_as_fast=1.04))


@pytest.mark.parametrize(("more", "words"), [
    ({"validity": "suspect"}, "Q8_0 is suspect, so nothing is said of it."),
    ({"baseline_validity": "suspect"}, "F16 is suspect, so nothing is said of what is held against it."),
])
def test_of_a_suspect_run_nothing_is_said_but_that(more: dict[str, Any], words: str) -> None:
    for against in ("clearly lower", "no clear difference"):
        assert said(row(against, **more)) == words


def test_runs_that_do_not_pair_are_named_with_the_reason() -> None:
    unpaired = {"baseline": "m:F16", "against": "unpaired: different tasks"}
    assert said(unpaired, unpaired) == "Q8_0 and Q6_K are not held against F16: different tasks."
    assert said({"baseline": "m:F16", "against": "unpaired: one of the two is incomplete", "validity": "suspect"}) == (
        "Q8_0 is not held against F16: one of the two is incomplete.")


def test_a_long_ladder_is_counted_beyond_four() -> None:
    text = said(*[row()] * 6)
    assert text.startswith("Q8_0, Q6_K, Q5_K_M, Q4_K_M and 2 others cannot be told from F16")
    assert said(*[row("clearly lower")] * 6).endswith(", 2 others too.")
    assert said(*[row("clearly lower")] * 5).endswith(", 1 other too.")


def test_where_nothing_is_held_against_another_nothing_is_said() -> None:
    assert said({"is_baseline": True}, {}) == ""
