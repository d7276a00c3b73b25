"""The harness's side of one worker: start it, give it a job, take its report."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from core.errors import UsageError
from evaluators.sandbox.descriptors import memory_file
from evaluators.sandbox.job import Job, Report
from system.clock import monotonic_s
from system.interpreter import closed_home
from system.processors import stay_on as processes_on
from system.sandbox import scratch
from system.sandbox.confine import FULL
from system.sandbox.launch import WorkerProcess

_MAIN = str(Path(__file__).with_name("zygote_main.py"))
_START_S = 20.0
_SPARE_S = 10.0
"""Beyond a run's own ceiling, before the worker itself counts as hung."""
_MAX_REPORT = 65536
_MAX_VERDICT = 256 << 20
"""A verdict is a line; the expected outputs of a task may be megabytes."""


class WorkerLost(Exception):
    """The worker died or hung; it must be replaced. Ours, not the candidate's, until shown otherwise."""


class WorkerRefused(Exception):
    """The worker could not build the layers of its level; the text says which."""


class Worker:
    """One warm worker at ``level``. Not thread-safe but for ``cancel``; one run at a time."""

    def __init__(self, level: str, *, python: str | None = None, preload: Sequence[str] = ()) -> None:
        """Raises WorkerRefused where the level does not hold here, UsageError for what cannot be preloaded."""
        self._control, theirs = socket.socketpair()
        self._lock = threading.Lock()
        try:
            home = closed_home(python) if level != FULL else None
            self._process = WorkerProcess(_MAIN, theirs.fileno(), python, home)
        except OSError as error:
            self._control.close()
            raise WorkerRefused(f"{python or 'the interpreter'} cannot be started: {error.strerror}") from None
        finally:
            theirs.close()
        self._scratch, self._runs, self._unread = "", 0, b""
        self.facts: Mapping[str, Any] = {}
        """The layers as the worker built them."""
        try:
            self._control.sendall(json.dumps({"level": level, "preload": list(preload)}).encode() + b"\n")
            answer = self._line(_START_S)
        except (OSError, WorkerLost):
            words = self._process.last_words()
            self.close()
            raise WorkerRefused(f"the worker did not start{': ' if words else ''}{words}") from None
        if "usage" in answer:
            self.close()
            raise UsageError(str(answer["usage"]))
        if "error" in answer:
            self.close()
            raise WorkerRefused(str(answer["error"]))
        self._scratch = str(answer.pop("scratch"))
        self.facts = answer

    def run(self, job: Job, patience: float = 1.0) -> Report:
        """Runs one job and waits for it. Raises WorkerLost, after which only ``close`` makes sense."""
        self._runs += 1
        header = {**job.header(patience), "run": self._runs}
        verdict_read, verdict_write = os.pipe()
        descriptors = [memory_file("program", job.program.encode("utf-8", "surrogatepass")),
                       memory_file("tests", json.dumps(job.tests).encode()), verdict_write]
        began = monotonic_s()
        try:
            with self._lock:
                socket.send_fds(self._control, [json.dumps(header).encode() + b"\n"], descriptors)
        except OSError as error:
            os.close(verdict_read)
            raise WorkerLost(f"the worker is gone: {error}") from None
        finally:
            for fd in descriptors:
                os.close(fd)
        try:
            verdict = self._verdict(verdict_read, header["ceiling_s"] + _SPARE_S)
        finally:
            os.close(verdict_read)
        if verdict is not None:
            return Report("", 0, monotonic_s() - began, verdict)
        answer = self._line(_SPARE_S)
        while answer["run"] != self._runs:  # runs before this one, which ended after their verdicts
            answer = self._line(_SPARE_S)
        return Report(str(answer["killed"]), int(answer["status"]), float(answer["wall_s"]), None)

    def _verdict(self, fd: int, timeout_s: float) -> dict[str, Any] | None:
        """The judge's verdict, as soon as it is there; None when all that could write one have ended."""
        text, ends = b"", monotonic_s() + timeout_s
        while not text.endswith(b"\n"):
            woken = select.select([fd, self._control.fileno()], [], [], max(0.0, ends - monotonic_s()))[0]
            if not woken:
                raise WorkerLost(f"the worker did not answer within {timeout_s:g} s")
            if fd in woken:
                part = os.read(fd, _MAX_REPORT)
                if not part:
                    return None
                text += part
                if len(text) > _MAX_VERDICT:
                    raise WorkerLost(f"a judge said more than {_MAX_VERDICT} bytes")
            else:
                self._listen()
        verdict: dict[str, Any] = json.loads(text)
        return verdict

    def cancel(self) -> None:
        """From another thread: ends the run that is going on, if one is."""
        with self._lock, contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)

    def stay_on(self, processors: Collection[int]) -> None:
        """All its programs run on these processors from now on."""
        processes_on(self._process.pid, processors)

    def close(self) -> None:
        """Ends the worker and all it runs. Idempotent."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._control.close()
        self._process.end(2.0)
        if self._scratch:
            scratch.remove(self._scratch)  # where the worker was killed and could not; follows no link

    def _line(self, timeout_s: float) -> dict[str, Any]:
        while b"\n" not in self._unread:
            if not select.select([self._control], [], [], timeout_s)[0]:
                raise WorkerLost(f"the worker did not answer within {timeout_s:g} s")
            self._listen()
        line, _, self._unread = self._unread.partition(b"\n")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _listen(self) -> None:
        try:
            part = self._control.recv(_MAX_REPORT)
        except OSError as error:
            raise WorkerLost(f"the worker is gone: {error}") from None
        if not part:
            raise WorkerLost("the worker died")
        self._unread += part
