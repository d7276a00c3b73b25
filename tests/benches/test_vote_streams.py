"""The bench of early stopping: that it counts right, and notices a rule that is worse than the published one."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from benches import vote_streams
from benches.vote_streams import (
    Outcome,
    Row,
    adaptive_consistency,
    drawn,
    early_stopping,
    enumerated,
    falls_short,
    one_by_one,
    rule_of,
    streams,
    summed,
)
from strategies.sc_fixed import ScFixed

CHANCES = (0.5, 0.3, 0.2)


@pytest.mark.parametrize("flags", [["--streams", "0"], ["--max-n", "17"], ["--max-n", "x"], ["--only", "x"]])
def test_a_flag_that_makes_no_sense_is_refused(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        vote_streams.parse(flags)
    assert ended.value.code == 2


def test_the_sum_over_courses_is_the_sum_over_streams_and_what_draws_come_to() -> None:
    """Seven answers of three: 2,187 streams."""
    rule = one_by_one(adaptive_consistency())
    exact = summed(CHANCES, adaptive_consistency(), 7)
    assert exact == pytest.approx(enumerated(rule, CHANCES, 7))
    assert drawn(rule, streams(CHANCES, 7, 4000, "seed")) == pytest.approx(exact, rel=0.05)


def test_all_samples_are_the_majority_of_all() -> None:
    never = summed(CHANCES, lambda _, left: left == 0, 5)
    assert never.samples == pytest.approx(5)
    assert never == pytest.approx(enumerated(rule_of(ScFixed(5)), CHANCES, 5))


def test_early_stopping_answers_what_the_unanimous_window_says() -> None:
    assert early_stopping(2)("abbb") == (4, "b")
    assert early_stopping(2)("aaab") == (2, "a")
    assert early_stopping(3)("abcbb") == (5, "b")


def test_adaptive_consistency_stops_after_four_alike_and_six_against_one() -> None:
    rule = adaptive_consistency()
    stops = [votes for votes in product(range(8), range(8)) if votes[0] >= votes[1]
             and rule(Counter({"a": votes[0], "b": votes[1]}) if votes[1] else Counter(a=votes[0]), 9)]
    assert (3, 0) not in stops
    assert {(4, 0), (6, 1)} <= set(stops)
    assert (5, 1) not in stops


@pytest.mark.parametrize(("ours", "short"), [
    (Outcome(89.95, 9.0), False), (Outcome(89.8, 5.0), True), (Outcome(95.0, 10.1), True), (Outcome(95.0, 10.0), False),
], ids=["nearly as accurate", "less accurate", "more samples", "as many samples"])
def test_a_rule_that_is_less_accurate_or_needs_more_samples_falls_short(ours: Outcome, *, short: bool) -> None:
    assert falls_short(Row(Outcome(90.0, 10.0), ours, Outcome(90.0, 16.0))) is short


def test_where_the_majority_is_wrong_following_it_is_no_shortcoming() -> None:
    row = Row(Outcome(20.0, 10.0), Outcome(18.0, 9.0), Outcome(18.05, 16.0))
    assert not falls_short(row)
    assert falls_short(row._replace(ours=Outcome(17.9, 9.0)))


def test_it_prints_a_row_for_each_distribution_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert vote_streams.main(["--streams", "300", "--max-n", "16", "--only", "easy", "flat"]) == 0
    printed = capsys.readouterr().out
    for name in ("easy", "flat"):
        assert printed.count(f"\n{name} ") == 3
    assert "\ntwo-horse " not in printed
    assert "falls short" not in printed


def test_the_same_seed_gives_the_same_streams_and_another_others() -> None:
    assert streams(CHANCES, 9, 5, "a") == streams(CHANCES, 9, 5, "a") != streams(CHANCES, 9, 5, "b")
