"""The judge's side of programs on standard input: one test after the other, each in a fresh process (``spawner``).

The next test begins when the kernel says that no line of the last one's program will ever run again: that its process,
which has one thread and no child, is exiting, and that there is no process in the run that is not the spawner's. What
is left of it then, a third of its cost, is the kernel's work on its memory, and is done where a processor is free. How
it ended is waited for all the same, and its test is judged before anything of the next one counts.

Where the kernel does not say so (a program with threads, or one that left something running), the next test waits until
the last one's process has ended, and what its program left running is ended before the next begins. This is looked for
at ``full``; elsewhere no program starts a process, or nothing is promised.

The last test is the spawner's own: a process less to make, and nobody is left that would need it. How that ended, the
worker tells, whose child it is.
"""

from __future__ import annotations

import contextlib
import os
import select
import struct
import sys
import time
from _socket import CMSG_SPACE, SOL_SOCKET
from collections import deque
from collections.abc import Callable, Generator, Sequence

from evaluators.sandbox import descriptors, spawner
from evaluators.sandbox.descriptors import Link
from evaluators.sandbox.meter import Meter
from evaluators.sandbox.spawn import TICK_S, CandidateFailed, Run, SandboxFault
from system.sandbox import confine, limits, processes

AHEAD = 2
"""How many processes stand ready beyond the one that runs."""
_USED_UP_S = 0.5
"""Processor seconds of the spawner, compiling and forking, after which it takes no test: its limit counts them."""
_GONE = "the process that starts it is gone"
_CREDENTIALS = struct.Struct("3i")
_ROOM = CMSG_SPACE(_CREDENTIALS.size)
_SO_PASSCRED = 16
_LINUX = sys.platform == "linux"
_LOOKS, _LOOK_S = 8, 0.00005
"""How often, and how far apart, a process that says it ends is looked at until it does."""

Tick = Callable[[], None]


def in_turn(run: Run, inputs: Sequence[str]) -> Generator[Test, None, None]:
    """Each test once it has ended, in order; its files are open until the next is asked for.

    Raises CandidateFailed or OutOfTime of the test after the last one given, SandboxFault for a fault of ours.
    """
    with contextlib.ExitStack() as opened:
        spawned = opened.enter_context(contextlib.closing(_Spawner(run, len(inputs))))
        running: Test | None = None
        for number, given in enumerate(inputs, start=1):
            following, last = opened.enter_context(contextlib.closing(Test(run, given))), number == len(inputs)
            if running is None:
                spawned.begin(following, last=last)
            elif not last and spawned.is_over(running):
                spawned.begin(following)
                yield spawned.ended(running)
                running.close()
            else:
                yield spawned.ended(running)
                running.close()
                spawned.clean_up(running.clock.check)
                spawned.begin(following, last=last)
            running = following
        if running is not None:
            yield spawned.ended(running)


class Test:
    """A test that is given to a process. ``stdout`` and ``stderr`` are open files of what that writes."""

    def __init__(self, run: Run, given: str) -> None:
        self._stdin = descriptors.memory_file("stdin", given.encode("utf-8", "surrogatepass"))
        self.stdout, self.stderr = descriptors.memory_file("stdout"), descriptors.memory_file("stderr")
        self.end, self._theirs = descriptors.pair()
        if _LINUX:
            self.end.setsockopt(SOL_SOCKET, _SO_PASSCRED, 1)
        self._run, self._files = run, [self._stdin, self.stdout, self.stderr]
        self.process = self.number = 0
        """Of the process that has taken it, as we see it and as it sees itself; 0 until we know."""
        self.taken = False
        self.status = 0
        """Its wait status, once it has ended."""
        self.clock: Meter

    def begin(self, channel: Link, process: int = 0) -> None:
        """Its streams go to whichever process takes them, ``process`` if we know; its time runs."""
        self.process = process
        with contextlib.suppress(OSError):  # that nobody takes them will be noticed
            descriptors.send_with(channel, spawner.TEST,
                                  [self._stdin, self.stdout, self.stderr, self._theirs.fileno()])
        self._theirs.close()
        self.clock = Meter(self._run.limits, self._run.patience, self._cpu_s, self._run.whole_use)

    def look(self) -> bool:
        """Reads its first word, if that is what has come: it was written before the program ran, and the kernel says by
        whom. False if that has been read before: whatever comes then means that it ends, or says so.
        """
        if self.taken:
            return False
        word, said, _, _ = self.end.recvmsg(spawner.WORD.size, _ROOM)
        if not word:
            raise CandidateFailed("died", _GONE)
        self.taken, (self.number,) = True, spawner.WORD.unpack(word)
        self.process = _CREDENTIALS.unpack(said[0][2])[0] if _LINUX else self.number
        return True

    def _cpu_s(self) -> float:
        if not self.process and not (select.select([self.end], [], [], 0)[0] and self.look()):
            return 0.0
        return limits.cpu_s(self.process) or 0.0

    def close(self) -> None:
        """Idempotent."""
        self._theirs.close()
        self.end.close()
        while self._files:
            os.close(self._files.pop())


