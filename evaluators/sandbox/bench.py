"""The judge's process: one a worker, forked from it, that judges one run after the other.

It alone reads tests, and no candidate is ever forked from it. What reaches it of a candidate are plain values, and
what a task's own tests do there is trusted; so it may serve many runs, which saves each of them a fork and the pages
that a fork copies. It is given up, and a new one forked, when a run was stopped, when memory has grown, and when the
tests left something behind that the next ones could notice: a module, a builtin, another function in one of the usual
modules, a thread, a signal's handler, an alarm, another limit or context. And when it failed itself, whatever of.

With the worker it talks on a socket: a run is a line with four descriptors, the answer one byte when its verdict has
been written. In between it may ask how the candidate ended, which the worker, whose child that is, can tell.
"""

# ruff: noqa: PTH109
# a plain call: the worker keeps its imports few

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # below signal, without enums: twenty times as quick
import _thread
import _warnings
import gc
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

from evaluators.sandbox import candidate, descriptors, judges, protocol, table
from evaluators.sandbox.spawn import Candidate, Run
from evaluators.sandbox.standby import MAX_LINE, Box
from system.sandbox import calls, limits, namespaces, processes
from system.sandbox.confine import Cell

STAYS, LEAVES = b"1", b"0"
_GROWN_KIB = 64 << 10
_USUAL = ("builtins", "os", "time", "decimal", "fractions", *candidate.PRELUDE_MODULES)
"""Modules whose names tests might bind anew. All there are would cost a tenth of a run."""


class Judge:
    """The worker's handle."""

    def __init__(self, cell: Cell, entered: namespaces.Worker | None, private: tuple[int, ...],
                 proc: int | None) -> None:
        """``private``: the worker's own descriptors, for the judge to close. ``proc`` is an open ``/proc``, for it to
        look at the processes of its runs. Raises OSError.
        """
        self.link, theirs = descriptors.pair()
        if entered:
            namespaces.no_run(entered)

        def body() -> None:
            for fd in (*private, self.link.fileno()):
                os.close(fd)
            _serve(cell, theirs, proc)

        self.child = processes.fork_single(body)
        theirs.close()
        self._cpu_before = 0.0

    def start(self, box: Box, line: bytes, given: list[int]) -> bool:
        """Hands it a run: the box, the control line; program, tests, and the verdict's pipe. False if it is gone."""
        self._cpu_before = self.child.cpu_s()
        first = box.first.pid if box.first else 0
        try:
            descriptors.send_with(self.link, b"%d %d %b" % (box.candidate.pid, first, line),
                                  [box.link.fileno(), *given])
        except OSError:
            return False
        return True

    def said(self) -> bytes:
        """Its next byte, for which this waits; none if it has ended, with what it was handed unread or not."""
        try:
            return self.link.recv(1)
        except ConnectionError:
            return b""

    def cpu_s(self) -> float:
        """Processor seconds in this run."""
        return self.child.cpu_s() - self._cpu_before

    def end(self) -> None:
        self.child.kill()
        self.child.close()
        self.link.close()


def _serve(cell: Cell, link: descriptors.Link, proc: int | None) -> None:
    """The judge's side. Returns when the worker has gone, or when it should not judge another run."""
    calls.drop_capabilities()
    before = _left_behind(keep=dict)
    most_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + _GROWN_KIB
    while True:
        message, given = descriptors.receive_with(link, MAX_LINE, 4)
        if len(given) != 4:
            return
        process, first, line = message.split(b" ", 2)
        asked = Candidate(int(process), int(first), descriptors.Link(fileno=given[0]), link)
        sound = _judge(Run(line, protocol.from_json(line[:-1].decode()), given[1], cell, asked, proc), *given[2:])
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >= most_kib
        stays = sound and not grown and _left_behind() == before
        link.send(STAYS if stays else LEAVES)
        if not stays:
            return
        gc.collect()  # the names of the tests go in a circle; all that was there before them is frozen


def _judge(run: Run, tests: int, verdict_fd: int) -> bool:
    """One run: judges it, writes the verdict, closes what belongs to the run. False if the judge itself failed."""
    limits.cap_memory(run.limits.address_space_bytes)
    sound = False
    try:
        verdict = table.JUDGES[run.header["judge"]](run, lambda: descriptors.read_json(tests))
        sound = True
    except MemoryError:
        verdict = judges.verdict(judges.REFUSED, "its values filled the judge's memory")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is ours
        verdict = judges.verdict(judges.FAULT, f"the judge failed: {type(error).__name__}: {error}")
    protocol.send_bytes(verdict_fd, protocol.to_json(verdict).encode() + b"\n")
    run.candidate.socket.close()
    for fd in (run.program, tests, verdict_fd):
        os.close(fd)
    return sound


def _left_behind(keep: Callable[[Any], Any] = lambda names: names) -> tuple[Any, ...]:
    """What tests could leave in an interpreter for the next ones to meet. ``keep`` copies names that may change."""
    usual = [keep(vars(sys.modules[name])) for name in _USUAL if name in sys.modules]
    digits = getattr(sys, "get_int_max_str_digits", int)
    return (len(sys.modules), usual, sys.getrecursionlimit(), digits(), _thread._count(),  # noqa: SLF001
            dict(os.environ), os.getcwd(), tuple(sys.path), tuple(sys.meta_path), tuple(_warnings.filters),
            sys.gettrace(), sys.getprofile(), gc.isenabled(), _interruptions(), _precision())


def _interruptions() -> tuple[Any, ...]:
    handlers = [_signal.getsignal(number) for number in range(1, 32)]
    timers = [_signal.getitimer(which) for which in (0, 1, 2)]
    return handlers, [seconds > 0 for seconds, _ in timers], _signal.pthread_sigmask(_signal.SIG_BLOCK, ())


def _precision() -> tuple[Any, ...]:
    decimal: Any = sys.modules.get("decimal")
    if decimal is None:
        return ()
    context = decimal.getcontext()
    return (context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp,
            context.traps.copy())
