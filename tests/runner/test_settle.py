"""From how a reply ended to a sample's outcome."""

from __future__ import annotations

import pytest

from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict
from runner.settle import after_verification, before_verification


def reply(finish: str | None) -> Sample:
    return Sample("t", 0, "text", finish_reason=finish)


def test_a_safety_stop_is_blocked_whatever_the_text_says() -> None:
    verdict = before_verification(reply("content_filter"), Answer("42"))
    assert verdict is not None
    assert verdict.outcome is Outcome.BLOCKED


@pytest.mark.parametrize(
    ("finish", "closed", "outcome"),
    [("length", True, Outcome.TRUNCATED), ("stop", False, Outcome.TRUNCATED), ("stop", True, Outcome.NO_ANSWER)],
)
def test_without_an_answer_the_way_it_ended_decides(finish: str, closed: bool, outcome: Outcome) -> None:
    verdict = before_verification(reply(finish), Answer(None, "none", thinking_closed=closed))
    assert verdict is not None
    assert verdict.outcome is outcome


def test_a_loop_that_was_cut_short_is_truncated_and_says_why() -> None:
    verdict = before_verification(reply("looping"), Answer(None))
    assert verdict is not None
    assert (verdict.outcome, verdict.detail) == (Outcome.TRUNCATED, "cut short in a loop before an answer")
    failed = after_verification(reply("looping"), Verdict(Outcome.WRONG, "why"))
    assert (failed.outcome, failed.detail) == (Outcome.TRUNCATED, "cut short in a loop (wrong: why)")
    assert after_verification(reply("looping"), Verdict(Outcome.CORRECT)).outcome is Outcome.CORRECT


def test_an_answer_is_verified_even_when_the_reply_was_cut() -> None:
    assert before_verification(reply("length"), Answer("42")) is None


def test_half_a_text_is_none_to_be_judged() -> None:
    cut = after_verification(reply("length"), Verdict(Outcome.UNJUDGED))
    assert (cut.outcome, cut.detail) == (Outcome.TRUNCATED, "cut by the token limit")


@pytest.mark.parametrize("outcome", [Outcome.WRONG, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.UNJUDGED])
def test_a_cut_reply_that_fails_is_truncated(outcome: Outcome) -> None:
    assert after_verification(reply("length"), Verdict(outcome, "why")).outcome is Outcome.TRUNCATED
    assert after_verification(reply("stop"), Verdict(outcome, "why")).outcome is outcome


@pytest.mark.parametrize("outcome", [Outcome.CORRECT, Outcome.HARNESS_FAULT, Outcome.REFUSED_BY_SANDBOX])
def test_a_cut_reply_keeps_a_verdict_that_the_cut_did_not_decide(outcome: Outcome) -> None:
    assert after_verification(reply("length"), Verdict(outcome)).outcome is outcome
