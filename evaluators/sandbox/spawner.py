"""Programs on standard input: a fresh process a test. The candidate's side; ``turns`` is the judge's.

The candidate that stands ready becomes a spawner: it compiles the program once, and forks a process whenever the judge
orders one; the last test it runs itself, since no test ever ran in it. It has every layer of a candidate and was forked
before the tests were read. Each process waits, its layers built, until the judge gives it a test's streams; so no
candidate inherits a test, the layers are paid for once, and a fork costs no time where a processor is free.

Two channels. Orders come on the candidate's own socket, and are answered by a line each. On the other, which the judge
made, whichever process stands ready takes the next test. Neither is open when a program runs.

Every page that code touches after a fork is copied, one or two microseconds each. So what a test's process does before
its program, and the spawner between two forks, are few calls, of names that were looked up before.
"""

from __future__ import annotations

import os
import struct
from _socket import CMSG_SPACE
from collections.abc import Callable
from typing import Any

from evaluators.sandbox import candidate
from evaluators.sandbox.descriptors import Link, numbers, receive_with
from system.sandbox import calls, confine, landlock, processes
from system.sandbox.confine import SOCKET_FD, Cell

CHANNEL, TEST = b"T", b"1"
"""The first message on the socket, with the end of the other channel, answered by an empty line when the program has
been compiled; and on that one a test, with four descriptors."""
ORDER = struct.Struct("=cxxxi")
FORK, WAIT, CLEAN, LAST = b"F", b"W", b"C", b"L"
"""Orders: fork a process (answered by an empty line), wait for the process of this number to end (its wait status), end
everything in the run but the spawner and the first process (an empty line), take a test itself (no answer)."""
BROKEN = b"-"
"""What a process says on the channel of the tests whose layers could not be built."""
END_FD = SOCKET_FD
"""A program's one descriptor besides its streams. Nobody reads what is written there; that it is closed, by us at the
program's end with all others that it has, or by whatever ends the process, makes the judge look."""
WORD = struct.Struct("i")
"""What is written there before the program runs: the process's number as it sees itself."""
_WHOLE = 0x7FFF_F000  # the most that sendfile takes


def serve_tests(source: str, cell: Cell, *, prelude: bool, scratch: str) -> None:
    """Does as the judge orders. Returns when it has gone."""
    orders = Link(fileno=SOCKET_FD)
    said, given = receive_with(orders, len(CHANNEL), 1)
    if said != CHANNEL or len(given) != 1:
        return
    if cell.level == confine.FULL:
        calls.adopt_orphans()
    one = _one_test(source, cell, Link(fileno=given[0]), scratch, prelude=prelude)
    orders.send(b"\n")
    receive, send, unpack, size = orders.recv, orders.send, ORDER.unpack, ORDER.size
    fork, wait = processes.fork_bare, os.waitpid
    while order := receive(size):
        kind, number = unpack(order)
        if kind == FORK:
            fork(one)
            send(b"\n")
        elif kind == WAIT:
            send(b"%d\n" % wait(number, 0)[1])
        elif kind == LAST:
            one()
        else:
            if cell.level == confine.FULL:
                processes.end_all_others()
            send(b"\n")


def _compiled(source: str) -> Any:
    """The program's code; its text where it does not compile, so that each test's process fails on it as it would."""
    try:
        return compile(source, candidate.FILE_NAME, "exec", dont_inherit=True)
    except BaseException:  # noqa: BLE001 - SyntaxError and ValueError, RecursionError and MemoryError
        return source


def _one_test(source: str, cell: Cell, tests: Link, scratch: str, *, prelude: bool) -> Callable[[], None]:
    """What a test's own process runs, from its fork to its end."""
    program, names = _compiled(source), candidate.fresh_module("__main__", with_prelude=prelude)
    run_script, alone = candidate.run_script, _alone(cell)
    receive, send, room, unpack = tests.recvmsg, tests.send, CMSG_SPACE(16), numbers(4).unpack
    dup2, write, own_number, leave = os.dup2, os.write, os.getpid, os._exit
    word, close_ours, close_all = WORD.pack, confine.closer(END_FD + 1, cell), confine.closer(END_FD, cell)
    named = _named_stdin(scratch) if cell.level == confine.FULL else int

    def one() -> None:
        try:
            alone()
        except OSError:
            send(BROKEN)
            leave(1)
        _, given, _, _ = receive(1, room)
        if not given:
            leave(1)  # nobody asks
        stdin, stdout, stderr, end = unpack(given[0][2])
        dup2(named(stdin), 0)
        dup2(stdout, 1)
        dup2(stderr, 2)
        dup2(end, END_FD)
        write(END_FD, word(own_number()))
        close_ours()
        run_script(program, names, close_all)

    return one


def _alone(cell: Cell) -> Callable[[], None]:
    """The last layers of a test's process: it signals no process but those it starts, and ends with its parent."""
    spawner, own_number, enforce = os.getpid(), os.getpid, landlock.signals(cell.landlock_abi)
    if cell.level == confine.FULL:
        return enforce

    def alone() -> None:
        enforce()
        confine.leave_alone(cell, spawner if own_number() != spawner else None)

    return alone


def _named_stdin(scratch: str) -> Callable[[int], int]:
    """Standard input as a file in the scratch folder, where ``/dev/stdin`` points: there is no ``/proc`` to find it by.

    Made in the candidate's own process, which may do there what it likes; O_EXCL follows no link that it left. The
    descriptor itself, where an earlier test's program is in the way or has filled the folder: no name, then.
    """
    path, flags = f"{scratch}/.stdin", os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    unlink, create, copy, seek = os.unlink, os.open, os.sendfile, os.lseek

    def named(fd: int) -> int:
        try:
            try:  # noqa: SIM105 - it is there but for the first test
                unlink(path)
            except OSError:
                pass
            file = create(path, flags, 0o600)
            if copy(file, fd, 0, _WHOLE) != seek(fd, 0, 2):
                raise OSError  # noqa: TRY301
            seek(file, 0, 0)
        except OSError:
            seek(fd, 0, 0)
            return fd
        return file

    return named
