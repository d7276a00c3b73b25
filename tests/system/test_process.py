from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from system.process import DEVNULL, PIPE, GuardedProcess, Streams, capture
from tests import skips

PY = sys.executable


def gone(pid: int, within_s: float = 2.0) -> bool:
    """Whether the process is gone (or a zombie that nobody has reaped yet) within the time."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


Start = Callable[..., tuple[GuardedProcess, IO[bytes]]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts children with a pipe for stdout and returns both; all are gone after the test."""
    with contextlib.ExitStack() as stack:
        def begin(argv: list[str], stdin: int = DEVNULL, **how: Any) -> tuple[GuardedProcess, IO[bytes]]:
            child = stack.enter_context(GuardedProcess.start(argv, Streams(stdin, PIPE), **how))
            assert child.stdout is not None
            return child, child.stdout

        yield begin


def sleeper(extra: str = "") -> list[str]:
    return [PY, "-c", f"import os,signal,sys,time\n{extra}\nprint(os.getpid(), flush=True)\ntime.sleep(60)"]


def test_exit_codes_and_output_come_through() -> None:
    done = capture([PY, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"])
    assert (done.code, done.stdout, done.stderr) == (7, "out\n", "err\n")


def test_a_death_by_signal_is_told_as_a_negative_code() -> None:
    assert capture([PY, "-c", "import os; os.kill(os.getpid(), 11)"]).code == -signal.SIGSEGV


def test_a_command_that_hangs_is_ended_at_its_limit() -> None:
    started = time.monotonic()
    assert capture(sleeper(), timeout_s=0.5).code is None
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("program", "error"), [
    ("/no/such/program", FileNotFoundError), ("/etc/passwd", PermissionError)])
def test_a_program_that_cannot_be_run_raises_as_subprocess_does(program: str, error: type[OSError]) -> None:
    with pytest.raises(error) as caught:
        GuardedProcess.start([program])
    assert caught.value.filename == program


def test_unknown_limits_are_refused_before_anything_starts() -> None:
    with pytest.raises(ValueError, match="unknown limits"):
        GuardedProcess.start([PY, "-c", ""], limits={"adress_space": 1})


def test_limits_hold_for_the_child_alone(start: Start) -> None:
    code = "from resource import *; print(getrlimit(RLIMIT_AS)[0], getrlimit(RLIMIT_CPU)[0])"
    child, out = start([PY, "-c", code], limits={"address_space_bytes": 1 << 30, "cpu_s": 9})
    assert out.read().split() == [b"1073741824", b"9"]
    assert child.wait(5) == 0


def test_the_child_sees_exactly_the_environment_it_was_given(start: Start) -> None:
    child, out = start(["/usr/bin/env"], env={"ONLY": "this"})
    assert out.read() == b"ONLY=this\n"
    child.stop()


def test_the_child_has_default_signals_and_leads_its_own_group() -> None:
    code = ("import os,signal; print(os.getpgid(0)==os.getpid(), "
            "[signal.getsignal(s)==signal.SIG_DFL for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)])")
    assert capture([PY, "-c", code]).stdout == "True [True, True, True]\n"


def test_stdin_reaches_the_child_and_its_end_too(start: Start) -> None:
    child, out = start(["/bin/cat"], stdin=PIPE)
    assert child.stdin is not None
    child.stdin.write(b"hello")
    child.stdin.close()
    assert out.read() == b"hello"
    assert child.wait(5) == 0


def test_stop_is_idempotent_and_gives_term_before_kill(start: Start) -> None:
    child, out = start(
        sleeper("signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(3)))"))
    out.readline()
    assert child.poll() is None
    assert child.stop() == 3
    assert child.stop() == 3
    assert out.read() == b"bye\n"


def test_a_child_that_ignores_term_is_killed_after_the_grace(start: Start) -> None:
    child, out = start(sleeper("signal.signal(signal.SIGTERM, signal.SIG_IGN)"), grace_s=0.3)
    out.readline()
    started = time.monotonic()
    assert child.stop() == -signal.SIGKILL
    assert 0.25 < time.monotonic() - started < 3


def test_grandchildren_go_too_even_those_that_left_the_group(start: Start) -> None:
    code = ("import subprocess,sys,time\n"
            "for new in (False, True):\n"
            "    p=subprocess.Popen([sys.executable,'-c','import signal,time; signal.signal(15,1); time.sleep(60)'],"
            "start_new_session=new); print(p.pid, flush=True)\n"
            "time.sleep(0.3)")
    child, out = start([PY, "-c", code], grace_s=0.3)
    pids = [int(out.readline()) for _ in range(2)]
    assert child.wait(10) == 0  # it exits by itself, its children do not
    assert all(gone(pid, 0.5) for pid in pids)


@pytest.mark.parametrize("ignore_term", [False, True])
def test_kill_9_of_the_runner_leaves_nothing_two_seconds_later(ignore_term: bool) -> None:
    extra = "signal.signal(signal.SIGTERM, signal.SIG_IGN)" if ignore_term else ""
    code = (f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n"
            "from system.process import GuardedProcess; import time\n"
            f"c=GuardedProcess.start({sleeper(extra)!r}); time.sleep(60)")
    runner = subprocess.Popen([PY, "-c", code], stdout=subprocess.PIPE)
    assert runner.stdout is not None
    pid = int(runner.stdout.readline())
    runner.kill()
    runner.wait()
    assert gone(pid, 2.0)
    runner.stdout.close()


def test_a_fork_of_the_runner_that_lives_on_does_not_keep_the_child_alive() -> None:
    code = (f"import sys; sys.path.insert(0, {str(Path.cwd())!r})\n"
            "from system.process import GuardedProcess; import os, time\n"
            f"c=GuardedProcess.start({sleeper()!r})\n"
            "f=os.fork()\n"
            "if f: print('fork', f, flush=True)\n"
            "time.sleep(60)")
    runner = subprocess.Popen([PY, "-c", code], stdout=subprocess.PIPE)
    assert runner.stdout is not None
    lines = [runner.stdout.readline().split() for _ in range(2)]
    fork = next(int(words[1]) for words in lines if words[0] == b"fork")
    pid = next(int(words[0]) for words in lines if words[0] != b"fork")
    try:
        runner.kill()
        runner.wait()
        assert gone(pid, 2.0)
    finally:
        os.kill(fork, signal.SIGKILL)
        runner.stdout.close()


@skips.needs("linux", there=sys.platform == "linux")
def test_a_killed_guard_takes_the_child_along(start: Start) -> None:
    child, out = start(sleeper())
    pid = int(out.readline())
    os.kill(psutil.Process(pid).ppid(), signal.SIGKILL)
    assert child.wait(5) == -signal.SIGKILL
    assert gone(pid)


def test_the_guard_shrugs_off_the_signals_of_a_terminal(start: Start) -> None:
    child, out = start(sleeper())
    pid = int(out.readline())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(psutil.Process(pid).ppid(), number)
    time.sleep(0.2)
    assert child.poll() is None
    assert child.kill() == -signal.SIGKILL


def test_many_threads_may_wait_and_stop_at_once(start: Start) -> None:
    child, _out = start(sleeper())
    seen: list[int | None] = []
    threads = [threading.Thread(target=lambda: seen.append(child.wait(10))) for _ in range(3)]
    threads += [threading.Thread(target=lambda: seen.append(child.stop())) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [-signal.SIGTERM] * 6
