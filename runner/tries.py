"""Requests that brought no reply: which are asked again, and what becomes of those that are not. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from core.outcomes import Outcome
from core.records import Verdict
from parsers.events import RequestFailed
from runner.draws import Place
from runner.faults import LOST_WITH

LOSSES = 3
"""A request that brought no reply is asked again until it failed this often."""

REFUSED = "refused"
"""A failure's kind: the server will have nothing of this request, however often it is asked."""

BUSY, DENIED, SPENT = "busy", "denied", "spent"
"""Of a provider: it is asked too much just now, which is nobody's fault; it will answer nothing any more; the request
was not sent, for there is no money for it.
"""

_MOST_BUSY = 200
"""So often a place may find its provider busy before that counts: one whose neighbours are served all the while."""

TOO_LONG = "the prompt does not fit the context"
"""The verdict's detail of a task whose prompt was refused for its length."""


class Tries:
    """How often each place failed."""

    def __init__(self) -> None:
        self._losses: Counter[Place] = Counter()
        self._in_flight_at_loss: Counter[Place] = Counter()
        self._busy: Counter[Place] = Counter()

    def failed(self, place: Place, failure: RequestFailed) -> Verdict | None:
        """Counts it, unless the provider was only busy. None: it is to be asked again; else what it is closed as.

        Where asking again cannot help that is at once: a prompt that does not fit the context is truncated, a request
        that the server refuses as it is ``lost``. Any other is ``lost`` after three tries.
        """
        if failure.kind == BUSY and self._busy[place] < _MOST_BUSY:
            self._busy[place] += 1
            return None
        self._losses[place] += 1
        self._in_flight_at_loss[place] += failure.kind in LOST_WITH.values()
        if failure.kind == "context":
            return Verdict(Outcome.TRUNCATED, TOO_LONG)
        if failure.kind == REFUSED:
            return Verdict(Outcome.LOST, f"the server refused the request: {failure.message}"[:300])
        if self._losses[place] >= LOSSES:
            return Verdict(Outcome.LOST, f"no reply in {LOSSES} tries: {failure.message}"[:300])
        return None

    def count(self, place: Place) -> int:
        """How often it failed."""
        return self._losses[place]

    def was_in_flight(self, place: Place) -> bool:
        """Whether it was, when a server or a script was lost: it may be why."""
        return self._in_flight_at_loss[place] > 0

    def places(self) -> Iterable[Place]:
        """All that failed once or more."""
        return tuple(self._losses)
