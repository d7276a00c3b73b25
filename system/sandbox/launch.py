"""Starting a worker process: exec, an empty environment, one descriptor, its own session."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import tempfile

from system.sandbox.limits import ONE_THREAD
from system.sandbox.packages import ALIAS_FROM

_HASH_SEED = "0"  # a set's order must not differ from worker to worker
_BIND_NOW = "1"  # what the loader looked up late, every fork would look up anew, in pages of its own


def _descriptor(folder: str) -> int:
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        return fcntl.fcntl(opened, fcntl.F_DUPFD_CLOEXEC, ALIAS_FROM)
    finally:
        os.close(opened)


class WorkerProcess:
    """A started worker. It ends by itself when its control socket closes, so nothing outlives us, however we end."""

    def __init__(self, script: str, control_fd: int, python: str | None = None, home: str | None = None) -> None:
        """``home``: where ``python`` has its standard library, if the worker is to reach it through an open descriptor.

        So it can still be read by the user that root becomes, although it lies in a folder that only root can enter.
        Raises OSError where ``python`` cannot be run.
        """
        argv = [python or sys.executable, "-S", "-s", "-B", "-X", "utf8", script, str(control_fd)]
        env = {"PYTHONHASHSEED": _HASH_SEED, "LANG": "C.UTF-8", "LD_BIND_NOW": _BIND_NOW, **ONE_THREAD}
        handed = [control_fd]
        if home is not None:
            handed.append(_descriptor(home))
            env["PYTHONHOME"] = f"/proc/self/fd/{handed[1]}"
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in end()
        try:
            self._process = subprocess.Popen(
                argv, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=self._log,
                pass_fds=handed, cwd="/", start_new_session=True)
        except OSError:
            self._log.close()
            raise
        finally:
            for fd in handed[1:]:
                os.close(fd)

    @property
    def pid(self) -> int:
        return self._process.pid

    def last_words(self) -> str:
        """The last line it wrote to its standard error, for a message; empty if none."""
        with contextlib.suppress(OSError, ValueError):
            self._log.seek(0)
            lines = self._log.read(65536).decode("utf-8", "replace").split("\n")
            return next((line.strip() for line in reversed(lines) if line.strip()), "")
        return ""

    def end(self, grace_s: float) -> None:
        """Waits ``grace_s`` for it to end by itself, then kills its group. Idempotent."""
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                self._process.send_signal(signal.SIGKILL)  # what it forked dies with it (PR_SET_PDEATHSIG)
            self._process.wait()
        finally:
            self._log.close()
