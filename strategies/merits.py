"""Reading a candidate's merits. They come from programs and servers: what is not a number is unknown."""

from __future__ import annotations

import math

from strategies.base import Candidate

LOGPROB = "logprob"


def known(candidate: Candidate, merit: str) -> float | None:
    """The merit, or None where it is unknown or not a number."""
    value = candidate.merits.get(merit)
    return None if value is None or math.isnan(value) else float(value)


def or_worst(candidate: Candidate, merit: str) -> float:
    """The merit, or what is below every number where it is unknown."""
    value = known(candidate, merit)
    return -math.inf if value is None else value
