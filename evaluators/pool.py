"""The pool of verifiers: futures in, verdicts out, at a level of isolation found out once and kept.

One thread a worker takes tasks in the order they came. A time-out is verified again with nothing else running here
before it counts, so a verdict does not depend on load. A worker that dies or hangs is replaced, and its task is
a ``harness_fault`` only when that happens to it twice.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from core.errors import BenchError, Interrupted, UsageError
from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators import levels, registry
from evaluators.box import MAX_PROGRAM, Evaluator
from evaluators.gate import Gate, gate
from evaluators.sandbox.job import Job, Report
from evaluators.sandbox.upstream import PRELOADED
from evaluators.sandbox.worker import Worker, WorkerLost, WorkerRefused
from system.clock import monotonic_s
from system.processors import usable
from system.sandbox import scratch
from system.sandbox.limits import MIB, Limits

PATIENCE_ALONE = 10.0
"""How many times its wall-clock limit a program that keeps being denied the processor may take when verified alone."""
GRADINGS = ("native", "upstream")
_ATTEMPTS = 2
_QUEUE_LIMIT = 10_000
LoadReference = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Programs:
    """How programs are run."""

    needed: bool = True
    """False: only pure evaluators will be used; nothing is started and the level is ``none``."""
    python: str | None = None
    """The interpreter that runs them; None: the one that runs this."""
    preload: Sequence[str] = ()
    """Modules that each worker has imported before a program comes."""
    turns: Path | None = None
    """A folder by which the pools of several processes know of one another: alone is then alone on the machine."""


@dataclass(frozen=True, slots=True)
class _Ticket:
    future: Future[Verdict]
    evaluator: Evaluator
    task_id: str
    load_reference: LoadReference
    answer: Answer


_ANY_PROGRAMS = Programs()


class VerifierPool:
    """``workers`` verifiers at ``isolation`` (auto, full, confined or weak). Use as a context manager, or ``close``.

    Raises SandboxError when the isolation asked for does not hold here, UsageError for a setting that is none.
    """

    def __init__(self, workers: int = 1, isolation: str = "auto", verify_timeout_s: float | None = None,
                 grading: str = "native", *, programs: Programs = _ANY_PROGRAMS) -> None:
        if workers < 1:
            raise UsageError(f"--workers is {workers}; at least 1 is needed")
        if grading not in GRADINGS:
            raise UsageError(f"--grading {grading!r} is unknown; there are {' and '.join(GRADINGS)}")
        if verify_timeout_s is not None and not 0.1 <= verify_timeout_s <= 3600:
            raise UsageError(f"--verify-timeout is {verify_timeout_s:g} s; it must lie between 0.1 and 3600")
        if not programs.needed and (programs.python is not None or programs.preload):
            flag = "python" if programs.python else "preload"
            raise UsageError(f"--{flag}: nothing here runs programs; leave the flag out")
        self.grading = grading
        preload = (*programs.preload, *PRELOADED) if grading == "upstream" else tuple(programs.preload)
        self._reached = (levels.reach(isolation, programs.python, preload) if programs.needed
                         else levels.nothing_runs())
        self._timeout_s = verify_timeout_s
        self._gate = gate(programs.turns)
        self._queue: deque[_Ticket] = deque()
        self._room = threading.Condition()
        self._running = 0
        self._closed = False
        spare = self._reached.take_worker()
        self._slots = [_Slot(self._reached, self._gate, grading, verify_timeout_s, spare if number == 0 else None)
                       for number in range(workers)]
        self._threads = [threading.Thread(target=self._serve, args=(slot,), name=f"verifier-{number}", daemon=True)
                         for number, slot in enumerate(self._slots)]
        for thread in self._threads:
            thread.start()

    @property
    def isolation(self) -> str:
        """The level reached: ``full``, ``confined`` or ``none``."""
        return self._reached.level

    @property
    def isolation_detail(self) -> Mapping[str, Any]:
        """The layers behind the level, as they were built, and why a better level does not hold."""
        return self._reached.detail

    @property
    def time_factor(self) -> float:
        """By what published limits are multiplied here, unless ``verify_timeout_s`` was given."""
        return self._reached.time_factor

    @property
    def queue_depth(self) -> int:
        """Tasks submitted and not yet verified, those being verified included."""
        with self._room:
            return len(self._queue) + self._running

    def submit(self, evaluator: str, task_id: str, load_reference: LoadReference, answer: Answer) -> Future[Verdict]:
        """Queues one answer; blocks while the queue is full. The reference is loaded when its turn comes.

        The future's exception is a BenchError that ``load_reference`` raised, or Interrupted after ``cancel``; all else
        is a verdict. Raises UsageError for an unknown evaluator.
        """
        ticket = _Ticket(Future(), registry.get(evaluator), task_id, load_reference, answer)
        with self._room:
            self._room.wait_for(lambda: self._closed or len(self._queue) < _QUEUE_LIMIT)
            if self._closed:
                raise Interrupted("the verifiers have been closed; nothing can be submitted any more")
            self._queue.append(ticket)
            self._room.notify_all()
        return ticket.future

    def stay_on(self, processors: Collection[int]) -> None:
        """From now on programs run on these processors only: a model server has the others. Empty: on any."""
        for slot in self._slots:
            slot.stay_on(processors or usable())

    def cancel(self) -> None:
        """Drops what waits and ends what runs; their futures raise. The pool takes nothing more."""
        with self._room:
            self._closed = True
            waiting, self._queue = list(self._queue), deque()
            self._room.notify_all()
        for ticket in waiting:
            if not ticket.future.cancel():
                ticket.future.set_exception(_stopped())
        for slot in self._slots:
            slot.cancel()

    def close(self) -> None:
        """Ends the pool and every process of it. What has not been verified is cancelled. Idempotent."""
        self.cancel()
        for thread in self._threads:
            thread.join()
        for slot in self._slots:
            slot.close()
        scratch.sweep()  # of workers that were killed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self, slot: _Slot) -> None:
        while True:
            with self._room:
                self._room.wait_for(lambda: self._queue or self._closed)
                if not self._queue:
                    return
                ticket = self._queue.popleft()
                self._running += 1
                self._room.notify_all()
            try:
                if ticket.future.set_running_or_notify_cancel():
                    _settle(ticket, slot)
            finally:
                with self._room:
                    self._running -= 1
                    self._room.notify_all()


def _stopped() -> Interrupted:
    return Interrupted("verification was stopped before this answer was verified")


def _settle(ticket: _Ticket, slot: _Slot) -> None:
    """Gives the future its verdict, or its exception."""
    began = monotonic_s()
    try:
        if ticket.answer.value is None:
            verdict = Verdict(Outcome.NO_ANSWER, ticket.answer.reason or "the reply holds no answer")
        else:
            reference = ticket.load_reference()
            verdict = ticket.evaluator.evaluate(ticket.task_id, reference, ticket.answer, slot)
    except BenchError as error:
        ticket.future.set_exception(error)
        return
    except Exception as error:  # noqa: BLE001 - one task's surprise must not end the thread that verifies the others
        verdict = Verdict(Outcome.HARNESS_FAULT, f"the verifier failed: {type(error).__name__}: {error}"[:300])
    ticket.future.set_result(replace(verdict, wall_s=monotonic_s() - began))


class _Slot:
    """One thread's worker: an evaluator's Box."""

    def __init__(self, reached: levels.Reached, gate: Gate, grading: str, timeout_s: float | None,
                 worker: Worker | None) -> None:
        self.grading, self.python = grading, reached.python
        self._reached, self._gate, self._timeout_s, self._worker = reached, gate, timeout_s, worker
        self._cancelled = False
        self._processors: Collection[int] = ()

    def limits(self, published_s: float, **other: int) -> Limits:
        seconds = self._timeout_s or published_s * self._reached.time_factor
        return Limits(cpu_s=seconds, wall_s=seconds + 1.0, **other)

    def run(self, job: Job) -> Verdict:
        return self.report(job)[0]

    def report(self, job: Job) -> tuple[Verdict, Mapping[str, Any]]:
        if len(job.program) > MAX_PROGRAM:
            reason = f"the program is longer than {MAX_PROGRAM} characters"
            return Verdict(Outcome.REFUSED_BY_SANDBOX, reason, isolation=self._reached.level), {}
        with self._gate.shared():
            verdict, said = self._attempts(job, 1.0)
        if verdict.outcome is Outcome.TIMED_OUT:
            with self._gate.alone():
                verdict, said = self._attempts(job, PATIENCE_ALONE)
        return replace(verdict, isolation=self._reached.level), said

    def stay_on(self, processors: Collection[int]) -> None:
        self._processors, worker = processors, self._worker
        if worker is not None:
            worker.stay_on(processors)

    def cancel(self) -> None:
        self._cancelled = True
        worker = self._worker
        if worker is not None:
            worker.cancel()

    def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def _attempts(self, job: Job, patience: float) -> tuple[Verdict, Mapping[str, Any]]:
        verdict = Verdict(Outcome.HARNESS_FAULT, "no attempt was made")
        said: Mapping[str, Any] = {}
        for _ in range(_ATTEMPTS):
            if self._cancelled:
                raise _stopped()
            try:
                if self._worker is None:
                    self._worker = self._reached.start_worker()
                    self._worker.stay_on(self._processors)
                report = self._worker.run(job, patience)
                verdict, said = _verdict(report, job), report.verdict or {}
            except (WorkerLost, WorkerRefused) as error:
                with contextlib.suppress(OSError):
                    self.close()
                verdict = Verdict(Outcome.HARNESS_FAULT, f"the sandbox's worker failed: {error}")
            if verdict.outcome is not Outcome.HARNESS_FAULT:
                return verdict, said
        if self._cancelled:
            raise _stopped()
        return verdict, said


def _verdict(report: Report, job: Job) -> Verdict:
    """A worker's report in the words of the records."""
    if report.killed == "wall":
        return Verdict(Outcome.TIMED_OUT, f"stopped after {report.wall_s:.1f} s")
    if report.killed == "memory":
        return Verdict(Outcome.REFUSED_BY_SANDBOX, f"its processes held more than {job.limits.tree_bytes // MIB} MiB")
    if report.verdict is None or report.killed:
        return Verdict(Outcome.HARNESS_FAULT, f"the judge ended without a verdict ({report.killed or report.status})")
    return Verdict(Outcome(report.verdict["o"]), str(report.verdict["d"]), fields=report.verdict.get("fields"))
