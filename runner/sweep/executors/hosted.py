"""Units of models that are loaded nowhere in the cluster, beside the cluster's: on the sweep's own machine.

A provider's limit on requests a minute is one limit, however many machines there are, and its key is here. So of one
provider one unit is under way at a time, as on one machine; its command is a child with a ledger of its own like any
other's, and its news are heard by the same steps.
"""

from __future__ import annotations

import queue
import threading
from collections import defaultdict, deque
from collections.abc import Sequence

from core.errors import BenchError
from runner.request import Outputs
from runner.sweep.executors.attempt import Attempt
from runner.sweep.executors.base import Queue
from runner.sweep.executors.orders import provider_of
from runner.sweep.executors.work_order import News, WorkOrder, carried_out
from runner.sweep.units import Unit


def limited(unit: Unit) -> bool:
    """Whether a sum of money holds for it and others. One process alone can count that, so units like this are done by
    the sweep's own, one after the other, once the cluster's are (``executors.local``).
    """
    return not unit.needs.local_model and any(flag.partition("=")[0] == "--max-cost" for flag in unit.argv)


class Hosted:
    """Carries out its units by and by, as often as ``step`` is called, which never waits."""

    def __init__(self, units: Sequence[Unit], out: Outputs, told: Queue) -> None:
        self._out, self._queue = out, told
        self._waiting: dict[str, deque[Unit]] = defaultdict(deque)
        for unit in units:
            self._waiting[provider_of(unit)].append(unit)
        self._busy: dict[str, _Working] = {}

    @property
    def done(self) -> bool:
        return not self._busy and not any(self._waiting.values())

    def step(self) -> None:
        """Begins what can begin, hears what has come."""
        for provider, units in self._waiting.items():
            if provider in self._busy:
                self._hear(provider)
            while provider not in self._busy and units and not self._queue.stop_requested():
                unit = units.popleft()
                if cells := self._queue.begin(unit):
                    self._busy[provider] = _Working(Attempt(unit, cells, self._out, self._queue))

    def stop(self) -> None:
        """Ends what is under way; what it had written comes home."""
        for units in self._waiting.values():
            units.clear()
        for working in self._busy.values():
            working.stop()
        for provider in list(self._busy):
            self._busy[provider].join()
            self._hear(provider)

    def _hear(self, provider: str) -> None:
        working = self._busy[provider]
        if working.hear():
            working.attempt.give_back()
            del self._busy[provider]


class _Working:
    """One unit's child and the thread that watches it; what it says is heard by the sweep's own thread."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self._news: queue.SimpleQueue[News | BenchError | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        order = WorkOrder(attempt.unit.command(attempt.left), attempt.left, attempt.unfinished())
        self._thread = threading.Thread(target=self._watch, args=(order,), name=f"unit-{attempt.unit.unit_id}")
        self._thread.start()

    def _watch(self, order: WorkOrder) -> None:
        try:
            for news in carried_out(order, "this machine", self._stop.is_set):
                self._news.put(news)
        except BenchError as error:
            self._news.put(error)
        finally:
            self._news.put(None)

    def hear(self) -> bool:
        """Whether that was all of it."""
        while not self._news.empty():
            news = self._news.get()
            if news is None:
                self._thread.join()
                return True
            if isinstance(news, BenchError):
                self.attempt.fail(self.attempt.left, news)
            else:
                self.attempt.hear(news)
        return False

    def stop(self) -> None:
        self._stop.set()

    def join(self) -> None:
        self._thread.join()
