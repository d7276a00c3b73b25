"""``--mlflow``: every record goes to a tracking server as well, beside the run and never in its way.

Theory of operation. The run's own thread puts a record into a queue and goes on. A second thread describes it, reads
its folder and hands it to the sending process (``tracking.mlflow.child``), which was started when the run was, so that
MLflow is imported while the model loads. A server that does not answer is left alone for a minute; what is not sent is
sent by ``track sync``, since the ledger has it all. At the end the run waits for what is under way as long as it gets
on: a quarter of a minute in which no record was sent ends that, and so does being told to stop.
"""

from __future__ import annotations

import argparse
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from shlex import join
from typing import Any

from core.errors import BenchError
from core.lookup import text_at
from ledger import store
from reports.live import LiveState
from runner.observer import Observer
from runner.request import Outputs
from runner.tracked_records import Entry, entries_of
from system.clock import monotonic_s
from tracking.mlflow.address import Address, address_of
from tracking.mlflow.child import Answer, Child, Patience

PATIENCE = Patience(timeout_s=5, retries=0)
GRACE_S = 15.0
"""At the end, for one record: a request that hangs, and the import of MLflow where a run was shorter than that."""
_PAUSE_S = 60.0
_LOOK_S = 0.1


class Tracker:
    """Sends records as they come. Nothing that goes wrong here is raised; ``remarks`` are what is to be said of it."""

    def __init__(self, address: Address, outputs: Outputs) -> None:
        self._address, self._outputs = address, outputs
        self._records: queue.Queue[Mapping[str, Any] | None] = queue.Queue()
        self._remarks: queue.Queue[str] = queue.Queue()
        self._child: Child | None = None
        self._ended = threading.Event()
        self._not_before = 0.0
        self._asked = self._handled = self._sent = 0
        self._problem: str | None = None
        self._thread = threading.Thread(target=self._work, daemon=True, name="mlflow")
        self._thread.start()

    def recorded(self, record: Mapping[str, Any]) -> None:
        """A record is in the ledger. Returns at once."""
        self._asked += 1
        self._records.put(record)

    def remarks(self) -> Iterator[str]:
        """What is to be said since the last time."""
        while True:
            try:
                yield self._remarks.get_nowait()
            except queue.Empty:
                return

    def close(self, hurry: Callable[[], bool] = lambda: False) -> str | None:
        """Waits for what is under way, until ``hurry`` says so. What it came to; None where nothing was to be sent."""
        self._records.put(None)
        deadline, handled = monotonic_s() + GRACE_S, self._handled
        while self._thread.is_alive() and monotonic_s() < deadline and not hurry():
            self._thread.join(_LOOK_S)
            if self._handled != handled:
                deadline, handled = monotonic_s() + GRACE_S, self._handled
        self._ended.set()
        if self._child is not None:
            self._child.stop()
        self._thread.join(_LOOK_S)
        return self._sentence() if self._asked else None

    # -- the second thread ---------------------------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            self._child = Child(self._address, PATIENCE)
            if self._ended.is_set():
                self._child.stop()
            self._note(self._child.hello())
            while (record := self._records.get()) is not None:
                self._send(self._child, record)
                self._handled += 1
        except Exception as error:  # noqa: BLE001  # a run does not end for what is only told of it
            self._problem = f"{type(error).__name__}: {error}"

    def _send(self, child: Child, record: Mapping[str, Any]) -> None:
        if monotonic_s() < self._not_before:
            return
        try:
            answer = child.send(self._entry(record).described(self._outputs.runs_root))
        except (BenchError, OSError) as error:
            answer = Answer(problem=str(error), kind="failed")
        self._note(answer)
        self._sent += answer.problem is None

    def _entry(self, record: Mapping[str, Any]) -> Entry:
        """A judgement is sent as a part of its run, so the ledger is looked through for it."""
        judged = text_at(record, "judgement_of")
        if judged is None:
            return Entry(record)
        ledger, ids = self._outputs.results, {judged}
        about = (*store.where(ledger, "run_id", ids), *store.where(ledger, "judgement_of", ids))
        found = entries_of(about).runs.get(judged)
        if found is None:
            raise BenchError(f"run {judged}, which was judged, is not in {self._outputs.results}")
        return found

    def _note(self, answer: Answer) -> None:
        if answer.problem is None:
            return
        if self._problem is None and not self._ended.is_set():
            self._remarks.put(f"{answer.problem}; the run goes on, and its record is in the ledger")
        self._problem = self._problem or answer.problem
        if answer.is_final:
            self._not_before = monotonic_s() + (_PAUSE_S if answer.kind == "lost" else float("inf"))

    def _sentence(self) -> str:
        runs = "1 run" if self._asked == 1 else f"{self._asked:,} runs"
        if self._sent == self._asked:
            return f"MLflow: {runs} sent to {self._address.uri}"
        why = self._problem or "there was no time for more"
        where = [(flag, str(given)) for flag, given, usual in (
            ("--results", self._outputs.results, Outputs().results),
            ("--runs-root", self._outputs.runs_root, Outputs().runs_root)) if given != usual]
        command = ["./bench_runner.py", "track", "sync", "--mlflow", self._address.uri, *sum(where, ())]
        return f"MLflow: {self._sent:,} of {runs} sent ({why}). Nothing is lost; this sends the rest: {join(command)}"


class _Tracked:
    """An observer that also tells a tracker of each record."""

    def __init__(self, observer: Observer, tracker: Tracker, say: Callable[[str], None]) -> None:
        self._observer, self._tracker, self._say = observer, tracker, say

    def note(self, text: str) -> None:
        self._observer.note(text)

    def status(self, text: str) -> None:
        self._observer.status(text)

    def transfer(self, name: str, done_bytes: int, total_bytes: int | None) -> None:
        self._observer.transfer(name, done_bytes, total_bytes)

    def live(self, state: LiveState) -> None:
        self._observer.live(state)

    def finished(self, record: Mapping[str, Any]) -> None:
        self._observer.finished(record)
        self._tracker.recorded(record)
        for remark in self._tracker.remarks():
            self._say(remark)


def address_asked(flags: argparse.Namespace) -> Address | None:
    """Where ``--mlflow`` sends to; None without it. Raises UsageError."""
    return None if flags.mlflow is None else address_of(flags.mlflow, os.environ)


@contextmanager
def tracked(
    address: Address | None, outputs: Outputs, observer: Observer, hurry: Callable[[], bool],
    say: Callable[[str], None] | None = None,
) -> Iterator[Observer]:
    """The observer to run with; the same one where nothing is tracked.

    ``say`` takes what is to be said of the server, None: as a note.
    """
    if address is None:
        yield observer
        return
    tracker, say = Tracker(address, outputs), say or observer.note
    whole = False
    try:
        yield _Tracked(observer, tracker, say)
        whole = True
    finally:
        ended = tracker.close(hurry if whole else lambda: True)
        for line in (*tracker.remarks(), *([ended] if ended else [])):
            say(line)
