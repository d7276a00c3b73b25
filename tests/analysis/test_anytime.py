"""The early decision: that its bets are fair, its interval and words as seldom wrong as promised, and what it says.

The bets are written down here a second time, in exact fractions and by the rules of the urns, one draw after another.
"""

from __future__ import annotations

import random
from collections import defaultdict
from fractions import Fraction
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.anytime import decide, margin_tasks
from analysis.urns import FAR, NEAR, Drawn, Stakes, left_open

State = tuple[int, int, int]
"""Tasks seen, flips to the first run, flips to the second."""


def urn(ones: int, others: int, drawn_ones: int, drawn_others: int) -> Fraction:
    """Drawing from an urn to which one more of what was drawn is added each time."""
    chance = Fraction(1)
    for draw in range(drawn_ones + drawn_others):
        weight = ones + draw if draw < drawn_ones else others + draw - drawn_ones
        chance *= Fraction(weight, ones + others + draw)
    return chance


def box(total: int, *kinds: tuple[int, int]) -> Fraction:
    """Drawing so many of each kind from a box that holds so many of it, nothing being put back."""
    chance, left = Fraction(1), total
    for there, drawn in kinds:
        for draw in range(drawn):
            chance *= Fraction(max(0, there - draw), left)
            left -= 1
    return chance


@cache
def worth(total: int, truth: tuple[int, int], stakes: Stakes, state: State) -> Fraction:
    """What the bet against this truth has become."""
    (a, b), (seen, first, second) = truth, state
    flips, agreed = first + second, seen - first - second
    lopsided = box(total, (a + b, flips), (total - a - b, agreed)) * (
        urn(8, 2, second, first) + urn(2, 8, second, first)) / 2
    others = urn(2, 12, flips, agreed) * (share(stakes.open) * urn(1, 1, second, first)
                                          + share(stakes.even) * urn(50, 50, second, first))
    return ((share(stakes.lopsided) * lopsided + others)
            / box(total, (a, first), (b, second), (total - a - b, agreed)))


def share(of_stake: float) -> Fraction:
    return Fraction(str(of_stake))


def truths(total: int) -> list[tuple[int, int]]:
    return [(a, b) for a, b in product(range(total + 1), repeat=2) if a + b <= total]


def steps(total: int, truth: tuple[int, int], state: State) -> list[tuple[State, Fraction]]:
    """What the next task can bring, and its chance."""
    (a, b), (seen, first, second) = truth, state
    left = [((1, 0), a - first), ((0, 1), b - second), ((0, 0), total - seen - a - b + first + second)]
    return [((seen + 1, first + one, second + other), Fraction(count, total - seen))
            for (one, other), count in left if count > 0]


def courses(total: int, truth: tuple[int, int]) -> list[dict[State, Fraction]]:
    """After 0, 1, 2 ... tasks the chance of each state."""
    after = [{(0, 0, 0): Fraction(1)}]
    for _ in range(total):
        grown: defaultdict[State, Fraction] = defaultdict(Fraction)
        for state, chance in after[-1].items():
            for step, likely in steps(total, truth, state):
                grown[step] += chance * likely
        after.append(dict(grown))
    return after


def test_the_stakes_are_shares_of_one() -> None:
    for stakes in (NEAR, FAR):
        assert share(stakes.lopsided) + share(stakes.open) + share(stakes.even) == 1


@pytest.mark.parametrize("stakes", [NEAR, FAR])
def test_no_bet_against_the_truth_is_expected_to_gain(stakes: Stakes) -> None:
    """From every state that the drawing can reach, for every truth; and it starts at 1."""
    total = 8
    for truth in truths(total):
        assert worth(total, truth, stakes, (0, 0, 0)) == 1
        for state in [state for after in courses(total, truth)[:-1] for state in after]:
            expected = sum((chance * worth(total, truth, stakes, step)
                            for step, chance in steps(total, truth, state)), Fraction(0))
            assert expected <= worth(total, truth, stakes, state)


def test_the_interval_spans_exactly_the_differences_whose_bets_have_not_won() -> None:
    source = random.Random(10)
    for _ in range(150):
        total = source.choice((1, 2, 5, 12, 20))
        seen = source.randint(0, total)
        first = source.randint(0, source.choice((1, seen)) if seen else 0)
        second = source.randint(0, min(seen - first, source.choice((1, seen))))
        margin, alpha = source.choice((None, 1, 2, total)), source.choice((0.05, 0.2, 0.01))
        left = [b - a for a, b in truths(total)
                if a >= first and b >= second and total - a - b >= seen - first - second
                and worth(total, (a, b), NEAR if margin is None or abs(b - a) < margin else FAR,
                          (seen, first, second)) < 1 / Fraction(str(alpha))]
        assert left_open(Drawn(total, seen, first, second), margin, alpha) == (min(left), max(left))


