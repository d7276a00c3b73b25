"""Which of the candidates wins."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.records import Answer, Sample
from strategies.base import Candidate, Strategy
from strategies.best_of_n import BestOfN
from strategies.candidates import Candidates
from strategies.cascade import escalated, escalates, margin
from strategies.sc_fixed import ScFixed
from strategies.weighted_vote import WeightedVote, weights
from tests.strategies.making import STREAMS, candidate, chosen, votes

SC = ScFixed(8)


@pytest.mark.parametrize(("keys", "winner"), [
    ("abbaab", "a"),   # three each: a came first
    ("baabba", "b"),
    ("abb", "b"),
    ("..a", "a"),      # no answer does not vote, however often it comes
    (".", None),
    ("xxb", "b"),
    ("", None),
])
def test_the_majority_wins_and_in_a_tie_the_answer_that_came_up_first(keys: str, winner: str | None) -> None:
    assert chosen(SC, keys) == winner


@pytest.mark.parametrize(("keys", "told_by"), [("abb", 0), (".ba", 1), ("..", 0), ("x.b", 1), ("x", None)])
def test_of_candidates_none_is_chosen_and_the_first_with_a_text_says_what_became_of_the_task(
    keys: str, told_by: int | None,
) -> None:
    assert Candidates(3).choose(votes(keys)) == told_by


def test_the_winner_is_the_first_sample_that_gave_the_winning_answer() -> None:
    assert SC.choose(votes("abcbc")) == 1


def test_without_any_answer_it_is_the_first_sample_and_without_any_sample_none() -> None:
    assert SC.choose(votes("x..")) == 0
    assert SC.choose(votes("xxx")) is None


@given(STREAMS, st.randoms(use_true_random=False))
def test_the_order_of_the_samples_decides_nothing_but_ties(keys: str, shuffler: object) -> None:
    shuffled = list(keys)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    counts = sorted((keys.count(key) for key in "abcd"), reverse=True)
    winners = {chosen(SC, keys), chosen(SC, "".join(shuffled))}
    if counts[0] > counts[1]:
        assert len(winners) == 1
    assert all(winner is None or keys.count(winner) == counts[0] for winner in winners)


def test_the_first_selector_decides_and_the_next_breaks_its_ties() -> None:
    here = [candidate(0, "a", {"schema": 0, "command": 9}), candidate(1, "b", {"schema": 1, "command": 1}),
            candidate(2, "c", {"schema": 1, "command": 2})]
    assert BestOfN(3, ("schema", "command:./score")).choose(here) == 2
    assert BestOfN(3, ("command:./score", "schema")).choose(here) == 0


def test_what_selectors_leave_tied_goes_by_votes_then_by_log_probability_then_to_the_earlier() -> None:
    valid = {"schema": 1.0}
    by_votes = [candidate(0, "a", valid), candidate(1, "b", valid), candidate(2, "b", valid)]
    assert BestOfN(3, ("schema",)).choose(by_votes) == 1
    by_logprob = [candidate(0, "a", {**valid, "logprob": -2}), candidate(1, "b", {**valid, "logprob": -1})]
    assert BestOfN(2, ("schema",)).choose(by_logprob) == 1
    assert BestOfN(2, ("schema",)).choose([candidate(0, "a", valid), candidate(1, "b", valid)]) == 0


def test_selecting_by_agreement_alone_is_the_majority_with_ties_broken_by_log_probability() -> None:
    here = [candidate(0, "a", {"logprob": -2}), candidate(1, "b", {"logprob": -1})]
    assert BestOfN(2).choose(here) == 1


@pytest.mark.parametrize("merits", [{}, {"schema": math.nan}], ids=["absent", "no number"])
def test_a_candidate_of_which_a_selector_knows_nothing_is_behind_those_of_which_it_does(
    merits: dict[str, float],
) -> None:
    here = [candidate(0, "a", merits), candidate(1, "a", merits), candidate(2, "b", {"schema": 0})]
    assert BestOfN(3, ("schema",)).choose(here) == 2


def test_a_candidate_without_an_answer_is_behind_all_that_have_one_whatever_its_merits() -> None:
    here = [candidate(0, None, {"logprob": 0.0}), candidate(1, "a", {"logprob": -9})]
    assert BestOfN(2, ("logprob",)).choose(here) == 1
    assert BestOfN(2, ("logprob",)).choose(here[:1]) == 0


def test_an_answer_that_has_no_key_is_chosen_by_its_merits() -> None:
    """A program of a task without public examples: there is nothing to count votes by."""
    here = [Candidate(Sample("t", at, ""), Answer(f"program {at}"), None, {"logprob": at / 10}) for at in range(3)]
    assert BestOfN(3, ("agreement", "logprob")).choose(here) == 2
    assert SC.choose(here) == 0


@pytest.mark.parametrize(("strategy", "looked_at"), [
    (BestOfN(2, ("agreement",)), {"logprob"}),
    (BestOfN(2, ("schema", "examples", "command:x")), {"schema", "examples", "command", "logprob"}),
    (WeightedVote(2), {"logprob"}),
    (SC, set()),
], ids=["agreement", "several", "weighted", "majority"])
def test_it_says_which_merits_it_looks_at_and_looks_at_no_other(strategy: Strategy, looked_at: set[str]) -> None:
    assert strategy.merits() == looked_at
    everything = ("schema", "examples", "logprob", "command")
    here = [candidate(at, key, dict.fromkeys(set(everything) & looked_at, 0.5)) for at, key in enumerate("ab")]
    others = {name: 1.0 for name in everything if name not in looked_at}
    tempting = [here[0], Candidate(here[1].sample, here[1].answer, here[1].key, {**here[1].merits, **others})]
    assert strategy.choose(here) == strategy.choose(tempting) == 0


def test_a_reply_weighs_its_probability_normalised_by_its_length() -> None:
    """a: 0.5 + 0.25; b: 0.8."""
    here = [candidate(0, "a", {"logprob": math.log(0.5)}), candidate(1, "a", {"logprob": math.log(0.25)}),
            candidate(2, "b", {"logprob": math.log(0.8)})]
    assert weights(here) == pytest.approx({"a": 0.75, "b": 0.8})
    assert WeightedVote(3).choose(here) == 2
    assert SC.choose(here) == 0


def test_a_reply_of_unknown_probability_weighs_the_mean_of_the_others() -> None:
    here = [candidate(0, "a", {"logprob": math.log(0.6)}), candidate(1, "b", {"logprob": math.log(0.2)}),
            candidate(2, "b"), candidate(3, None, {"logprob": 0.0})]
    assert weights(here) == pytest.approx({"a": 0.6, "b": 0.6})


@pytest.mark.parametrize(("logprob", "weight"), [(0.5, 1.0), (-math.inf, 0.0), (math.inf, 1.0)])
def test_a_weight_is_never_outside_0_and_1(logprob: float, weight: float) -> None:
    assert weights([candidate(0, "a", {"logprob": logprob})]) == {"a": weight}


@given(STREAMS)
def test_without_any_known_probability_the_weighted_vote_is_the_majority(keys: str) -> None:
    assert WeightedVote(40).choose(votes(keys)) == ScFixed(40).choose(votes(keys))


@given(STREAMS, st.lists(st.floats(-5, 0), min_size=40, max_size=40), st.randoms(use_true_random=False))
def test_weights_do_not_depend_on_the_order_of_the_samples(keys: str, logprobs: list[float], shuffler: object) -> None:
    here = [candidate(at, key, {"logprob": logprobs[at]}) for at, key in enumerate(keys)]
    shuffled = list(here)
    shuffler.shuffle(shuffled)  # type: ignore[attr-defined]
    assert weights(here) == weights(shuffled)


MERITS = st.dictionaries(st.sampled_from(["schema", "examples", "logprob", "command"]), st.floats())


@given(st.lists(st.tuples(st.sampled_from("abc."), MERITS), max_size=8),
       st.sampled_from([SC, WeightedVote(8), BestOfN(8), BestOfN(8, ("schema", "examples", "command:x", "logprob"))]))
def test_whatever_is_known_or_not_one_candidate_is_chosen_and_one_with_an_answer_if_there_is_one(
    given_merits: list[tuple[str, dict[str, float]]], strategy: Strategy,
) -> None:
    here = [candidate(at, None if key == "." else key, merits) for at, (key, merits) in enumerate(given_merits)]
    position = strategy.choose(here)
    if position is None:
        assert not here
    else:
        assert here[position].key is not None or all(one.key is None for one in here)


@pytest.mark.parametrize(("keys", "share"), [("aaaa", 1.0), ("aaab", 0.5), ("aabb", 0.0), ("aa..", 0.5), ("aaxx", 0.5),
                                             ("....", 0.0), ("", 0.0)])
def test_the_margin_is_the_lead_as_a_share_of_what_was_asked_for(keys: str, share: float) -> None:
    assert margin(votes(keys), len(keys)) == share


def test_tasks_with_a_margin_below_the_threshold_and_unknown_ones_go_to_the_larger_model_in_order() -> None:
    answers = {name: (votes(keys), 8) for name, keys in
               {"sure": "aaaaaaaa", "enough": "aaaaaabb", "torn": "aaaaabbb", "silent": "........"}.items()}
    assert escalated(answers, ["torn", "sure", "never asked", "enough", "silent"]) == ["torn", "never asked", "silent"]
    assert escalated(answers, ["sure", "enough"], threshold=0.75) == ["enough"]


@given(STREAMS.map(lambda keys: keys[:8]), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_never_keeps_back_what_a_lower_one_passes_on(keys: str, one: float, other: float) -> None:
    here = votes(keys)
    assert not escalates(here, 8, 0.0)
    assert escalates(here, 8, 1.5)
    assert escalates(here, 8, min(one, other)) <= escalates(here, 8, max(one, other))
