"""pass@k: numbers worked out by hand, the published product form, and counting every choice."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.passk import mean_pass_at_k, oracle, pass_at_k

COUNTS = st.integers(1, 12).flatmap(
    lambda samples: st.tuples(st.just(samples), st.integers(0, samples), st.integers(1, samples)))


def test_of_four_samples_with_one_right_two_picks_find_it_half_the_time() -> None:
    """6 pairs, 3 of them without the right one."""
    assert pass_at_k(4, 1, 2) == pytest.approx(0.5)


def test_with_more_right_ones_than_can_be_left_out_a_pick_always_finds_one() -> None:
    assert pass_at_k(5, 3, 3) == pytest.approx(1.0)


def test_of_none_right_no_pick_finds_one() -> None:
    assert pass_at_k(5, 0, 5) == pytest.approx(0.0)


@given(COUNTS)
def test_it_is_the_share_of_all_choices_that_hold_a_right_sample(counts: tuple[int, int, int]) -> None:
    samples, right, k = counts
    choices = list(combinations([True] * right + [False] * (samples - right), k))
    assert pass_at_k(samples, right, k) == pytest.approx(sum(any(choice) for choice in choices) / len(choices))


@given(COUNTS)
def test_it_is_the_published_product(counts: tuple[int, int, int]) -> None:
    samples, right, k = counts
    product = 1.0
    for at in range(samples - right + 1, samples + 1):
        product *= 1 - k / at
    assert pass_at_k(samples, right, k) == pytest.approx(1.0 if samples - right < k else 1 - product)


@given(COUNTS)
def test_one_pick_is_the_share_of_right_samples_and_all_picks_are_the_oracle(counts: tuple[int, int, int]) -> None:
    samples, right, _ = counts
    assert pass_at_k(samples, right, 1) == pytest.approx(right / samples)
    assert pass_at_k(samples, right, samples) == (right > 0)


def test_the_mean_is_over_tasks_whatever_number_of_samples_each_has() -> None:
    assert mean_pass_at_k([(4, 1), (2, 0), (10, 10)], 2) == pytest.approx((0.5 + 0 + 1) / 3)


def test_without_enough_samples_of_every_task_there_is_no_mean() -> None:
    assert mean_pass_at_k([(4, 1), (1, 1)], 2) is None
    assert mean_pass_at_k([], 1) is None


def test_the_oracle_is_the_share_of_tasks_with_any_right_sample() -> None:
    assert oracle([(4, 1), (4, 0), (1, 1), (0, 0)]) == pytest.approx(0.5)
    assert oracle([]) is None


@pytest.mark.parametrize(("samples", "right", "k"), [(4, 5, 1), (4, -1, 1), (4, 1, 0), (4, 1, 5)])
def test_counts_that_cannot_be_are_refused(samples: int, right: int, k: int) -> None:
    with pytest.raises(ValueError, match="there is no such thing"):
        pass_at_k(samples, right, k)
