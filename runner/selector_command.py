"""``--selector command:PATH``: the user's own program scores an answer.

It is started once a candidate, in the user's own rights and folder, gets one JSON object on its standard input, and
prints one number on its standard output; the higher the better. The object holds ``task_id``, ``prompt`` (the task's
fields as the benchmark script sees them), ``response`` and ``answer``; never a reference or a hidden test. A program
that fails, prints something else or takes more than ``TIMEOUT_S`` leaves the score unknown: what came of it is counted
and told, and the other selectors decide.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from pathlib import Path
from threading import Lock

from core.errors import UsageError
from core.records import Answer, Sample, Task
from evaluators.sandbox.protocol import shown
from system.clock import monotonic_s
from system.process import GuardedProcess, Streams

TIMEOUT_S = 30.0
MAX_OUTPUT = 64 << 10
"""Bytes on each of its two streams; a program that writes more is stopped."""
_LOOK_S = 0.05


class NoScore(Exception):
    """The program gave no score; the text says why, in one line."""


def find(path: str) -> str:
    """The program's file. UsageError where there is none that can be run."""
    wanted = os.path.expanduser(path)  # noqa: PTH111 - as a shell would have, had the name stood alone
    found = shutil.which(wanted)
    if found is not None:
        return str(Path(found).resolve())
    if Path(wanted).is_file():
        raise UsageError(f"--selector command:{path}: {wanted} is no program that can be run; make it executable "
                         f"(chmod +x {wanted}) and give it a first line such as #!/usr/bin/env python3.")
    raise UsageError(f"--selector command:{path}: there is no program {wanted}; give the path of one that reads a JSON "
                     "object on standard input and prints a number (docs/selectors.md).")


class SelectorCommand:
    """One program, asked many times; may be used from several threads."""

    def __init__(self, path: str, timeout_s: float = TIMEOUT_S) -> None:
        """UsageError where it cannot be run."""
        self._program = find(path)
        self._timeout_s = timeout_s
        self._lock = Lock()
        self._running: set[GuardedProcess] = set()
        self._closed = False
        self.asked = 0
        self.failed = 0
        """How often it gave no score."""
        self.first_failure = ""

    def score(self, task: Task, sample: Sample, answer: Answer) -> float | None:
        """None where it gave none, which is counted."""
        said = {"task_id": task.task_id, "prompt": dict(task.prompt),
                "response": sample.response if sample.completion is None else sample.completion, "answer": answer.value}
        try:
            found, problem = self._ask(json.dumps(said).encode()), ""
        except NoScore as error:
            found, problem = None, str(error)
        with self._lock:
            if self._closed and found is None:
                return None  # stopped with the run, which says nothing of the program
            self.asked += 1
            if found is None:
                self.failed += 1
                self.first_failure = self.first_failure or f"{task.task_id} sample {sample.index}: {problem}"
        return found

    def close(self) -> None:
        """Ends what runs; from now on there are no scores. Idempotent."""
        with self._lock:
            self._closed = True
            running = list(self._running)
        for child in running:
            child.kill()

    def _ask(self, said: bytes) -> float:
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(said)
            given.seek(0)
            try:
                child = GuardedProcess.start([self._program], Streams(given, out, err), grace_s=1.0)
            except OSError as error:
                raise NoScore(f"{self._program} cannot be run: {error.strerror}") from None
            try:
                code = self._wait(child, (out.fileno(), err.fileno()))
            finally:
                child.kill()
                with self._lock:
                    self._running.discard(child)
            texts = [_beginning(file.fileno()) for file in (out, err)]
        if code != 0:
            words = texts[1].strip().rsplit("\n", 1)[-1]
            raise NoScore(f"it ended with status {code}{': ' if words else ''}{shown(words, 120)}")
        return _number(texts[0])

    def _wait(self, child: GuardedProcess, outputs: tuple[int, int]) -> int:
        with self._lock:
            self._running.add(child)
            closed = self._closed
        if closed:
            raise NoScore("the run was stopped")
        ends = monotonic_s() + self._timeout_s
        while (code := child.wait(_LOOK_S)) is None:
            if max(os.fstat(fd).st_size for fd in outputs) > MAX_OUTPUT:
                raise NoScore(f"it wrote more than {MAX_OUTPUT >> 10} KiB")
            if monotonic_s() > ends:
                raise NoScore(f"it took more than {self._timeout_s:g} s")
        return code


def _beginning(fd: int) -> str:
    return os.pread(fd, MAX_OUTPUT, 0).decode("utf-8", "replace")


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise NoScore(f"it printed {shown(text.strip(), 60)!r}, which is no number")
    return number
