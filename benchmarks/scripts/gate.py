"""The one gate through which all threads of a session ask a provider (``limits``).

A thread whose request may not go yet waits here. How long after a refusal is what the provider says; where it says
nothing, urllib3's ``Retry`` says it: one second, doubled each time, at most thirty, and a random part of one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from benchmarks.scripts.limits import NEVER, Limits, Need, Passage, Rates

MOST_S = 600.0
"""A provider that wants to be left alone for longer is not waited for."""
_LOOK_S = 1.0


class Gate:
    """Of one session."""

    def __init__(self, rates: Rates, slots: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = Limits(rates, slots)
        self._limits.hold(clock() + rates.hold_s)
        self._clock = clock
        self._changed = threading.Condition()

    def enter(self, need: Need) -> Passage | None:
        """Waits until the request may go; None: there is no money left for it."""
        with self._changed:
            while True:
                now = self._clock()
                if self._limits.spent(need):
                    return None
                ready_at = self._limits.ready_at(now, need)
                if ready_at <= now:
                    return self._limits.send(now, need)
                self._changed.wait(_LOOK_S if ready_at == NEVER else min(_LOOK_S, ready_at - now))

    def leave(self, passage: Passage, tokens: float, usd: float, told: Mapping[str, tuple[float, float]]) -> None:
        """The request came to its end; ``told``: what the provider said is left."""
        with self._changed:
            self._limits.end(passage, tokens, usd)
            self._limits.tell(self._clock(), told)
            self._changed.notify_all()

    def served(self) -> None:
        """It brought a reply."""
        with self._changed:
            self._limits.replied()
            self._changed.notify_all()

    def refused(self, passage: Passage, wait_s: float | None, *, limit: bool = False) -> None:
        """It was one too many. ``wait_s``: how long the provider wants to be left alone, where it says so. ``limit``:
        for a limit was reached, and not for what else the provider has to do.
        """
        with self._changed:
            now = self._clock()
            first = self._limits.refuse(now, passage)
            if wait_s is None and first:
                wait_s = _backoff_s(self._limits.refusals)
            if wait_s is not None:
                self._limits.hold(now + wait_s)
                if first and limit:
                    self._limits.learn(now + wait_s)
            self._changed.notify_all()


def _backoff_s(refusals: int) -> float:
    from urllib3.util.retry import RequestHistory, Retry  # noqa: PLC0415  (dear, and most sessions need none)

    history = (RequestHistory(None, None, None, None, None),) * (refusals + 1)  # it does not wait after the first
    retry = Retry(total=None, backoff_factor=0.5, backoff_jitter=1.0, backoff_max=30.0, history=history)
    return retry.get_backoff_time()
