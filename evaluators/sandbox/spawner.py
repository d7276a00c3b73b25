"""Programs on standard input: a fresh process a test.

The candidate that stands ready becomes a spawner: it compiles the program once and forks one process a test. It has
every layer of a candidate and was forked before the tests were read. Each process stands ready while the test before
its own runs, and is given its test's streams by the judge itself; so no candidate inherits a test, the layers are paid
for once, and a fork costs no time where a processor is free.

What a test's program leaves running must not meet the next one. Where that can be (at ``full``; elsewhere no program
starts a process, or nothing is promised) the judge looks for it after each test, and if there is something the spawner
ends everything in the run but itself and the first process, and forks again.
"""

# ruff: noqa: PTH108
# plain calls on paths and descriptors: runs in every candidate, where each import costs

from __future__ import annotations

import contextlib
import os
import select
import struct
from _socket import CMSG_SPACE, SOL_SOCKET
from collections.abc import Callable
from typing import Any

from evaluators.sandbox import candidate
from evaluators.sandbox.descriptors import Link, receive_with, send_with
from evaluators.sandbox.meter import Meter
from evaluators.sandbox.spawn import TICK_S, CandidateFailed, Run, SandboxFault
from system.sandbox import calls, confine, landlock, processes
from system.sandbox.confine import SOCKET_FD, Cell

_GONE = "the process that starts it is gone"
_NEXT, _LAST, _CLEAN = b"1", b"L", b"0"
_CREDENTIALS = struct.Struct("3i")
_CREDENTIALS_SPACE = CMSG_SPACE(_CREDENTIALS.size)
_SO_PASSCRED = 16
_ASKED_TO_CLEAN, _NOBODY_ASKS = 101, 102
"""How a process ends that has run no program, so that its status can be believed."""


class Spawner:
    """The judge's side. A test is a byte with three descriptors; the answer is two lines: the process's number, and how
    it ended.
    """

    def __init__(self, run: Run) -> None:
        self._candidate, self._socket, self._unread = run.candidate, run.candidate.socket, b""
        self._compiling = Meter(run.limits, run.patience, run.candidate.cpu_s, run.whole_use)
        self._full = run.cell.level == confine.FULL
        self._proc, self._sender = run.proc, 0
        if self._full:
            self._socket.setsockopt(SOL_SOCKET, _SO_PASSCRED, 1)
        run.release()

    def start(self, streams: tuple[int, int, int], *, last: bool) -> int:
        """Gives the process that stands ready these streams; its number once its layers are built.

        Raises CandidateFailed if the spawner was killed, OutOfTime if it takes too long to compile the program,
        SandboxFault if the layers could not be built.
        """
        try:
            send_with(self._socket, _LAST if last else _NEXT, streams)
        except OSError:
            raise CandidateFailed("died", _GONE) from None
        pid = int(self._line(self._compiling.check))
        if pid < 0:
            raise SandboxFault("a layer of the sandbox could not be built for this test")
        return self._sender if self._full else pid  # in a pid namespace of its own it goes by another number

    def status(self, tick: Callable[[], None]) -> int:
        """Its wait status. ``tick`` is called while it runs, and may raise."""
        return int(self._line(tick))

    def clean_up(self) -> None:
        """After a test that is not the last: ends what its program left running, if anything."""
        if self._full and (self._proc is None or self._left_running(self._proc)):
            with contextlib.suppress(OSError):
                self._socket.send(_CLEAN)

    def _left_running(self, proc: int) -> bool:
        """Whether there is more than the process that stands ready: the spawner is whose children orphans become."""
        return len(processes.children_of(self._candidate.pid, proc)) != 1

    def _line(self, tick: Callable[[], None]) -> bytes:
        while b"\n" not in self._unread:  # both lines may have come at once
            while not select.select([self._socket], [], [], TICK_S)[0]:
                tick()
            try:
                part, said, _, _ = self._socket.recvmsg(64, _CREDENTIALS_SPACE)
            except ConnectionError:
                part, said = b"", []
            for _, _, credentials in said:  # the kernel's word for who has sent this, in our own numbers
                self._sender = _CREDENTIALS.unpack(credentials)[0]
            if not part:
                raise CandidateFailed("died", _GONE)
            self._unread += part
        line, _, self._unread = self._unread.partition(b"\n")
        return line


def serve_tests(source: str, cell: Cell, *, prelude: bool, scratch: str) -> None:
    """The candidate's side: forks a process for each test. Returns when the judge has gone."""
    full = cell.level == confine.FULL
    if full:
        calls.adopt_orphans()
    program, ourselves = _compiled(source), os.getpid()
    names = candidate.fresh_module("__main__", with_prelude=prelude)
    link, signals = Link(fileno=SOCKET_FD), landlock.Signals(cell.landlock_abi)

    def ready() -> tuple[int, int]:
        """A process that waits for its test: its number, and the pipe on which it says that it has it."""
        told, built = os.pipe()

        def one() -> None:
            os.close(told)
            signals.enforce()
            confine.leave_alone(cell, ourselves)
            _take_test(link, built, cell, scratch)
            candidate.run_script(program, names)

        pid = processes.fork_bare(one)
        os.close(built)
        return pid, told

    pid, told = ready()
    program_has_run = False
    while True:
        said = os.read(told, 1)
        os.close(told)
        if said in {_NEXT, _LAST}:
            program_has_run = True
            following = ready() if said == _NEXT else None
            link.send(f"{os.waitpid(pid, 0)[1]}\n".encode())
            if following is None:
                return
            pid, told = following
            continue
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        killed = code < 0 and program_has_run  # by it, whatever the signal: no fault of ours may be had that way
        if code != _ASKED_TO_CLEAN and not killed:
            if code != _NOBODY_ASKS:
                link.send(b"-1\n")
            return
        if full:
            processes.end_all_others()
        pid, told = ready()


def _compiled(source: str) -> Any:
    """The program's code; its text where it does not compile, so that each test's process fails on it as it would."""
    try:
        return compile(source, candidate.FILE_NAME, "exec", dont_inherit=True)
    except BaseException:  # noqa: BLE001 - SyntaxError and ValueError, RecursionError and MemoryError
        return source


def _take_test(link: Link, built: int, cell: Cell, scratch: str) -> None:
    """In a test's own process, its layers built: takes its streams, when the judge gives them."""
    said, given = receive_with(link, 1, 3)
    if len(given) != 3:
        os._exit(_ASKED_TO_CLEAN if said == _CLEAN else _NOBODY_ASKS)
    stdin = _stdin_with_a_name(given[0], scratch) if cell.level == confine.FULL else given[0]
    confine.take_streams(stdin, given[1], given[2])
    link.send(f"{os.getpid()}\n".encode())
    os.write(built, said)
    confine.close_others(SOCKET_FD, cell)


def _stdin_with_a_name(fd: int, scratch: str) -> int:
    """Standard input as a file in the scratch folder, where ``/dev/stdin`` points: there is no ``/proc`` to find it by.

    Made in the candidate's own process, which may do there what it likes; O_EXCL follows no link that it left.
    """
    path = f"{scratch}/.stdin"
    with contextlib.suppress(OSError):
        os.unlink(path)
    try:
        named = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        os.sendfile(named, fd, 0, os.fstat(fd).st_size)
        os.lseek(named, 0, os.SEEK_SET)
    except OSError:
        return fd  # the program of an earlier test is in the way, or filled the scratch folder: no name, then
    return named
