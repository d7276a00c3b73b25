"""A small program that stands between us and a child, so that the child never outlives us.

Theory of operation
-------------------
The runner starts ``python -I -S guard.py CONFIG -- ARGV…`` in a session of its own. The guard starts ARGV as the leader
of a new process group and then waits for whichever comes first:

* the *lifeline*, a pipe whose only writing end the runner holds, is closed. The kernel closes it however the runner
  ends, SIGKILL included. An ``S`` read before means an ordinary stop (the full grace), a ``K`` means kill at once,
  plain end of file means that the runner is dead (a short grace, since nobody is waiting). The pipe stays open while
  the group is being ended, so that a runner killed then is noticed as well.
* the parent is no longer the runner. A second sign of its death, in case a fork of the runner still holds the pipe.
* the child exits.

Then the group gets TERM, the grace, KILL. The leader is reaped only after the last signal to its group, so that the
group's number cannot have passed to a stranger. On Linux the guard is a *subreaper*: grandchildren that left the group
become its children and are killed one by one, and the leader dies by PR_SET_PDEATHSIG if the guard itself is killed.
The *status* pipe tells the runner ``pid N`` (or ``error ERRNO``: the program cannot be run), and once nothing of the
group is left ``exit N`` or ``signal N``. The guard ignores the signals of a terminal and imports the standard
library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from typing import Any, NoReturn

LIMITS = {
    "address_space_bytes": resource.RLIMIT_AS,
    "cpu_s": resource.RLIMIT_CPU,
    "file_size_bytes": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
    "processes": resource.RLIMIT_NPROC,
    "core_bytes": resource.RLIMIT_CORE,
}
ORPHANED_GRACE_S = 1.0  # the runner is dead: users were promised that nothing is left two seconds later
PARENT_CHECK_S = 0.25
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
IGNORED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _become_child(config: dict[str, Any], argv: list[str], report: int) -> NoReturn:
    """In the fork: group, limits, default signals, exec. ``report`` closes by the exec, or carries why not."""
    try:
        os.setpgid(0, 0)
        guard = int(config["guard"])
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != guard:  # the guard died before the line above
            os._exit(127)
        for name in (*IGNORED, signal.SIGCHLD):
            signal.signal(name, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        for name, value in config["limits"].items():
            hard = resource.getrlimit(LIMITS[name])[1]
            wanted = int(value) if hard == resource.RLIM_INFINITY else min(int(value), hard)
            resource.setrlimit(LIMITS[name], (wanted, wanted))
        environment = {k: v for k, v in os.environ.items() if k not in config["unset"]}
        os.execvpe(argv[0], argv, environment)  # noqa: S606  # starting programs is what a guard is for
    except OSError as error:
        os.write(report, b"error %d\n" % (error.errno or 0))
    except BaseException as error:  # noqa: BLE001  # nothing may return into the guard's own loop
        os.write(report, f"failed {error!r}\n".encode())
    os._exit(127)


class Leader:
    """The child, as the leader of its group."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def exited(self) -> bool:
        """Whether it has exited; it stays a zombie, so that its group's number stays ours."""
        if self._status is not None:
            return True
        if hasattr(os, "waitid"):
            return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        done, status = os.waitpid(self.pid, os.WNOHANG)  # Python on macOS has no waitid before 3.13
        self._status = status if done else None
        return bool(done)

    def reap(self) -> int:
        """Its wait status; waits for it."""
        return os.waitpid(self.pid, 0)[1] if self._status is None else self._status


def _children() -> list[int]:
    """Our own children, adopted grandchildren included; empty where /proc cannot tell."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:  # noqa: PTH123  # light imports
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        os.killpg(pid, number)


def _wait_until_alone(leader: Leader, grace_s: float, wake: int, lifeline: int) -> None:
    """Until the leader has exited and no other child is left, at most ``grace_s`` seconds; less if the runner dies
    meanwhile or asks for KILL.
    """
    deadline = time.monotonic() + grace_s
    watched = [wake, lifeline]
    while (left := deadline - time.monotonic()) > 0:
        if leader.exited() and all(child == leader.pid for child in _children()):
            return
        ready, _, _ = select.select(watched, [], [], min(left, 0.05))
        _drain(wake)
        if lifeline in ready:
            word = os.read(lifeline, 1)
            if word == b"K":
                return
            if not word:
                watched.remove(lifeline)
                deadline = min(deadline, time.monotonic() + ORPHANED_GRACE_S)


def _drain(wake: int) -> None:
    try:
        while os.read(wake, 512):
            pass
    except BlockingIOError:
        pass


def _end(leader: Leader, grace_s: float, wake: int, lifeline: int) -> int:
    """TERM, grace, KILL for the group and for what had left it; returns the leader's wait status."""
    if grace_s > 0:
        _signal_group(leader.pid, signal.SIGTERM)
        _wait_until_alone(leader, grace_s, wake, lifeline)
    _signal_group(leader.pid, signal.SIGKILL)
    result = leader.reap()
    while children := _children():
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
            except (ProcessLookupError, ChildProcessError):
                pass
    return result


def _watch(leader: Leader, lifeline: int, parent: int, wake: int, grace_s: float) -> float:
    """Waits for a reason to end; returns the grace in seconds that the reason allows."""
    while True:
        ready, _, _ = select.select([lifeline, wake], [], [], PARENT_CHECK_S)
        if lifeline in ready:
            word = os.read(lifeline, 1)
            return {b"S": grace_s, b"K": 0.0}.get(word, min(grace_s, ORPHANED_GRACE_S))
        _drain(wake)
        if leader.exited():
            return grace_s
        if os.getppid() != parent:
            return min(grace_s, ORPHANED_GRACE_S)


def main() -> int:
    for name in IGNORED:
        signal.signal(name, signal.SIG_IGN)
    config: dict[str, Any] = json.loads(sys.argv[1])
    argv = sys.argv[3:]
    lifeline, status = int(config["lifeline"]), int(config["status"])
    wake, wake_write = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    for fd in (lifeline, status):
        os.set_inheritable(fd, False)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    config["guard"] = os.getpid()
    report, report_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_child(config, argv, report_write)
    os.close(report_write)
    with contextlib.suppress(PermissionError, ProcessLookupError):
        os.setpgid(pid, pid)  # both sides set it: whoever comes first, nobody signals the wrong group
    if trouble := os.read(report, 4096):  # empty once the exec has happened
        os.waitpid(pid, 0)
        os.write(status, trouble)
        return 127
    os.write(status, b"pid %d\n" % pid)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):  # a pipe of the child's must close when the child closes it
        os.dup2(nowhere, fd)
    os.chdir("/")
    leader = Leader(pid)
    grace_s = _watch(leader, lifeline, int(config["parent"]), wake, float(config["grace_s"]))
    result = _end(leader, grace_s, wake, lifeline)
    code = os.waitstatus_to_exitcode(result)
    os.write(status, b"signal %d\n" % -code if code < 0 else b"exit %d\n" % code)
    return 0


if __name__ == "__main__":
    sys.exit(main())
