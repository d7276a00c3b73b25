"""Forks, and looking after what was forked. The only place of the sandbox that makes a process from a process."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import re
import select
import signal
import sys
import time
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass

from system.sandbox import calls, limits, seatbelt

_ANONYMOUS = re.compile(r"^Rss(?:Anon|Shmem):\s+(\d+) kB$", re.MULTILINE)
_POLL_S = 0.002
_MOST_PROCESSES = 500
_MOST_THREADS = 100
_STACK_BYTES = 4096
_leave = os._exit
_EXITING = 0x4  # PF_EXITING of the kernel's flags of a process
_FLAGS, _THREADS = 6, 17  # fields of its stat, after the name


class Child:
    """A forked process, held by a pidfd where the system has one, so that its number cannot be another's."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.fd = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
        self.status: int | None = None
        """What waitpid said, once it has ended."""
        self.cpu_used_s = 0.0
        """Processor seconds of it and of what it waited for, once it has ended."""

    def poll(self) -> bool:
        """True once it has ended."""
        if self.status is None:
            pid, status, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                self.status, self.cpu_used_s = status, usage.ru_utime + usage.ru_stime
        return self.status is not None

    def wait(self, timeout_s: float | None = None) -> bool:
        """True if it ended within ``timeout_s`` (None: however long it takes)."""
        if self.fd >= 0:
            select.select([self.fd], [], [], None if timeout_s is None else max(0.0, timeout_s))
            return self.poll()
        end = None if timeout_s is None else time.monotonic() + timeout_s
        while not self.poll():
            if end is not None and time.monotonic() >= end:
                return False
            time.sleep(_POLL_S)
        return True

    def cpu_s(self) -> float:
        """Processor seconds so far, all its threads."""
        return self.cpu_used_s if self.status is not None else limits.cpu_s(self.pid) or 0.0

    def kill(self) -> None:
        """KILL to it and to its process group, if it leads one; waits for it."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def kill_now(self) -> None:
        """KILL to it alone; does not wait."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def fork(body: Callable[[], None]) -> Child:
    """A child that runs ``body`` and exits, 0 or, if it raised, 120; nothing of the parent's stack runs in it.

    On Linux it does not outlive the thread that forked it.
    """
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _run_and_leave(body, parent)
    return Child(pid)


def _run_and_leave(body: Callable[[], None], parent: int | None) -> None:
    status = 120
    try:
        if parent is not None and sys.platform == "linux":
            calls.die_with_parent(parent=parent)
        body()
        status = 0
    finally:
        os._exit(status)


def fork_single(body: Callable[[], None]) -> Child:
    """As ``fork``, and cheaper, for a process that has never had a second thread."""
    parent = os.getpid()
    pid = calls.fork()
    if pid == 0:
        _run_and_leave(body, parent)
    return Child(pid)


def fork_bare(body: Callable[[], None]) -> int:
    """The same for a confined process, which may hold no pidfd, and ask for no signal at its parent's end.

    ``body`` does not return. Gives the child's number, to be waited for by ``os.waitpid``.
    """
    pid = calls.fork()
    if not pid:
        try:
            body()
        finally:
            _leave(120)
    return pid


class Idle(Child):
    """A child that is there to be killed: the first process of a pid namespace, whose end is the end of all in it.

    It leads a process group, for those that follow to ``join``: signals to one's group know no namespace.
    """

    def __init__(self) -> None:
        self._stack = ctypes.create_string_buffer(_STACK_BYTES)
        super().__init__(calls.idle(self._stack))
        os.setpgid(self.pid, self.pid)

    @staticmethod
    def join() -> None:
        """For a later process of that namespace: into the first one's group."""
        os.setpgid(0, 1)


def end_orphans(spared: Container[int] = ()) -> None:
    """Kills and reaps every child there is but those ``spared``: what fell to us as subreaper. Gives up after about a
    second.
    """
    for _ in range(_MOST_PROCESSES):
        orphans = [child for child in children_of(os.getpid()) if child not in spared]
        if not orphans:
            return
        for child in orphans:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, os.WNOHANG)
        time.sleep(_POLL_S)


