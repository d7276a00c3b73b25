"""What can become of one sample."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The outcome of a sample; the value is what records and files carry."""

    CORRECT = "correct"
    WRONG = "wrong"
    NO_ANSWER = "no_answer"  # the reply holds no answer the parser can take
    TRUNCATED = "truncated"  # cut by the token limit, or thinking that never ended
    BLOCKED = "blocked"  # a provider's safety stop
    CRASHED = "crashed"  # the program raised or died
    TIMED_OUT = "timed_out"
    REFUSED_BY_SANDBOX = "refused_by_sandbox"
    LOST = "lost"  # no reply after the server was lost repeatedly
    HARNESS_FAULT = "harness_fault"  # our own fault: a task without tests, a verifier that died
    UNJUDGED = "unjudged"  # a text that waits for a judge: neither right nor wrong


UNSETTLED = frozenset({Outcome.LOST, Outcome.HARNESS_FAULT})
"""Outcomes that say nothing of the model: a run with any of them is incomplete."""
NOT_COUNTED = UNSETTLED | {Outcome.UNJUDGED}
"""Outcomes kept out of the denominator. A run whose texts wait for a judge is whole, and has no score."""
