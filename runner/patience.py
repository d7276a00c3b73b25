"""How long a driven script is waited for: as long as anything is done for the answers that it owes, and no longer.

A script may think as long as it likes while the server computes: nobody else can say how long a reply takes. But one
that reads draws and prints nothing can wait for us while we wait for it: it took an answer for given, put another
task's name on it, or sleeps. Signs of life are an answer that was asked for and the work of a server of ours; for a
while also the script's own work. Without any, for longer than a request may be without a token (a script that gives
one up says so), it cannot come to an end. Where it has printed what nobody asked for, half a minute is enough. What a
server of somebody else's does is not seen: there hours must pass. A script that was told the end and owes nothing is
stopped after a minute; nothing is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from runner.draws import Place

LEAVING_S = 60.0
"""At most, to exit in, after it was told that no draw will follow."""
STRAYED_S = 30.0
"""Idle, after answers that nobody asked for: then it most likely waits for us."""
UNSEEN_S = 7_200.0
"""Without an answer, where nobody sees what the server does: longer than any one reply takes."""
MOST_STRAYS = 1_000
"""Answers in a row of which none was asked for."""
_WORKING = 0.02
"""Of a processor; a loop that only waits, or an idle server, uses less."""
_LOOKS = 8
"""In the time that is waited."""
_SOONEST_S, _LATEST_S = 1.0, 5.0
_ASLEEP_S = 10.0
"""Between two looks: we were not there (stopped with Ctrl-Z), and cannot say what the script did."""


class Stuck(Exception):  # the loop says whose it is, and how to go on
    """A script cannot come to an end; the message goes on from "the benchmark script"."""


@dataclass(frozen=True, slots=True)
class Waited:
    """The script as it is waited for."""

    driven: bool
    owed: int
    first: Place | None
    """Of what it owes."""
    ended: bool
    """It was told that no draw will follow."""
    heard: int
    """Answers and failures that came of what was asked for, and draws that were sent."""
    strays: int
    """Answers since then that nobody asked for."""


class Patience:
    """Of one start of a script. ``look`` as often as one likes; it costs nothing between its looks at processors."""

    def __init__(
        self, request_timeout_s: float, script_s: Callable[[], float], server_s: Callable[[], float] | None, now: float
    ) -> None:
        """``script_s``, ``server_s``: processor seconds used so far; None: the server's are not to be seen."""
        self._leaving = min(LEAVING_S, request_timeout_s)
        self._limit = 1.5 * request_timeout_s + 5  # a request to a server that hangs is given up before
        self._script_s, self._server_s = script_s, server_s
        self._heard = 0
        self._quiet = self._alone = self._looked = self._called = now
        self._ended: float | None = None
        self._left = False
        self._used: tuple[float, float] | None = None

    def look(self, script: Waited, now: float) -> bool:
        """Whether it is to be stopped, as it has done its work and does not go; said once. Stuck: it cannot end."""
        if not script.driven:
            return False
        self._pass_over(now)
        if script.strays >= MOST_STRAYS:
            raise Stuck(f"printed {script.strays:,} answers in a row of which none was asked for")
        if script.ended:
            self._ended = now if self._ended is None else self._ended
            lingers = not self._left and now - self._ended > self._leaving
            self._left = self._left or lingers
            return lingers
        if script.heard != self._heard or not script.owed:
            self._heard, self._quiet, self._alone, self._used = script.heard, now, now, None
        else:
            self._look_at_work(script, now)
        self._refuse(script, now)
        return False

    def _pass_over(self, now: float) -> None:
        """Time in which nobody looked does not count."""
        asleep, self._called = now - self._called, now
        if asleep > _ASLEEP_S:
            self._quiet, self._alone, self._used = self._quiet + asleep, self._alone + asleep, None
            self._ended = None if self._ended is None else self._ended + asleep

    def _look_at_work(self, script: Waited, now: float) -> None:
        if now - self._looked < min(_LATEST_S, max(_SOONEST_S, self._allowed(script) / _LOOKS)):
            return
        used = self._script_s(), self._server_s() if self._server_s is not None else 0.0
        if self._used is not None:
            did = [(after - before) / (now - self._looked) for after, before in zip(used, self._used, strict=True)]
            if max(did) >= _WORKING:
                self._alone = now
            if did[1] >= _WORKING:
                self._quiet = now
        self._used, self._looked = used, now

    def _allowed(self, script: Waited) -> float:
        return min(self._limit, STRAYED_S) if script.strays and self._server_s is not None else self._limit

    def _refuse(self, script: Waited, now: float) -> None:
        unseen = max(UNSEEN_S, 4 * self._limit)
        allowed = self._allowed(script)
        if self._server_s is not None and now - self._alone > allowed:
            why = f"printed nothing that was asked for in {allowed:g} s, while neither it nor the server did anything"
        elif now - self._quiet > unseen:
            why = f"printed nothing that was asked for in {unseen / 3600:.1f} hours"
        else:
            return
        place = f"{script.first[0]} sample {script.first[1]}" if script.first else "none"
        raise Stuck(f"owes {script.owed} of the answers that it was asked for (first: {place}) and {why}")
