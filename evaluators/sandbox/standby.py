"""A box that stands ready: a candidate, layers built, waiting for a program, in namespaces of its own.

The worker builds one ahead while another runs, so on a machine with a processor to spare a run costs the program and
its tests alone. A candidate is a fork of the worker, which never reads programs or tests; there was no run yet when it
was forked, and so there is nothing of one that it could have inherited. A box serves one run and dies with it.

At ``full`` the first process of its pid namespace is one that only waits to be killed: with it the kernel ends all that
is in the namespace, and it costs no fork, since it has no memory of its own (``system/sandbox/calls.py``).
"""

from __future__ import annotations

import os
from collections.abc import Callable

from evaluators.sandbox import candidate, descriptors, handles, protocol, spawner, turns, upstream
from evaluators.sandbox.spawn import BUILT
from system.sandbox import confine, limits, namespaces, processes, scratch
from system.sandbox.confine import SOCKET_FD, Cell
from system.sandbox.limits import Limits

MAX_LINE = 65536
_SCRATCH_AT_FULL = "/tmp"  # noqa: S108 - private to each run


class Box:
    """The worker's handle. ``cell`` are the layers; ``entered`` the worker's namespaces at ``full``; ``worker_scratch``
    the folder that holds a scratch folder a run at the other levels.
    """

    def __init__(self, cell: Cell, entered: namespaces.Worker | None, worker_scratch: str, private: tuple[int, ...],
                 allowed: Limits) -> None:
        """``private``: the worker's own descriptors, for the candidate to close at once. Raises OSError."""
        self.folder = scratch.new(worker_scratch) if worker_scratch else ""
        self.scratch_limits = (allowed.scratch_bytes, allowed.scratch_files)
        self.first: processes.Child | None = None
        if entered:
            namespaces.next_run(entered)
            self.first = processes.Idle()
        self.link, theirs = descriptors.pair()

        own_mounts = namespaces.private_scratch(*self.scratch_limits)

        def body() -> None:
            for fd in (*private, self.link.fileno()):
                os.close(fd)
            if entered:
                processes.Idle.join()
                own_mounts()
            _candidate(cell, self.folder or _SCRATCH_AT_FULL, theirs.fileno())

        try:
            self.candidate = processes.fork_single(body)
        except OSError:
            if self.first:
                self.first.kill()
            raise
        theirs.close()

    def fits(self, allowed: Limits) -> bool:
        """Whether it lives, and its scratch space, the one thing made in advance, is as the run's limits say."""
        same = bool(self.folder) or self.scratch_limits == (allowed.scratch_bytes, allowed.scratch_files)
        return same and not self.candidate.poll() and not (self.first and self.first.poll())

    def members(self, proc: int) -> list[int]:
        """Those processes of the run from which all others descend."""
        return [self.candidate.pid, *(processes.children_of(self.first.pid, proc) if self.first else ())]

    def small(self, proc: int) -> bool:
        """Whether nothing is in the run but what every run has. At ``full``, and before ``end``."""
        left = self.first is None or processes.alone(self.first.pid, proc)
        return left and (self.candidate.poll() or processes.alone(self.candidate.pid, proc))

    def end(self) -> None:
        """All processes of the run are killed. At ``full`` they may still be ending: see ``gone``."""
        self.link.close()
        (self.first or self.candidate).kill_now()

    def gone(self, within_s: float = 0.0) -> bool:
        """Whether nothing is left of the run's processes. The first one ends last, after those that are waited for."""
        ended = self.candidate.wait(within_s) and (self.first is None or self.first.wait(within_s))
        if ended:
            self.candidate.close()
            if self.first:
                self.first.close()
        return ended


_DRIVERS: dict[str, Callable[[str, str | None, bool, int], None]] = {
    "calls": candidate.serve_calls, "upstream": upstream.serve, "objects": handles.serve}
"""How a candidate that is asked is driven."""


def _candidate(cell: Cell, folder: str, link: int) -> None:
    """The candidate: builds its layers, waits for its program, and runs it."""
    os.chdir(folder)
    if cell.level != confine.FULL:
        confine.set_environment(folder)
    null = os.open(os.devnull, os.O_RDWR)  # its own: what is locked on it goes with it
    confine.confine(cell, folder)
    confine.take_streams(null, null, null)
    os.dup2(link, SOCKET_FD)
    confine.close_others(SOCKET_FD + 1, cell)
    candidate.settle(folder)
    receiver = descriptors.Link(fileno=SOCKET_FD)
    line, given = descriptors.receive_with(receiver, MAX_LINE, 1)
    receiver.detach()
    if len(given) != 1:
        return  # nobody will ask anything
    header = protocol.from_json(line[:-1].decode())
    source = descriptors.read_all(given[0], 1 << 30).decode("utf-8", "surrogatepass")
    os.close(given[0])
    prelude = bool(header["prelude"])
    allowed = Limits(**header["limits"])
    if header["mode"] == "stdin":
        limits.apply(allowed, cell.processes and cell.processes + turns.AHEAD)
        protocol.send_bytes(SOCKET_FD, BUILT)
        spawner.serve_tests(source, cell, prelude=prelude, scratch=folder)
        return
    confine.admit(cell, allowed)
    protocol.send_bytes(SOCKET_FD, BUILT)
    _DRIVERS[header["mode"]](source, header["entry"], prelude, SOCKET_FD)
