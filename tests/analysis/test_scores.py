"""From verdicts to a score, and whether it may be taken at its word."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.scores import summarize
from analysis.validity import THRESHOLDS, Evidence, empty_replies, validity
from core.outcomes import NOT_COUNTED, Outcome
from core.records import Sample, Verdict


def verdicts(**counts: int) -> list[tuple[str, str | None, Verdict]]:
    outcomes = [Outcome(name) for name, count in counts.items() for _ in range(count)]
    return [(f"t/{number}", None, Verdict(outcome)) for number, outcome in enumerate(outcomes)]


def test_each_task_counts_once_and_our_faults_leave_the_denominator() -> None:
    scores = summarize(verdicts(correct=3, wrong=2, truncated=1, no_answer=1, blocked=1, lost=1, harness_fault=1))
    assert scores.score == pytest.approx(37.5)
    assert (scores.total_passed, scores.total_problems, scores.tasks) == (3, 8, 10)
    assert not scores.whole
    assert scores.outcomes == {"correct": 3, "wrong": 2, "no_answer": 1, "truncated": 1, "blocked": 1, "lost": 1,
                               "harness_fault": 1}
    assert scores.bounds == pytest.approx((37.5, 50.0))
    assert scores.failed_tasks == ("t/3", "t/4", "t/5", "t/6", "t/7")


def test_texts_that_wait_for_a_judge_are_in_no_denominator_and_leave_a_run_whole() -> None:
    scores = summarize(verdicts(unjudged=5, truncated=2, no_answer=1)).unjudged()
    assert scores.whole
    assert scores.tasks == 8
    assert scores.results() == {}, "two that were cut and one that was empty are no score of 0"
    assert (scores.score, scores.interval, scores.bounds) == (None, None, None)
    assert scores.outcomes == {"truncated": 2, "no_answer": 1, "unjudged": 5}
    assert not summarize(verdicts(unjudged=5, lost=1)).unjudged().whole
    found = validity(Evidence(8, scores.outcomes))
    assert found["reasons"] == ["2 of 8 tasks cut off by the token limit"]
    assert validity(Evidence(5, {"unjudged": 5})) == {"status": "ok", "reasons": []}


def test_a_task_that_comes_twice_counts_once_and_is_named() -> None:
    scores = summarize([("a", None, Verdict(Outcome.WRONG)), ("a", None, Verdict(Outcome.CORRECT)),
                        ("b", None, Verdict(Outcome.CORRECT))])
    assert (scores.total_passed, scores.total_problems) == (1, 2)
    assert scores.duplicates == ("a",)
    assert scores.failed_tasks == ("a",)


def test_without_a_task_that_counts_there_is_no_score_and_no_zero() -> None:
    for scores in (summarize([]), summarize(verdicts(lost=2))):
        assert scores.score is None
        assert scores.interval is None
        assert "score" not in scores.results()


def test_failed_tasks_are_sorted_as_people_count() -> None:
    ids = ["HumanEval/10", "HumanEval/9", "HumanEval/100", "a01", "a1"]
    assert summarize([(task_id, None, Verdict(Outcome.CRASHED)) for task_id in ids]).failed_tasks == (
        "HumanEval/9", "HumanEval/10", "HumanEval/100", "a01", "a1")


def test_difficulties_are_counted_apart_and_come_in_their_order() -> None:
    scores = summarize([("1", "hard", Verdict(Outcome.WRONG)), ("2", "easy", Verdict(Outcome.CORRECT)),
                        ("3", "hard", Verdict(Outcome.CORRECT)), ("4", "medium", Verdict(Outcome.LOST)), ("5", None,
                        Verdict(Outcome.CORRECT))])
    assert list(scores.difficulty_scores.items()) == [("easy", {"passed": 1, "total": 1}),
                                                      ("hard", {"passed": 1, "total": 2})]


def test_fields_are_scored_as_a_mean_over_tasks_where_no_answer_is_a_zero() -> None:
    scores = summarize([("1", None, Verdict(Outcome.CORRECT, fields={"name": True, "age": True})),
                        ("2", None, Verdict(Outcome.WRONG, fields={"name": True, "age": False})),
                        ("3", None, Verdict(Outcome.NO_ANSWER)), ("4", None, Verdict(Outcome.LOST))])
    assert scores.field_scores == {"score": pytest.approx(50.0), "fields": {"age": {"passed": 1, "total": 2},
                                                                            "name": {"passed": 2, "total": 2}}}
    assert summarize(verdicts(correct=1)).field_scores is None


@given(st.lists(st.sampled_from(list(Outcome)), max_size=60), st.randoms(use_true_random=False))
def test_a_score_does_not_depend_on_the_order_of_arrival_and_its_counts_agree(
        outcomes: list[Outcome], shuffler: random.Random) -> None:
    items: list[tuple[str, str | None, Verdict]] = [(f"t{n}", None, Verdict(o)) for n, o in enumerate(outcomes)]
    scores = summarize(items)
    shuffler.shuffle(items)
    assert summarize(items) == scores
    assert len(scores.failed_tasks) == scores.total_problems - scores.total_passed
    assert scores.total_problems == sum(o not in NOT_COUNTED for o in outcomes)
    if scores.score is not None and scores.interval is not None:
        assert scores.interval[0] - 1e-9 <= scores.score <= scores.interval[1] + 1e-9


def evidence(asked: int = 100, **more: Any) -> Evidence:
    return Evidence(asked, more.pop("outcomes", {"correct": asked}), **more)


def test_a_plain_run_is_ok_whatever_its_score() -> None:
    for outcomes in ({"correct": 100}, {"wrong": 100}, {"wrong": 50, "crashed": 30, "timed_out": 20}):
        assert validity(evidence(outcomes=outcomes)) == {"status": "ok", "reasons": []}


@pytest.mark.parametrize(("more", "says"), [
    ({"outcomes": {}}, "no task was scored"),
    ({"outcomes": {"lost": 100}}, "no task was scored"),
    ({"outcomes": {"correct": 95, "truncated": 5}, "bounds": (95.0, 100.0)},
     "5 of 100 tasks cut off by the token limit; score between 95.0 and 100.0 %"),
    ({"outcomes": {"correct": 80, "no_answer": 20}}, "20 of 100 tasks without an answer the parser could take"),
    ({"outcomes": {"wrong": 100}, "empty": 5}, "5 of 100 tasks answered with nothing"),
    ({"outcomes": {"correct": 95, "blocked": 5}}, "5 of 100 tasks blocked by the provider"),
    ({"outcomes": {"correct": 99, "harness_fault": 1}}, "1 of 100 tasks not verified, by our own fault"),
    ({"outcomes": {"correct": 99, "lost": 1}}, "1 of 100 tasks lost, without a reply"),
    ({"outcomes": {"correct": 99}}, "1 of 100 tasks never answered"),
    ({"duplicates": 1}, "1 reply more than were asked for; the first of a task counts"),
    ({"duplicates": 1999}, "1,999 replies more than were asked for; the first of a task counts"),
    ({"requests": 100, "requests_failed": 5}, "5 of 100 requests failed"),
    ({"ctx_asked": 4096, "ctx_effective": 2048}, "the server gave a context of 2048 tokens instead of 4096"),
    ({"chat_template": False}, "the model has no chat template, so the server made one up"),
    ({"extra_reasons": ("the script ended early",)}, "the script ended early"),
])
def test_what_makes_a_score_suspect_is_said_in_one_line(more: dict[str, Any], says: str) -> None:
    found = validity(evidence(**more))
    assert found["status"] == "suspect"
    assert says in found["reasons"]


@pytest.mark.parametrize("more", [
    {"outcomes": {"correct": 96, "truncated": 4}},
    {"outcomes": {"correct": 81, "no_answer": 19}},
    {"empty": 4},
    {"requests": 100, "requests_failed": 4},
    {"ctx_asked": 2048, "ctx_effective": 4096},
    {"ctx_asked": 2048},
    {"chat_template": None},
])
def test_just_below_a_threshold_and_with_nothing_known_a_score_stands(more: dict[str, Any]) -> None:
    assert validity(evidence(**more))["status"] == "ok"


def test_every_threshold_has_its_reason() -> None:
    assert all(len(threshold.why) > 20 and 0 <= threshold.share < 1 for threshold in THRESHOLDS.values())


def test_a_reply_with_thinking_or_a_completion_is_not_empty() -> None:
    samples = [Sample("1", 0, " \n"), Sample("2", 0, "", reasoning="hm"), Sample("3", 0, "", completion="  x"),
               Sample("4", 0, "x"), Sample("1", 1, "")]
    assert empty_replies(samples) == 1