@pytest.mark.parametrize(("margin", "alpha"), [(None, 0.05), (3, 0.05), (3, 0.3)])
def test_the_interval_ever_loses_the_truth_at_most_as_often_as_alpha(margin: int | None, alpha: float) -> None:
    """For every benchmark of 12 tasks and a look after every task, summed over every order."""
    total = 12
    limits = cache(lambda state: left_open(Drawn(total, *state), margin, alpha))
    most = 0.0
    for a, b in truths(total):
        holding, lost = {(0, 0, 0): Fraction(1)}, Fraction(0)
        for _ in range(total):
            grown: defaultdict[State, Fraction] = defaultdict(Fraction)
            for state, chance in holding.items():
                for step, likely in steps(total, (a, b), state):
                    grown[step] += chance * likely
            holding = {state: chance for state, chance in grown.items()
                       if limits(state)[0] <= b - a <= limits(state)[1]}
            lost += sum(grown.values()) - sum(holding.values())
        most = max(most, float(lost))
    assert 0 < most <= alpha


@given(st.integers(1, 400).flatmap(lambda total: st.tuples(st.just(total), st.integers(0, total))), st.data())
def test_the_interval_is_what_is_possible_or_less_and_is_mirrored(counts: tuple[int, int], data: st.DataObject) -> None:
    total, seen = counts
    first = data.draw(st.integers(0, seen))
    second = data.draw(st.integers(0, seen - first))
    margin = data.draw(st.none() | st.integers(1, total))
    low, high = left_open(Drawn(total, seen, first, second), margin, 0.05)
    assert second - first - (total - seen) <= low <= high <= second - first + total - seen
    assert left_open(Drawn(total, seen, second, first), margin, 0.05) == (-high, -low)


def test_six_flips_to_one_side_on_a_third_of_the_tasks_say_which_is_better() -> None:
    assert decide(Drawn(164, 60, 0, 6)).word == "better"
    assert decide(Drawn(164, 60, 6, 0)).word == "worse"
    assert decide(Drawn(164, 60, 0, 5)).word == "undecided"


def test_few_flips_to_either_side_say_equivalent_when_a_margin_is_given() -> None:
    drawn = Drawn(164, 80, 2, 2)
    found = decide(drawn, 10)
    assert found.word == "equivalent"
    assert -10 < found.low_points < 0 < found.high_points < 10
    assert decide(drawn).word == "undecided"
    assert decide(drawn, 1).word == "undecided"


def test_a_lead_of_one_task_on_all_tasks_is_not_called_better() -> None:
    found = decide(Drawn(164, 164, 8, 9))
    assert found.word == "undecided"
    assert found.low_points == found.high_points == found.seen_points == pytest.approx(100 / 164)


def test_when_all_tasks_are_drawn_the_words_are_those_of_the_ordinary_tests() -> None:
    assert decide(Drawn(164, 164, 8, 24), 10).word == "better"   # p = 0.007
    assert decide(Drawn(164, 164, 8, 16), 10).word == "undecided"  # p = 0.15, and up to 11 points by Tango
    assert decide(Drawn(164, 164, 8, 12), 10).word == "equivalent"
    assert decide(Drawn(20, 20, 0, 0), 10).word == "undecided"  # twenty tasks alike: up to 16 points by Tango


def test_better_by_less_than_the_margin_is_called_better_and_the_interval_shows_it() -> None:
    found = decide(Drawn(164, 160, 0, 7), 10)
    assert found.word == "better"
    assert 0 < found.low_points <= found.high_points < 10


def test_before_the_first_task_everything_is_open() -> None:
    found = decide(Drawn(164, 0, 0, 0), 10)
    assert (found.word, found.low_points, found.high_points, found.p_value) == ("undecided", -100, 100, 1.0)


def test_a_smaller_alpha_needs_more() -> None:
    assert decide(Drawn(164, 60, 0, 6), alpha=0.01).word == "undecided"
    wide, narrow = decide(Drawn(164, 50, 3, 6), alpha=0.01), decide(Drawn(164, 50, 3, 6), alpha=0.2)
    assert wide.low_points < narrow.low_points <= narrow.high_points < wide.high_points


def test_a_benchmark_of_thousands_is_decided_as_well() -> None:
    """MMLU's 14,042 tasks, one in ten of which flips."""
    found = decide(Drawn(14042, 3000, 120, 180), 2)
    assert found.word == "better"
    assert 0 < found.low_points < found.seen_points < found.high_points
    assert decide(Drawn(14042, 6000, 300, 305), 2).word == "equivalent"
    assert decide(Drawn(14042, 0, 0, 0), 2).word == "undecided"


@pytest.mark.parametrize(("total", "points", "tasks"), [
    (164, 10, 17), (100, 10, 10), (1000, 0.1, 1), (1000, 0.3, 3), (14042, 2.5, 352), (3, 1, 1), (7, 100, 7)])
def test_a_margin_is_the_fewest_tasks_that_are_as_many_points(total: int, points: float, tasks: int) -> None:
    assert margin_tasks(total, points) == tasks


def test_what_makes_no_sense_is_refused() -> None:
    for counts in ((10, 5, 3, 3), (10, 11, 0, 0), (10, 5, -1, 0), (0, 0, 0, 0)):
        with pytest.raises(ValueError, match="cannot be"):
            Drawn(*counts)
    for margin in (0, -1, 100.5, float("nan")):
        with pytest.raises(ValueError, match="margin"):
            decide(Drawn(10, 5, 1, 1), margin)
    for alpha in (0, 1, -0.1, float("nan")):
        with pytest.raises(ValueError, match="alpha"):
            decide(Drawn(10, 5, 1, 1), alpha=alpha)
