"""The worker's loop: the judge gets a run and the box that stands ready, the next box is built, the run is watched.

At ``full`` a run whose verdict has been given may still be ending (its kernel objects take a millisecond or two to go)
while the next begins: the two share no process of theirs, no file and no name. What they do share is how many processes
and threads there may be, so a run that has more than its first ones has ended before the next begins. At the other
levels every run has, and its scratch folder is gone.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.sandbox import bench, protocol
from evaluators.sandbox.descriptors import Link, receive_with
from evaluators.sandbox.spawn import ANSWER_BYTES, ASKS
from evaluators.sandbox.standby import MAX_LINE, Box
from system.sandbox import namespaces, processes, scratch
from system.sandbox.confine import Cell
from system.sandbox.limits import Limits

_TICK_S = 0.05
_SOCKET_BYTES = 240 << 10  # what a full one holds of the kernel's memory, which is no process's
_LEAVING_S = 2.0
_MOST_LEAVING = 3
_ENDING_S = 0.5  # within which a candidate that has closed its socket is to end
_DESCRIPTORS = 3
_LINE_END = b"\n"


def receive(control: Link) -> tuple[bytes, list[int]]:
    """One line with its descriptors; empty when the other side has gone."""
    line, descriptors = receive_with(control, MAX_LINE, _DESCRIPTORS)
    while line and not line.endswith(_LINE_END):
        more = control.recv(MAX_LINE)
        if not more:
            return b"", descriptors
        line += more
    return line, descriptors


@dataclass
class _Run:
    """A run that is going on."""

    box: Box
    header: Mapping[str, Any]
    began: float
    allowed: Limits
    asked: float | None = None
    """When the judge asked how the candidate ended, until it is told."""


class Service:
    """Everything a worker does after it has entered its layers."""

    def __init__(self, control: Link, cell: Cell, entered: namespaces.Worker | None, folder: str,
                 proc: int | None) -> None:
        """``folder`` holds the runs' scratch folders, empty at ``full``; ``proc`` is an open ``/proc``."""
        self._control, self._cell, self._entered = control, cell, entered
        self._folder, self._proc = folder, proc
        self._private = (control.fileno(), *([entered.pid_namespace] if entered else []))
        self._judge: bench.Judge | None = None
        self._ready: Box | None = None
        self._leaving: list[Box] = []

    def serve(self) -> None:
        """One run after the other. Does not return: exits when the harness has gone."""
        while True:
            with contextlib.suppress(OSError):  # no process to be had now: there may be when a run comes
                self._have_judge()
                self._ready = self._ready or self._build(Limits())
            line, descriptors = receive(self._control)
            if not line:
                self._end()
            report = self._one_run(line, descriptors)
            if report:
                with contextlib.suppress(OSError):
                    self._control.sendall(protocol.to_json(report).encode() + _LINE_END)

    def _end(self) -> None:
        """At ``full`` everything ends with us, who are the first process of the worker's namespace."""
        if self._folder:
            if self._judge is not None:
                self._judge.end()
            self._end_ready()
            scratch.remove(self._folder)
        os._exit(0)

    def _have_judge(self, given: Sequence[int] = ()) -> bench.Judge:
        """``given``: descriptors of the run that waits for it."""
        if self._judge is None:
            ready = (self._ready.link.fileno(),) if self._ready else ()
            self._judge = bench.Judge(self._cell, self._entered, (*self._private, *ready, *given), self._proc)
        return self._judge

    def _build(self, allowed: Limits, given: Sequence[int] = ()) -> Box:
        """``given``: descriptors of the run that waits for this box, which must not be in it before it is started."""
        judge = (self._judge.link.fileno(),) if self._judge else ()
        return Box(self._cell, self._entered, self._folder, (*self._private, *judge, *given), allowed)

    def _end_ready(self) -> None:
        if self._ready is not None:
            box, self._ready = self._ready, None
            self._see_off(box)

    def _start(self, line: bytes, given: list[int]) -> _Run:
        """The run, in the judge's hands with the box that stands ready, if that fits and lives, else with a new one."""
        header = protocol.from_json(line[:-1].decode())
        allowed = Limits(**header["limits"])
        if self._ready is not None and not self._ready.fits(allowed):
            self._end_ready()
        box, self._ready = self._ready or self._build(allowed, given), None
        if not self._have_judge(given).start(box, line, given):
            self._end_judge()
            self._have_judge(given).start(box, line, given)
        box.link.close()
        return _Run(box, header, time.monotonic(), allowed)

    def _one_run(self, line: bytes, descriptors: list[int]) -> dict[str, Any] | None:
        """The report; None when the judge has given its verdict."""
        run = self._start(line, descriptors)
        for fd in descriptors:
            os.close(fd)
        with contextlib.suppress(OSError):
            self._ready = self._build(Limits())
        killed = self._watch(run)
        small = self._proc is not None and run.box.small(self._proc)
        run.box.end()
        status = self._end_judge() if killed is not None else 0
        self._see_off(run.box, wait=not small)
        if killed is None:
            return None
        return {"run": run.header["run"], "killed": killed, "status": status, "wall_s": time.monotonic() - run.began}

    def _end_judge(self) -> int:
        judge, self._judge = self._judge, None
        if judge is None:
            return 0
        judge.end()
        return judge.child.status or 0

    def _watch(self, run: _Run) -> str | None:
        """Waits for the judge. Says why the run is to be ended: it is late, its processes are too big, the harness has
        gone; empty if the judge has ended. None: the verdict has been given.

        A candidate can return values that are slow to look at (colliding hashes), so the judge's own time counts too.
        """
        judge, listening = self._have_judge(), True
        while True:
            woken = select.select(self._watched(run, judge, listening=listening), [], [], _TICK_S)[0]
            if judge.link.fileno() in woken:
                said = judge.said()
                if said == ASKS:
                    run.asked = time.monotonic()
                elif said == bench.STAYS:
                    return None
                else:
                    self._end_judge()
                    return None if said == bench.LEAVES else ""
            if run.asked is not None:
                self._tell(run, judge, run.asked)
            elif self._control.fileno() in woken:
                if not self._control.recv(1, socket.MSG_PEEK):
                    return "cancelled"
                listening = False  # the next run, which can wait until the judge has told us that this one is over
            if not woken and (reason := self._too_much(run, judge)):
                return reason

    def _watched(self, run: _Run, judge: bench.Judge, *, listening: bool) -> list[int]:
        candidate = run.box.candidate.fd if run.asked is not None and run.box.candidate.status is None else -1
        return [fd for fd in (judge.link.fileno(), candidate, self._control.fileno() if listening else -1) if fd >= 0]

    @staticmethod
    def _tell(run: _Run, judge: bench.Judge, asked: float) -> None:
        """Tells the judge how the candidate ended, once it has, or that it does not."""
        ended = run.box.candidate.poll()
        if ended or time.monotonic() > asked + _ENDING_S:
            answer = str(run.box.candidate.status) if ended else "-"
            with contextlib.suppress(OSError):
                judge.link.send(answer.encode()[:ANSWER_BYTES])
            run.asked = None

    def _too_much(self, run: _Run, judge: bench.Judge) -> str:
        if time.monotonic() > run.began + run.header["ceiling_s"] or judge.cpu_s() > run.header["judge_cpu_s"]:
            return "wall"
        return "memory" if self._memory(run.box, judge) > run.allowed.tree_bytes else ""

    def _memory(self, box: Box, judge: bench.Judge) -> int:
        """Bytes that a run holds: its processes, its judge, and, in a network of its own, what its sockets can hold."""
        while self._leaving:  # their sockets are not this run's
            self._wait_for(self._leaving.pop())
        if self._proc is None:
            return sum(processes.tree_use(pid)[0] for pid in (judge.child.pid, box.candidate.pid))  # macOS tells
        sockets = processes.sockets(self._proc) * _SOCKET_BYTES if self._entered else 0
        members = [judge.child.pid, *box.members(self._proc)]
        return sum(processes.tree_use(pid, self._proc)[0] for pid in members) + sockets

    def _see_off(self, box: Box, *, wait: bool = False) -> None:
        """Ends it. At ``full`` it goes by itself, unless told to ``wait``, and is looked at when the next one does."""
        box.end()
        if not box.folder and wait:
            self._wait_for(box)
            return
        if not box.folder:
            self._leaving = [leaving for leaving in (*self._leaving, box) if not leaving.gone()]
            if len(self._leaving) > _MOST_LEAVING:
                self._wait_for(self._leaving.pop(0))
            return
        self._wait_for(box)
        processes.end_orphans([child.pid for child in (self._ready and self._ready.candidate,
                                                       self._judge and self._judge.child) if child])
        scratch.remove(box.folder)

    @staticmethod
    def _wait_for(box: Box) -> None:
        """Nothing of the run's own processes is left after this."""
        if not box.gone(_LEAVING_S):
            box.end()
            box.gone(_LEAVING_S)
