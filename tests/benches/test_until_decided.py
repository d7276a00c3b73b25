"""The bench of the early decision: that it counts right, notices a test that is wrong too often, and what it shows."""

from __future__ import annotations

import math
import random

import pytest

from analysis.anytime import Word, decide, margin_tasks
from analysis.urns import Drawn
from benches import until_decided
from benches.until_decided import LIMITS, Truth, drawn_at_random, is_wrong, remembered, summed, truths


def asked(margin: float, alpha: float = 0.05) -> until_decided.Rule:
    return remembered(lambda drawn: decide(drawn, margin, alpha).word)


@pytest.mark.parametrize("flags", [["--draws", "0"], ["--margin", "0"], ["--alpha", "1"], ["--tasks", "-1"],
                                   ["--batch", "0"]])
def test_a_flag_that_makes_no_sense_is_refused(flags: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        until_decided.parse(flags)
    assert ended.value.code == 2


def test_a_word_is_wrong_of_a_difference_of_the_other_sign_or_none_and_equivalent_at_the_margin() -> None:
    wrong: dict[Word, list[int]] = {"better": [-3, -1, 0], "worse": [0, 1, 3], "equivalent": [-3, 3], "undecided": []}
    for word, expected in wrong.items():
        assert [difference for difference in (-3, -1, 0, 1, 3) if is_wrong(word, difference, 3)] == expected


def test_every_benchmark_of_sixteen_tasks_is_called_wrongly_at_most_as_often_as_alpha() -> None:
    total, margin, alpha = 16, 20.0, 0.2
    rule = asked(margin, alpha)
    for first in range(total + 1):
        for second in range(total + 1 - first):
            courses = summed(Truth(total, first, second), rule, 1)
            assert sum(courses.words.values()) == pytest.approx(1)
            assert courses.wrong(second - first, margin_tasks(total, margin)) <= alpha


def test_the_wanted_share_of_tasks_is_kept_and_the_wrong_words_too() -> None:
    """Exactly, over every order: 164 tasks, the differences and flips for which there is a limit, and at the margin."""
    rule, checked = asked(10.0), 0
    for mark, points, percent, truth in truths(164, 10.0):
        if (limit := LIMITS.get((points, percent))) is not None and (mark == " " or percent == 10):
            courses = summed(truth, rule, 1)
            assert 100 * courses.mean_seen <= limit
            assert courses.wrong(truth.difference, 17) <= 0.05
            checked += 1
    assert checked == len(LIMITS) + 1


def test_a_few_hundred_drawings_agree_with_the_sum_over_all() -> None:
    truth, rule = Truth(60, 3, 11), asked(10.0)
    exact, drawn = summed(truth, rule, 5), drawn_at_random(truth, rule, 400, 5, random.Random(2))
    assert drawn.mean_seen == pytest.approx(exact.mean_seen, abs=0.05)
    for word, share in exact.words.items():
        assert drawn.words.get(word, 0) == pytest.approx(share, abs=0.1)


def test_a_test_that_may_not_be_asked_again_and_again_is_found_out() -> None:
    """The textbook's test for draws without replacement, right once and asked after every task."""
    def peeking(drawn: Drawn) -> Word:
        lead, left = drawn.only_second - drawn.only_first, 1 - drawn.seen / drawn.total
        if drawn.flips < 10 or abs(lead) <= 1.96 * math.sqrt(drawn.flips * left):
            return "undecided"
        return "better" if lead > 0 else "worse"

    truth = Truth(164, 16, 16)
    assert summed(truth, peeking, 1).wrong(0, 17) > 0.2
    assert drawn_at_random(truth, peeking, 300, 1, random.Random(1)).wrong(0, 17) > 0.2
    assert drawn_at_random(truth, asked(10.0), 300, 1, random.Random(1)).wrong(0, 17) <= 0.05


def test_it_prints_a_row_for_each_benchmark_and_ends_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert until_decided.main(["--tasks", "40", "--draws", "30", "--batch", "4"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "40 tasks, margin 10 points (4 tasks), alpha 0.05, 4 a batch, 30 draws, seed 1"
    assert len(printed) == 2 + len(list(truths(40, 10.0)))


def test_the_same_seed_gives_the_same_figures() -> None:
    truth, rule = Truth(40, 2, 6), asked(10.0)
    assert (drawn_at_random(truth, rule, 20, 1, random.Random("1 2"))
            == drawn_at_random(truth, rule, 20, 1, random.Random("1 2")))
