"""The judge's hands: the candidate that stands ready for it, and asking it.

The candidate is no child of the judge's (``standby``), so whatever the judge does here, it inherits nothing of it.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from evaluators.sandbox import protocol, values
from evaluators.sandbox.descriptors import Link, send_with
from evaluators.sandbox.meter import Meter
from system.sandbox import limits, processes
from system.sandbox.confine import Cell
from system.sandbox.limits import Limits
from system.sandbox.processes import Use

TICK_S = 0.02
ASKS = b"?"
"""The judge to the worker: how did the candidate end? The answer is a wait status, or ``-`` if it has not yet."""
ANSWER_BYTES = 32
BUILT = b"1"
"""What a candidate says when its layers are built. Only what is said before the program runs can be believed: an exit
status or an exception's name would let any program pass off its failure as ours."""


@dataclass(frozen=True)
class Candidate:
    """The process that stands ready: the worker's child, not the judge's."""

    pid: int
    first: int
    """The first process of its pid namespace, whose children are those that lost their parent; 0 where it has none."""
    socket: Link
    """Our end of its socket."""
    worker: Link
    """Where the worker can be asked how it ended."""

    def cpu_s(self) -> float:
        """Processor seconds so far, also when it has just ended; 0 once the worker has told how."""
        return limits.cpu_s(self.pid) or 0.0

    def how_it_ended(self) -> str:
        """Once it has closed its socket."""
        status = self.status()
        return how_it_ended(status) if status is not None else "it closed its connection"

    def status(self) -> int | None:
        """Its wait status; None if it has not ended half a second from now."""
        self.worker.send(ASKS)
        answer = self.worker.recv(ANSWER_BYTES)
        return int(answer) if answer not in {b"-", b""} else None

    def use(self, proc: int) -> Use | None:
        """What all processes of the run have used."""
        return processes.use_of([self.pid, *(processes.children_of(self.first, proc) if self.first else ())], proc)


@dataclass(frozen=True)
class Run:
    """What the judge knows of a run before it reads the tests."""

    line: bytes
    """The worker's message, which tells nothing of the tests and goes on to the candidate as it is."""
    header: Mapping[str, Any]
    """The same, read."""
    program: int
    """The program's text, an open descriptor that the judge passes on and does not read."""
    cell: Cell
    candidate: Candidate
    proc: int | None = None
    """``/proc`` as it shows all processes of the run; None where there is none."""

    @cached_property
    def limits(self) -> Limits:
        return Limits(**self.header["limits"])

    def whole_use(self) -> Use | None:
        """What all processes of the run have used."""
        return self.candidate.use(self.proc) if self.proc is not None else None

    @property
    def patience(self) -> float:
        return float(self.header["patience"])

    def release(self) -> None:
        """Hands the candidate its program. Raises SandboxFault if its layers could not be built."""
        link = self.candidate.socket
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):  # a candidate that does not read or answer must not
            link.setsockopt(socket.SOL_SOCKET, option, protocol.TIMEOUT)  # keep us from looking at the clock
        with contextlib.suppress(OSError):  # what it says next, or does not, tells
            send_with(link, self.line, [self.program])
        if protocol.receive_bytes(link.fileno(), len(BUILT)) != BUILT:
            raise SandboxFault("a layer of the sandbox could not be built for this run")


class CandidateFailed(Exception):
    """The candidate raised, ended, or answered nonsense. ``kind``: an exception's name, ``died`` or ``nonsense``."""

    def __init__(self, kind: str, text: str = "", number: int | None = None) -> None:
        super().__init__(text)
        self.kind, self.text, self.number = kind, text, number


class SandboxFault(Exception):
    """A candidate's process could not build its layers; no program ran in it. Ours."""


class Server:
    """A candidate process that answers calls. It starts with the program at once."""

    def __init__(self, run: Run) -> None:
        self.child = run.candidate
        self._fd = run.candidate.socket.fileno()
        self.meter = Meter(run.limits, run.patience, self.child.cpu_s, run.whole_use)
        run.release()

    def expect(self, key: str) -> Any:
        """The next message's ``key``. Raises CandidateFailed or OutOfTime."""
        try:
            message = protocol.receive(self._fd, self.meter.check)
        except protocol.Gone:
            self.meter.check()
            raise CandidateFailed("died", self.child.how_it_ended()) from None
        except protocol.BadMessage as error:
            raise CandidateFailed("nonsense", str(error)) from None
        if isinstance(message, dict) and key in message:
            return message[key]
        raise _failure(message)

    def ask(self, message: Mapping[str, Any], key: str) -> Any:
        """Sends, and waits for the answer's ``key``."""
        try:
            protocol.send(self._fd, message, self.meter.check)
        except OSError:
            raise CandidateFailed("died", self.child.how_it_ended()) from None
        return self.expect(key)

    def call(self, *arguments: Any, **keywords: Any) -> Any:
        """One call of the candidate's function, by value. Raises CandidateFailed, or OutOfTime."""
        request = {"call": [values.encode(item) for item in arguments],
                   "kw": {name: values.encode(item) for name, item in keywords.items()}}
        try:
            return values.decode(self.ask(request, "r"))
        except (values.BadValue, RecursionError, MemoryError) as error:
            raise CandidateFailed("nonsense", f"it returned what is no value: {error}") from None


def _failure(message: Any) -> CandidateFailed:
    """The exception a candidate reports, if it is one; anything may have been sent."""
    error = message.get("e") if isinstance(message, dict) else None
    if not (isinstance(error, list) and len(error) == 3 and isinstance(error[0], str) and isinstance(error[1], str)):
        return CandidateFailed("nonsense", "an answer that is none")
    number = error[2] if type(error[2]) is int else None
    return CandidateFailed(error[0][:60], error[1][:500], number)


def how_it_ended(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    return f"killed by signal {-code}" if code < 0 else f"exited with status {code}"
