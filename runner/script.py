"""The benchmark script's process: started with its request, its lines as they come, its draws.

Both pipes have a thread of their own, so neither side ever waits for the other: the script may print while we still
send draws. Lines go into the run's one queue; nothing is interpreted here. What the script writes to stderr goes to
``script.log``, what it prints is kept as it is in ``script.out``, whether or not a parser can read it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.errors import BenchError, ScriptError, UsageError
from system.clock import sleep_s
from system.files import remedy
from system.process import PIPE, GuardedProcess, Streams
from system.work_done import cpu_seconds

LINE_LIMIT = 64 * 1024 * 1024
"""Longest line taken from a script, in bytes; the rest of a longer one is dropped and the line counts as unreadable."""

OUTPUT_LIMIT = 2 * 1024 * 1024 * 1024
"""Most that a script may print, in bytes: a thousand long replies are a hundredth of it; a script in an endless loop
would fill the disk."""

_AHEAD_LINES = 1_000
_LONG_LINE = 1024 * 1024
"""Lines that may wait for the loop: so many, and of long ones none. A script that prints faster waits at its pipe."""

_ROOM_POLL_S = 0.005
_JOIN_S = 5.0  # the pipes are closed by then; a grandchild that kept one open does not hold the run

OUTPUT = "script.out"
"""In the run folder: the script's standard output."""

KEY_VARIABLE = "BENCH_API_KEY"
"""Where a script finds the server's key when the server is ours."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the script's standard output."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The script closed its standard output."""


def command_for(script: Path) -> list[str]:
    """How to start a script: Python files with our interpreter, anything else by its own run bit.

    Raises UsageError when there is no such file or it cannot be run.
    """
    if script.is_dir():
        raise UsageError(f"--script {script}: this is a folder; name the program in it.")
    if not script.is_file():
        raise UsageError(f"--script {script}: there is no such file.")
    if script.suffix == ".py":
        return [sys.executable, str(script.resolve())]  # absolute: a name like -c.py would be read as a flag
    if not os.access(script, os.X_OK):
        raise UsageError(f"--script {script}: the file has no run bit; chmod +x {script} and give it a '#!' line.")
    return [str(script.resolve())]


def environment(request_file: Path, request: Mapping[str, Any], api_key: str | None, root: Path) -> dict[str, str]:
    """The script's environment: ours, the request, and the few values that a shell script wants by name."""
    env = dict(os.environ)
    env["BENCH_REQUEST"] = str(request_file)
    env["BENCH_BASE_URL"] = str(request["base_url"])
    env["BENCH_MODEL"] = str(request["model"])
    env["BENCH_TASKS_FILE"] = str(request["tasks_file"])
    env["PYTHONPATH"] = os.pathsep.join([str(root), *filter(None, [env.get("PYTHONPATH")])])
    if api_key is not None:
        env[KEY_VARIABLE] = env[str(request["api_key_env"] or KEY_VARIABLE)] = api_key
    return env


