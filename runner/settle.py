"""What a sample's outcome is, from how its reply ended, the answer in it and the evaluator's verdict. Pure."""

from __future__ import annotations

from dataclasses import replace

from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict

LOOPING = "looping"
"""How a reply ended that our scripts cut short because its tail repeats itself."""

_CUT = frozenset({"length", "max_tokens", LOOPING})
_BLOCKED = frozenset({"content_filter", "safety"})


def before_verification(sample: Sample, answer: Answer) -> Verdict | None:
    """The outcome that is certain without verifying; None when there is an answer to verify."""
    if (sample.finish_reason or "").lower() in _BLOCKED:
        return Verdict(Outcome.BLOCKED, "the provider's safety stop")
    if answer.value is not None:
        return None
    if _was_cut(sample):
        return Verdict(Outcome.TRUNCATED, answer.reason or f"{_why_cut(sample)} before an answer")
    if not answer.thinking_closed:
        return Verdict(Outcome.TRUNCATED, "the thinking never ended")
    return Verdict(Outcome.NO_ANSWER, answer.reason or "no answer in the reply")


def after_verification(sample: Sample, verdict: Verdict) -> Verdict:
    """A reply that was cut *and* failed is truncated; one that was cut after a right answer stands.

    Grading the text that is there, as the published evaluators do, and blaming the limit only where it decided. Half a
    text is none to be judged: a judge would score the limit.
    """
    failed = verdict.outcome in {Outcome.WRONG, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.UNJUDGED}
    if failed and _was_cut(sample):
        why = f" ({verdict.outcome.value}: {verdict.detail})" if verdict.detail else ""
        detail = f"{_why_cut(sample)}{why}"
        return replace(verdict, outcome=Outcome.TRUNCATED, detail=detail)
    return verdict


def _why_cut(sample: Sample) -> str:
    return "cut short in a loop" if sample.finish_reason == LOOPING else "cut by the token limit"


def _was_cut(sample: Sample) -> bool:
    return (sample.finish_reason or "").lower() in _CUT
