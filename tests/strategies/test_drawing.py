"""How many samples are drawn, and when it ends."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from benches.vote_streams import (
    adaptive_consistency,
    changes,
    drawn,
    early_stopping,
    enumerated,
    likelier,
    one_by_one,
    rule_of,
    stop_of,
    streams,
    summed,
)
from core.strategy import StrategySettings
from strategies.adaptive_margin import AdaptiveMargin, chance_of_change
from strategies.base import Strategy
from strategies.esc import Esc
from strategies.overtaking import Lead, lead
from strategies.registry import STRATEGIES, make
from strategies.replay import replay
from strategies.sc_fixed import ScFixed
from tests.strategies.making import STREAMS, chosen, course, votes

CONFIDENCES = st.sampled_from([0.6, 0.8, 0.9, 0.95, 0.99])
ANY_STRATEGY: st.SearchStrategy[Strategy] = st.one_of(
    st.sampled_from([make(name) for name in STRATEGIES]),
    st.builds(ScFixed, st.integers(1, 40)),
    st.builds(AdaptiveMargin, st.integers(1, 40), CONFIDENCES, st.integers(1, 8)),
    st.integers(2, 40).flatmap(lambda most: st.builds(Esc, st.just(most), st.integers(2, most))),
)


@given(ANY_STRATEGY, STREAMS)
def test_every_strategy_draws_at_least_one_ends_and_keeps_to_its_budget(strategy: Strategy, keys: str) -> None:
    rounds = course(strategy, keys)
    assert all(count >= 1 for count in rounds)
    assert sum(rounds) <= strategy.budget()


@given(ANY_STRATEGY)
def test_every_strategy_ends_where_nothing_ever_comes_back_or_nothing_has_an_answer(strategy: Strategy) -> None:
    for nothing in ("x" * 40, "." * 40):
        assert sum(course(strategy, nothing)) == strategy.budget()
        assert strategy.choose(votes("x" * 40)) is None


@given(ANY_STRATEGY, STREAMS)
def test_a_replay_of_a_pool_is_what_the_strategy_does_alone(strategy: Strategy, keys: str) -> None:
    """Alone it sees its own samples only; in a replay all forty are there."""
    found = replay(strategy, votes(keys), 40)
    rounds = course(strategy, keys)
    assert found.rounds == tuple(rounds)
    assert found.drawn == sum(rounds)
    alone = votes(keys[:found.drawn])
    assert list(found.candidates) == alone
    assert found.chosen == strategy.choose(alone)


@given(STREAMS, st.integers(1, 40))
def test_a_smaller_budget_is_a_prefix_of_a_larger_one(keys: str, count: int) -> None:
    small, large = replay(ScFixed(count), votes(keys), 40), replay(ScFixed(40), votes(keys), 40)
    assert small.candidates == large.candidates[:len(small.candidates)]


def test_a_pool_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="sc_fixed wants sample 7 of a pool of 4"):
        replay(ScFixed(8), votes("aaaa"), 4)


def test_a_lost_sample_counts_against_the_budget_and_is_not_made_up_for() -> None:
    assert course(ScFixed(4), "axxb") == [4]
    assert sum(course(AdaptiveMargin(4, 0.95), "xxxa")) == 4


# -- adaptive_margin -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("votes_so_far", "left", "chance"), [
    (Lead(1, 0, 0), 1, 0.0),       # one more can only draw level, and came up later
    (Lead(1, 1, 2), 1, 2 / 4),     # a tie with an earlier one is lost at once: an urn of 2 and 2
    (Lead(2, 0, 0), 3, 1 / 20),    # three in a row from an urn of 3 and 1: 1/4 x 2/5 x 3/6
    (Lead(2, 1, 1), 2, 1 / 5),     # two in a row from an urn of 3 and 2: 2/5 x 3/6
    (Lead(9, 0, 0), 7, 0.0),
])
def test_the_chance_of_a_change_is_that_of_polyas_urn(votes_so_far: Lead, left: int, chance: float) -> None:
    assert chance_of_change(votes_so_far, left) == pytest.approx(chance)


def walked(now: Lead, left: int) -> float:
    """The same chance, one draw after the other."""
    def ahead(first: int, second: int, further: int) -> float:
        if further == 0:
            return float(second + now.bar - now.second > first)
        share = (second + 1) / (first + second + 2)
        return share * ahead(first, second + 1, further - 1) + (1 - share) * ahead(first + 1, second, further - 1)

    return ahead(now.first, now.second, left)


@given(st.text("abc", min_size=1, max_size=10), st.integers(0, 8))
def test_the_chance_of_a_change_is_what_drawing_one_by_one_comes_to(keys: str, left: int) -> None:
    now = lead(Counter(keys))
    assert chance_of_change(now, left) == pytest.approx(walked(now, left))


@given(st.text("abc", max_size=9), st.integers(0, 3))
def test_a_winner_that_no_samples_can_change_is_told_from_one_that_some_can(keys: str, left: int) -> None:
    ahead = chosen(ScFixed(9), keys)
    ends = {chosen(ScFixed(20), keys + "".join(more)) for more in product("abcz", repeat=left)}
    assert lead(Counter(keys)).can_change(left) == (ends != {ahead})


@given(STREAMS.map(lambda keys: keys[:16]), CONFIDENCES)
def test_rounds_spare_no_sample_and_waste_none(keys: str, confidence: float) -> None:
    """As many as looking after every single sample."""
    strategy = AdaptiveMargin(16, confidence)
    looked = next(count for count in range(1, 17) if not strategy.more(votes(keys[:count]), count))
    assert sum(course(strategy, keys)) == looked


@given(STREAMS.map(lambda keys: keys[:16]), st.integers(1, 16))
def test_a_batch_is_the_fewest_drawn_at_once_but_for_the_last(keys: str, batch: int) -> None:
    rounds = course(AdaptiveMargin(16, 0.95, batch), keys)
    assert all(count >= batch for count in rounds[:-1])
    assert rounds[-1] >= batch or sum(rounds) == 16


@given(STREAMS)
def test_a_higher_confidence_never_draws_less(keys: str) -> None:
    counts = [sum(course(AdaptiveMargin(16, confidence), keys)) for confidence in (0.6, 0.8, 0.9, 0.95, 0.99, 0.9999)]
    assert counts == sorted(counts)


def test_at_a_confidence_next_to_one_it_draws_until_nothing_can_change_and_agrees_with_all_samples() -> None:
    for keys in product("abc", repeat=7):
        found = replay(AdaptiveMargin(7, 1 - 1e-12), votes(keys), 7)
        assert found.chosen == ScFixed(7).choose(votes(keys))


@given(st.integers(1, 30), st.integers(0, 29), st.integers(1, 40), st.booleans())
def test_an_answer_that_is_surely_the_likelier_one_loses_its_lead_as_seldom_as_is_stated(
    first: int, second: int, left: int, tie_loses: bool
) -> None:
    """The bound that is stated of both reasons to stop, for confidences from 0.7 on."""
    assume(second < first)
    assume(likelier(first, second) >= 0.7)
    now = Lead(first, second, second + (1 if tie_loses and second else 0))
    assert chance_of_change(now, left) <= 1 - likelier(first, second)


@pytest.mark.parametrize("confidence", [0.8, 0.9, 0.95, 0.99])
def test_over_all_shares_of_two_answers_it_errs_no_more_often_than_it_says(confidence: float) -> None:
    """The mean over shares evenly between 0 and 1, which is the prior that the stated rate supposes."""
    stop = stop_of(AdaptiveMargin(16, confidence))
    found = [changes((at + 0.5) / 100, 16, stop) for at in range(100)]
    early, wrong = (sum(column) / 100 for column in zip(*found, strict=True))
    assert wrong <= (1 - confidence) * early
    assert early > 0.5


def test_for_one_single_share_it_may_err_more_often_as_the_manual_says() -> None:
    """docs/strategies.md has the figure."""
    stop = stop_of(AdaptiveMargin(40, 0.9))
    assert 0.1 < max(changes(share / 100, 40, stop).wrong for share in (50, 51, 55)) < 0.14


def test_what_is_summed_up_of_errors_is_what_every_stream_shows() -> None:
    strategy, share, most = AdaptiveMargin(8, 0.9), 0.6, 8
    early = wrong = 0.0
    for keys in product("ab", repeat=most):
        mass = share ** keys.count("a") * (1 - share) ** keys.count("b")
        found = replay(strategy, votes(keys), most)
        early += mass * (found.drawn < most)
        whole = chosen(ScFixed(most), keys)
        wrong += mass * (found.chosen is not None and found.candidates[found.chosen].key != whole)
    assert changes(share, most, stop_of(strategy)) == pytest.approx((early, wrong))


# -- against the published rules -------------------------------------------------------------------------------------


FEW_ANSWERS = {"easy": (0.85, 0.1, 0.05), "hard": (0.4, 0.32, 0.28), "two-horse": (0.65, 0.35), "close": (0.55, 0.45)}


@pytest.mark.parametrize("confidence", [0.9, 0.95])
@pytest.mark.parametrize("name", FEW_ANSWERS)
def test_it_is_as_accurate_as_adaptive_consistency_with_fewer_samples(name: str, confidence: float) -> None:
    """Every course of at most 16 samples, summed up."""
    peer = summed(FEW_ANSWERS[name], adaptive_consistency(confidence), 16)
    ours = summed(FEW_ANSWERS[name], stop_of(AdaptiveMargin(16, confidence)), 16)
    assert ours.accuracy >= peer.accuracy - 0.1
    assert ours.samples < peer.samples


@pytest.mark.parametrize("name", ["two-horse", "close"])
def test_and_of_up_to_40_samples(name: str) -> None:
    peer = summed(FEW_ANSWERS[name], adaptive_consistency(), 40)
    ours = summed(FEW_ANSWERS[name], stop_of(AdaptiveMargin(40, 0.95)), 40)
    assert ours.accuracy >= peer.accuracy - 0.1
    assert ours.samples < 0.9 * peer.samples


@pytest.mark.parametrize("chances", [(0.1,) * 10, (0.3, *(0.02,) * 35)], ids=["flat", "long-tailed"])
def test_with_many_answers_too(chances: tuple[float, ...]) -> None:
    given_streams = streams(chances, 16, 1500, "a small bench")
    peer = drawn(one_by_one(adaptive_consistency()), given_streams)
    ours = drawn(rule_of(AdaptiveMargin(16, 0.95)), given_streams)
    assert ours.accuracy >= peer.accuracy - 0.1
    assert ours.samples <= peer.samples


@given(STREAMS.map(lambda keys: keys.replace(".", "e").replace("x", "f")), CONFIDENCES, st.integers(1, 40))
def test_on_no_stream_does_it_draw_more_than_adaptive_consistency(keys: str, confidence: float, most: int) -> None:
    published, _ = one_by_one(adaptive_consistency(confidence))(keys[:most])
    assert rule_of(AdaptiveMargin(most, confidence))(keys[:most])[0] <= published


@given(STREAMS.map(lambda keys: keys.replace(".", "e").replace("x", "f")), st.integers(2, 6))
def test_on_no_stream_does_esc_draw_more_than_early_stopping_self_consistency(keys: str, window: int) -> None:
    published, _ = early_stopping(window)(keys[:16])
    assert rule_of(Esc(16, window))(keys[:16])[0] <= published


@pytest.mark.parametrize("chance", [0.55, 0.65, 0.8])
def test_esc_is_as_accurate_as_early_stopping_self_consistency_with_fewer_samples(chance: float) -> None:
    """Every stream of twelve answers."""
    peer = enumerated(early_stopping(3), (chance, 1 - chance), 12)
    ours = enumerated(rule_of(Esc(12, 3)), (chance, 1 - chance), 12)
    assert ours.accuracy >= peer.accuracy - 0.1
    assert ours.samples < peer.samples


@pytest.mark.parametrize(("first", "second", "probability"), [(0, 0, 0.5), (3, 0, 15 / 16), (4, 1, 57 / 64)])
def test_the_peers_criterion_is_the_mass_of_the_beta_distribution(first: int, second: int, probability: float) -> None:
    from scipy.special import betainc

    assert likelier(first, second) == pytest.approx(probability)
    assert likelier(first, second) == pytest.approx(betainc(second + 1, first + 1, 0.5))


# -- esc -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("keys", "rounds"), [
    ("aaaa", [4]),
    ("abaaaaaa", [4, 4]),             # the second window agrees
    ("aaxaaaaa", [4, 4]),             # a lost sample leaves its window undecided
    ("aa.aaaaa", [4, 4]),             # so does a reply without an answer
    ("aaabaaab", [4, 4, 2]),          # six against two, eight left: two more votes would settle it
])
def test_it_ends_with_the_first_window_of_one_mind(keys: str, rounds: list[int]) -> None:
    assert course(Esc(16, 4), keys + "cdef" * 4)[:len(rounds)] == rounds


def test_agreement_across_two_windows_is_none() -> None:
    assert sum(course(Esc(16, 4), "bbaaaabb" + "abcd" * 2)) > 8


def test_it_also_ends_when_no_other_answer_can_get_ahead() -> None:
    """Six against one, five left: five votes would only draw level with the answer that came first."""
    assert course(Esc(12, 4), "aaabaaab" + "aaaa") == [4, 3]


@given(STREAMS, st.integers(2, 8))
def test_an_end_without_a_unanimous_window_never_changes_the_answer(keys: str, window: int) -> None:
    found = replay(Esc(16, window), votes(keys), 40)
    blocks = [keys[at:at + window] for at in range(0, found.drawn, window)]
    if not any(len(block) == window and len(set(block)) == 1 for block in blocks):
        at = found.chosen
        assert (None if at is None else found.candidates[at].key) == chosen(ScFixed(16), keys[:16])


def test_settings_reach_the_strategies_that_take_them() -> None:
    assert course(make("esc", StrategySettings(max_n=6, window=2)), "abccab") == [2, 2]
    assert course(make("adaptive_margin", StrategySettings(max_n=6, confidence=0.6)), "aaaaaa") == [1]
