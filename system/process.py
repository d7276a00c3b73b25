"""Children under guard, and short commands whose output is wanted. See ``guard.py`` for how a child is kept.

Foreign errors stay OSError here (as ``subprocess`` raises them): the caller knows which of the user's flags named the
program and says so.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from system import guard

PIPE = subprocess.PIPE
DEVNULL = subprocess.DEVNULL
STDOUT = subprocess.STDOUT
Stream = int | IO[Any] | None
"""A descriptor, an open file, PIPE, DEVNULL, or None for our own."""


@dataclass(frozen=True, slots=True)
class Streams:
    """What a child reads and writes."""

    stdin: Stream = DEVNULL
    stdout: Stream = None
    stderr: Stream = None


_GUARD = str(Path(guard.__file__).resolve())
_START_S = 30.0  # a guard says its child's number within milliseconds; a machine that swaps takes seconds
_LAST_RESORT_S = 5.0


class GuardedProcess:
    """A child in its own process group that ends when we do, however we do. Thread-safe."""

    def __init__(self, popen: subprocess.Popen[bytes], lifeline: int, status: int, grace_s: float) -> None:
        self._popen, self._lifeline, self._status, self._grace_s = popen, lifeline, status, grace_s
        self._lock = threading.Lock()
        self._buffer = b""
        self._returncode: int | None = None
        self.pid: int = 0
        """The child's own number (not the guard's); also the number of its process group."""
        self.stdin: IO[bytes] | None = popen.stdin
        self.stdout: IO[bytes] | None = popen.stdout
        self.stderr: IO[bytes] | None = popen.stderr

    @classmethod
    def start(
        cls, argv: Sequence[str], streams: Streams = Streams(), *, env: Mapping[str, str] | None = None,
        grace_s: float = 5.0, limits: Mapping[str, int] | None = None,
    ) -> Self:
        """Starts ``argv`` and returns once it runs.

        ``env`` None is our own environment; ``limits`` are those of ``guard.LIMITS``, set on the child alone.
        Raises FileNotFoundError, PermissionError or another OSError when ``argv[0]`` cannot be run, ValueError for an
        unknown limit.
        """
        if unknown := set(limits or {}) - set(guard.LIMITS):
            raise ValueError(f"unknown limits {sorted(unknown)}; known are {sorted(guard.LIMITS)}")
        environment = dict(os.environ if env is None else env)
        lifeline_read, lifeline = os.pipe()
        status, status_write = os.pipe()
        config = {
            "lifeline": lifeline_read, "status": status_write, "parent": os.getpid(), "grace_s": grace_s,
            "limits": dict(limits or {}),
            # Python sets LC_CTYPE for itself in a bare environment; the child was not given it.
            "unset": [] if "LC_CTYPE" in environment else ["LC_CTYPE"],
        }
        try:
            popen = subprocess.Popen(
                [sys.executable, "-I", "-S", _GUARD, json.dumps(config), "--", *argv],
                env=environment, stdin=streams.stdin, stdout=streams.stdout, stderr=streams.stderr,
                start_new_session=True, pass_fds=(lifeline_read, status_write),
            )
        except BaseException:
            os.close(lifeline)
            os.close(status)
            raise
        finally:
            os.close(lifeline_read)
            os.close(status_write)
        child = cls(popen, lifeline, status, grace_s)
        try:
            child._begin(argv[0])
        except BaseException:
            child.kill()
            raise
        return child

    def _begin(self, program: str) -> None:
        """Reads the child's number, or why the program cannot be run."""
        word, value = self._next_word(time.monotonic() + _START_S)
        if word == "error":
            code = int(value)
            raise OSError(code, os.strerror(code), program)
        if word != "pid":
            raise OSError(errno.ECHILD, f"its guard did not start ({word or 'no word from it'} {value})", program)
        self.pid = int(value)

    def _next_word(self, deadline: float) -> tuple[str, str]:
        """The next line of the status pipe as (word, rest); ("", "") at its end or at the deadline."""
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            ready = self._status >= 0 and select.select([self._status], [], [], max(0.0, left))[0]
            piece = os.read(self._status, 4096) if ready else b""
            if not piece:
                return ("end" if ready else ""), ""
            self._buffer += piece
        line, _, self._buffer = self._buffer.partition(b"\n")
        word, _, rest = line.decode("utf-8", "replace").partition(" ")
        return word, rest

    @property
    def returncode(self) -> int | None:
        """The exit code, or minus the signal's number; None while it runs (as far as was looked)."""
        return self._returncode

    def poll(self) -> int | None:
        """Looks whether the child has ended; its exit code, minus its signal, or None."""
        return self.wait(0.0)

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Waits until the child and its group are gone; None if they are not after ``timeout_s``."""
        deadline = time.monotonic() + (1e9 if timeout_s is None else timeout_s)
        while self._returncode is None:
            if not self._lock.acquire(timeout=max(0.0, min(deadline - time.monotonic(), 1e6))):
                return None
            try:
                if not self._look(min(deadline, time.monotonic() + 0.1)) and time.monotonic() >= deadline:
                    return None
            finally:
                self._lock.release()
        return self._returncode

    def _look(self, deadline: float) -> bool:
        if self._returncode is not None:  # another thread has seen the end
            return True
        word, value = self._next_word(deadline)
        if word == "exit":
            self._finish(int(value))
        elif word == "signal":
            self._finish(-int(value))
        elif word == "end":  # the guard was killed; the kernel has killed the leader with it
            self._sweep_session()
            self._finish(-signal.SIGKILL)
        return self._returncode is not None

    def _finish(self, code: int) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(_LAST_RESORT_S)
        os.close(self._lifeline)
        os.close(self._status)
        self._lifeline = self._status = -1
        self._returncode = code

    def _sweep_session(self) -> None:
        """Kills what is left of the guard's session. The guard is not reaped yet, so the number is still its own."""
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                pid = int(entry.name)
                if pid != self._popen.pid and os.getsid(pid) == self._popen.pid:
                    os.kill(pid, signal.SIGKILL)

    def _say(self, word: bytes) -> None:
        """A word to the guard; the lifeline stays open, since our death still matters while the group is ended."""
        if self._lifeline >= 0:
            with contextlib.suppress(OSError):
                os.write(self._lifeline, word)

    def stop(self) -> int | None:
        """Ends the group: TERM, the grace, KILL. Idempotent; returns the child's exit code."""
        return self._stop(b"S", self._grace_s)

    def kill(self) -> int | None:
        """Ends the group by KILL at once. Idempotent; returns the child's exit code."""
        return self._stop(b"K", 0.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Stops the child and closes its pipes."""
        self.stop()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def _stop(self, word: bytes, grace_s: float) -> int | None:
        if self._returncode is None:
            with self._lock:
                self._say(word)
            if self.wait(grace_s + _LAST_RESORT_S) is None:
                self._popen.kill()  # the guard hangs: by its death the kernel kills the leader
                self.wait(_LAST_RESORT_S)
        return self._returncode


@dataclass(frozen=True, slots=True)
class Captured:
    """What a short command said."""

    code: int | None
    """Exit code, minus the signal's number, or None when it was stopped at the time limit."""
    stdout: str
    stderr: str


def capture(
    argv: Sequence[str], *, timeout_s: float = 10.0, env: Mapping[str, str] | None = None, max_bytes: int = 1 << 20,
) -> Captured:
    """Runs a short command under guard and returns its output (the first ``max_bytes``). Raises as ``start``."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = GuardedProcess.start(argv, Streams(stdout=out, stderr=err), env=env, grace_s=1.0)
        try:
            code = child.wait(timeout_s)
        finally:
            child.kill()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(max_bytes).decode("utf-8", "replace"))
    return Captured(code, texts[0], texts[1])