class _Spawner:
    """What the judge orders of the spawner, and what it knows of its processes."""

    def __init__(self, run: Run, tests: int) -> None:
        """Raises CandidateFailed if the spawner was killed, OutOfTime if it takes too long to compile the program."""
        self._candidate, self._orders, self._unread = run.candidate, run.candidate.socket, b""
        self._full, self._proc = run.cell.level == confine.FULL, run.proc
        self._awaited: deque[bytes] = deque([spawner.CHANNEL])
        self._children = self._status = 0
        self._to_fork, self._last_is_its_own = tests - 1, False
        run.release()
        self._channel, theirs = descriptors.pair()
        with contextlib.suppress(OSError):
            descriptors.send_with(self._orders, spawner.CHANNEL, [theirs.fileno()])
        theirs.close()
        self._watched = [self._orders, self._channel]
        for _ in range(AHEAD):
            self._fork()
        compiling = Meter(run.limits, run.patience, run.candidate.cpu_s, run.whole_use)
        while spawner.CHANNEL in self._awaited:
            self._wait([], compiling.check)

    def begin(self, test: Test, *, last: bool = False) -> None:
        """Before the last one, all others must have ended."""
        self._last_is_its_own = last and self._candidate.cpu_s() < _USED_UP_S
        if self._last_is_its_own:
            test.begin(self._channel, self._candidate.pid)
            self._order(spawner.LAST)
            self._watched = [self._channel]
        else:
            test.begin(self._channel)
            self._to_fork += last
            self._fork()

    def is_over(self, test: Test) -> bool:
        """Waits until it says that it ends. Whether the kernel says so too, and nothing of its program is left."""
        if self._proc is None:
            return False
        while not (test.end in (come := self._wait([test.end], test.clock.check)) and not test.look()):
            if not come and processes.has_ended(test.process, self._proc):
                return False  # a process that it started holds its end of the socket
        self._settle(test.clock.check)
        for _ in range(_LOOKS):
            if processes.is_exiting(test.process, self._proc):
                return not (self._full and self._strangers(self._proc))
            time.sleep(_LOOK_S)
        return False

    def ended(self, test: Test) -> Test:
        """Waits until it has."""
        while not test.taken:
            if test.end in self._wait([test.end], test.clock.check):
                test.look()
        if self._last_is_its_own:
            test.status = self._own_end(test)
        else:
            self._order(spawner.WAIT, test.number)
            self._settle(test.clock.check)
            test.status = self._status
        return test

    def _own_end(self, test: Test) -> int:
        """The spawner's own wait status. Its processor time can be read until somebody has asked for that."""
        self._watched = []
        if self._proc is not None:
            while not (self._wait([test.end], test.clock.check) or processes.has_ended(test.process, self._proc)):
                pass
        test.clock.check()
        while (status := self._candidate.status()) is None:
            test.clock.check()
        return status

    def clean_up(self, tick: Tick) -> None:
        """After a test has ended: ends what its program left running, if anything."""
        if self._full and (self._proc is None or self._strangers(self._proc)):
            self._to_fork += self._children
            self._order(spawner.CLEAN)
            self._settle(tick)
            for _ in range(AHEAD):
                self._fork()

    def close(self) -> None:
        self._channel.close()

    def _strangers(self, proc: int) -> bool:
        """Whether the spawner has children that it did not fork: orphans become its own."""
        return len(processes.children_of_thread(self._candidate.pid, proc)) != self._children

    def _fork(self) -> None:
        if self._to_fork:
            self._to_fork -= 1
            self._order(spawner.FORK)

    def _order(self, kind: bytes, number: int = 0) -> None:
        try:
            self._orders.send(spawner.ORDER.pack(kind, number))
        except OSError:
            raise CandidateFailed("died", _GONE) from None
        if kind != spawner.LAST:
            self._awaited.append(kind)

    def _settle(self, tick: Tick) -> None:
        """Waits until every order has been answered."""
        while self._awaited:
            self._wait([], tick)

    def _wait(self, others: list[Link], tick: Tick) -> list[Link]:
        """Waits a moment for word from the spawner or for ``others``, and reads what the spawner says; which have come.

        ``tick`` is called if none has, and may raise.
        """
        readable = select.select([*self._watched, *others], [], [], TICK_S)[0]
        if not readable:
            tick()
        if self._channel in readable and _received(self._channel):
            raise SandboxFault("a layer of the sandbox could not be built for this test")
        if self._orders in readable:
            self._read_answers()
        return readable

    def _read_answers(self) -> None:
        if not (said := _received(self._orders)):
            raise CandidateFailed("died", _GONE)
        *lines, self._unread = (self._unread + said).split(b"\n")
        for line in lines:
            kind = self._awaited.popleft()
            if kind == spawner.FORK:
                self._children += 1
            elif kind == spawner.WAIT:
                self._children -= 1
                self._status = int(line)
            elif kind == spawner.CLEAN:
                self._children = 0


def _received(link: Link) -> bytes:
    """What has come; nothing if the other side has gone."""
    try:
        return link.recv(256)
    except ConnectionError:
        return b""
