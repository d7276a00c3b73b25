"""A unit as a child process: the command line itself, on the machine that it is given to.

Stopped, it ends as any run does that is interrupted: samples are written, its server and script are gone. The child is
guarded (``system.process``): it ends with us, however we end.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from core.errors import BenchError, ServerError
from evaluators.gate import TURNS
from runner.cluster.code import PROGRAM
from runner.sweep.executors.parcels import UnitFolder
from system.process import GuardedProcess, Streams
from system.processors import stay_on
from system.user_cache import user_cache_folder

GRACE_S: Final = 60.0
"""For a server to give its memory back and a script to end."""
_TAIL_BYTES: Final = 8192
_OF_ITS_MACHINE: Final = frozenset({"OMP_NUM_THREADS"})
"""Set by Ray for its own tasks; a server is told its threads by its flags."""


class UnitChild:
    """The command ``argv`` with results into ``folder``, begun at once. Use as a context manager."""

    def __init__(self, argv: Sequence[str], folder: UnitFolder, processors: Collection[int] = ()) -> None:
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in __exit__)
        env = {key: value for key, value in os.environ.items() if key not in _OF_ITS_MACHINE}
        env.setdefault(TURNS, str(verify_turns()))
        command = [sys.executable, str(PROGRAM), *argv, *folder.where(), "--quiet", "--yes"]
        try:
            self._child = GuardedProcess.start(
                command, Streams(stdout=self._log, stderr=self._log), env=env, grace_s=GRACE_S)
        except OSError as error:
            self._log.close()
            raise BenchError(f"the unit's command cannot be started ({error.strerror})") from error
        stay_on(self._child.pid, processors)

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code, or minus its signal; None while it works."""
        return self._child.wait(timeout_s)

    def stop(self) -> int | None:
        """Asks it to end as ^C does, and waits until it and its children are gone. Idempotent."""
        return self._child.stop()

    def last_lines(self) -> tuple[str, ...]:
        """The end of what it said."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _TAIL_BYTES))
        return tuple(self._log.read().decode("utf-8", "replace").splitlines()[-12:])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            self.stop()
        finally:
            self._log.close()


def verify_turns() -> Path:
    """By which the verifiers of this machine's units know of one another: what timed out is verified again alone."""
    return user_cache_folder() / "verify-turns"


def error_of(kind: str, message: str, code: int, log_tail: Sequence[str]) -> BenchError:
    """An error that happened elsewhere, with its exit code."""
    made: Any = type(kind or "BenchError", (ServerError,), {"exit_code": code})
    error: BenchError = made(message, tuple(log_tail))
    return error


def without_a_word(code: int, said: Sequence[str]) -> BenchError:
    """Of a command that ended and said nothing of some of its cells."""
    how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
    why = next((line for line in reversed(said) if line.strip()), "it said nothing")
    return error_of("BenchError", f"the unit's command {how}: {why}", code if code > 0 else 1, said)
