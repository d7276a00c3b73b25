"""Who asks what next: the draws that wait, handed out so that every slot is busy and no prompt is processed twice.

The samples of one task share a prompt, and a server's slot remembers the last prompt it had. So a thread that has
begun a task goes on with it, and another begins the next; only when every task that is left has its thread does an
idle one help with the task that has most to do, for a prompt processed again costs less than a slot that idles.
A draw that is to wait a while (``later``) holds no thread; a server that wants to be left alone (``hold``) gets no
draw at all before its time.
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Draw:
    """One sample to be asked for."""

    task_id: str
    index: int
    seed: int


class Work:
    """Filled by one thread, emptied by many."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: dict[str, deque[Draw]] = {}
        """By task, in the order in which tasks were first asked for."""
        self._busy_with: dict[int, str] = {}
        self._later: list[tuple[float, int, Draw]] = []
        self._numbers = itertools.count()
        self._held_until = 0.0
        self._ended = False

    def put(self, draws: Iterable[Draw]) -> None:
        """To be asked as soon as a thread is free."""
        with self._changed:
            for draw in draws:
                self._waiting.setdefault(draw.task_id, deque()).append(draw)
            self._changed.notify_all()

    def later(self, draw: Draw, wait_s: float) -> None:
        """To be asked, but not before ``wait_s`` have passed."""
        with self._changed:
            heapq.heappush(self._later, (self._clock() + wait_s, next(self._numbers), draw))
            self._changed.notify_all()

    def hold(self, wait_s: float) -> None:
        """Nothing is handed out for so long."""
        with self._changed:
            self._held_until = max(self._held_until, self._clock() + wait_s)

    def end(self) -> None:
        """No draw will follow."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def take(self, thread: int) -> Draw | None:
        """The next draw for this thread, waited for; None when there will be none."""
        with self._changed:
            while True:
                now = self._clock()
                self._due(now)
                if now >= self._held_until and (draw := self._next(thread)) is not None:
                    return draw
                if self._ended and not self._waiting and not self._later:
                    self._changed.notify_all()
                    return None
                self._changed.wait(self._until_something(now))

    def _due(self, now: float) -> None:
        while self._later and self._later[0][0] <= now:
            draw = heapq.heappop(self._later)[2]
            self._waiting.setdefault(draw.task_id, deque()).append(draw)

    def _until_something(self, now: float) -> float | None:
        """Seconds until a draw may be handed out with nobody's doing; None where it takes somebody."""
        times = [self._later[0][0]] if self._later else []
        if self._waiting:
            times.append(self._held_until)
        return max(0.0, min(times) - now) if times else None

    def _next(self, thread: int) -> Draw | None:
        task_id = self._task_for(thread)
        if task_id is None:
            return None
        self._busy_with[thread] = task_id
        draws = self._waiting[task_id]
        draw = draws.popleft()
        if not draws:
            del self._waiting[task_id]
        return draw

    def _task_for(self, thread: int) -> str | None:
        own = self._busy_with.get(thread)
        if own in self._waiting:
            return own
        others = set(self._busy_with.values())
        fresh = next((task_id for task_id in self._waiting if task_id not in others), None)
        if fresh is not None:
            return fresh
        return max(self._waiting, key=lambda task_id: len(self._waiting[task_id]), default=None)