def end_all_others() -> None:
    """Kills every process of our pid namespace but us and its first, and reaps those that are ours.

    For a subreaper in a namespace made for one run: anywhere else it would end what is nobody's business here.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def children_of(pid: int, proc: int | None = None) -> list[int]:
    """Process numbers of the children of ``pid``, by ``/proc`` (or its open descriptor ``proc``); [] if gone.

    Of all its threads: the kernel keeps a list for each.
    """
    lists = [_read(f"{pid}/task/{thread}/children", proc) for thread in _threads(pid, proc)]
    return [int(word) for children in lists for word in children.split()]


def alone(pid: int, proc: int) -> bool:
    """Whether ``pid`` has one thread and no children that have not been waited for; False if it is gone."""
    try:
        threads = os.stat(f"{pid}/task", dir_fd=proc).st_nlink - 2
    except OSError:
        return False
    return threads == 1 and not _read(f"{pid}/task/{pid}/children", proc)


def children_of_thread(pid: int, proc: int) -> list[str]:
    """The same of its first thread alone."""
    return _read(f"{pid}/task/{pid}/children", proc).split()


def is_exiting(pid: int, proc: int) -> bool:
    """Whether no line of it will ever run again, nor of a child or thread of it: it has one thread, which the kernel is
    ending, and no children. False if it is gone.
    """
    fields = _stat(pid, proc)
    return (len(fields) > _THREADS and int(fields[_FLAGS]) & _EXITING != 0 and fields[_THREADS] == "1"
            and not children_of_thread(pid, proc))


def has_ended(pid: int, proc: int) -> bool:
    """Whether it is gone, or there only until somebody has waited for it, or for threads of its own."""
    return _stat(pid, proc)[:1] in ([], ["Z"], ["X"])


def _stat(pid: int, proc: int | None) -> list[str]:
    """The fields that follow the name in its stat; [] if it is gone."""
    stat = _read(f"{pid}/stat", proc)
    return stat[stat.rfind(")") + 2:].split()


def tree_use(pid: int, proc: int | None = None) -> tuple[int, float]:
    """(resident bytes that are no file's, processor seconds) of ``pid`` and its descendants; (0, 0.0) if unknown.

    Anonymous memory that is shared counts for each process that holds it: ``statm`` calls it a file's.
    """
    if platform.system() == "Darwin":
        return seatbelt.tree_use(pid)
    memory, ticks, seen = 0, 0, 0
    pending = [pid]
    while pending and seen < _MOST_PROCESSES:
        current = pending.pop()
        seen += 1
        fields = _stat(current, proc)
        memory += _anonymous(current, proc)
        if len(fields) > 14:
            ticks += sum(int(field) for field in fields[11:15])  # own and waited-for, user and system
        pending += children_of(current, proc)
    return memory, ticks / os.sysconf("SC_CLK_TCK")


def _anonymous(pid: int, proc: int | None) -> int:
    """Its bytes that are no file's. A first thread that has ended, and others not, tells nothing of the memory."""
    for thread in _threads(pid, proc):
        if found := _ANONYMOUS.findall(_read(f"{pid}/task/{thread}/status", proc)):
            return sum(map(int, found)) << 10
    return 0


@dataclass(frozen=True)
class Use:
    """What a tree of processes has had of the processors."""

    cpu_s: float
    longest_wait_s: float
    """Ready to run and not running: of the thread that waited longest. What waits for a thread of its own sleeps."""


def sockets(proc: int) -> int:
    """How many sockets there are in the caller's network namespace; 0 if unknown."""
    words = _read("thread-self/net/sockstat", proc).split()
    return int(words[2]) if words[:2] == ["sockets:", "used"] else 0


def use_of(pids: Iterable[int], proc: int) -> Use | None:
    """Of these processes and their descendants, by the open ``/proc``. None where the kernel does not tell."""
    longest = -1
    cpu_s = 0.0
    pending = list(pids)
    for pid in pending:
        cpu_s += tree_use(pid, proc)[1]
    for _ in range(_MOST_PROCESSES):
        if not pending:
            break
        pid = pending.pop()
        for thread in _threads(pid, proc)[:_MOST_THREADS]:
            words = _read(f"{pid}/task/{thread}/schedstat", proc).split()
            longest = max(longest, int(words[1]) if len(words) > 1 else -1)
        pending += children_of(pid, proc)
    return Use(cpu_s, longest / 1e9) if longest >= 0 else None


def _threads(pid: int, proc: int | None) -> list[str]:
    name = f"{pid}/task"
    try:
        fd = os.open(name if proc is not None else f"/proc/{name}", os.O_RDONLY | os.O_DIRECTORY, dir_fd=proc)
    except OSError:
        return []
    try:
        return os.listdir(fd)[:_MOST_PROCESSES]  # noqa: PTH208 - of a descriptor
    except OSError:
        return []
    finally:
        os.close(fd)


def _read(name: str, proc: int | None) -> str:
    try:
        fd = os.open(name if proc is not None else f"/proc/{name}", os.O_RDONLY, dir_fd=proc)
    except OSError:
        return ""
    try:
        return os.read(fd, 65536).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