class Script:
    """A running benchmark script. ``events`` receives Line and, last, Finished."""

    def __init__(self, argv: list[str], env: Mapping[str, str], folder: Path, events: queue.Queue[Any]) -> None:
        self._events = events
        self._output = folder / OUTPUT
        self._out: queue.Queue[bytes | None] = queue.Queue()
        self._problem: BenchError | None = None
        self._stopping = threading.Event()
        self._let_go = False
        with (folder / "script.log").open("ab") as stderr:
            try:
                self._process = GuardedProcess.start(
                    argv, Streams(PIPE, PIPE, stderr), env=env, grace_s=3.0
                )
            except OSError as error:
                reason = error.strerror or str(error)
                if error.errno == errno.ECHILD:  # killed before it ran; nothing about the file
                    raise ScriptError(f"{argv[0]}: the benchmark script was ended at its start ({reason}).") from error
                raise UsageError(f"--script {argv[0]}: it cannot be started ({reason}); does its first line name an "
                                 "interpreter that is here, like #!/bin/sh?") from error
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise OSError("the script's pipes were not opened")
        self._threads = [
            threading.Thread(target=self._read, args=(stdout,), daemon=True, name="script-lines"),
            threading.Thread(target=self._write, args=(stdin,), daemon=True, name="script-draws"),
        ]
        for thread in self._threads:
            thread.start()

    def work_s(self) -> float:
        """Processor seconds that it and all it started have used."""
        return cpu_seconds(self._process.pid)

    def draw(self, task_id: str, sample: int, count: int, seed: int) -> None:
        """Asks an interactive script for ``count`` samples from index ``sample`` on."""
        self._send({"draw": {"task_id": task_id, "sample": sample, "count": count, "seed": seed}})

    def end(self) -> None:
        """Tells an interactive script that no draw will follow."""
        self._send({"end": True})
        self._out.put(None)

    def finish(self, timeout_s: float = 10.0) -> int:
        """Waits for the exit status; one that lingers after closing its output is stopped.

        Raises BenchError when its output could not be kept, ScriptError when it printed without end.
        """
        self._out.put(None)
        status = None if self._problem else self._process.wait(timeout_s)
        self.stop()
        if self._problem is not None:
            raise self._problem
        return 0 if status is None or self._let_go else status

    def let_go(self) -> str:
        """Stops it, as it has done its work and does not exit; that is no failure. A sentence that says so."""
        self._let_go = True
        self._process.stop()
        return ("the benchmark script had answered all that it was asked and did not exit when it was told so; it was "
                "stopped, and nothing is lost")

    def stop(self) -> None:
        """Ends the script and all it started; safe to call again."""
        self._stopping.set()
        self._out.put(None)
        self._process.stop()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _send(self, message: Mapping[str, Any]) -> None:
        self._out.put(json.dumps(message).encode() + b"\n")

    def _read(self, stdout: IO[bytes]) -> None:
        """Whatever happens here, Finished comes last: the loop waits for it."""
        try:
            with stdout, self._output.open("ab") as kept:
                self._copy(stdout, kept)
        except OSError as error:
            self._problem = BenchError(
                f"{self._output}: what the script prints cannot be kept ({error.strerror}); {remedy(error)}, then run "
                "the same command again to go on"
            )
        finally:
            self._events.put(Finished())

    def _copy(self, stdout: IO[bytes], kept: IO[bytes]) -> None:
        left = OUTPUT_LIMIT
        while line := stdout.readline(LINE_LIMIT):
            rest = line
            while rest:
                kept.write(rest)
                left -= len(rest)
                rest = b"" if rest.endswith(b"\n") or left < 0 else stdout.readline(LINE_LIMIT)
            if left < 0:
                self._problem = ScriptError(
                    f"the benchmark script printed more than {OUTPUT_LIMIT >> 20} MiB and was stopped; what it printed "
                    f"is in {self._output}."
                )
                return
            kept.flush()
            self._wait_for_room(0 if len(line) > _LONG_LINE else _AHEAD_LINES)
            self._events.put(Line(line.decode("utf-8", "replace").rstrip("\r\n")))

    def _wait_for_room(self, most: int) -> None:
        while self._events.qsize() > most and not self._stopping.is_set():
            sleep_s(_ROOM_POLL_S)

    def _write(self, stdin: IO[bytes]) -> None:
        with contextlib.suppress(OSError, ValueError):  # a script that stopped reading is seen by its end
            while (data := self._out.get()) is not None:
                stdin.write(data)
                stdin.flush()
        with contextlib.suppress(OSError, ValueError):
            stdin.close()


def log_tail(path: Path, lines: int = 8) -> tuple[str, ...]:
    """The last lines of a log, at most 8 KiB of it."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 8192))
            text = log.read().decode("utf-8", "replace")
    except OSError:
        return ()
    return tuple(text.splitlines()[-lines:])
