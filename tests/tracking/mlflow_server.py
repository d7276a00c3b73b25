"""A real MLflow tracking server on loopback, with a database and an artifact store of its own."""

from __future__ import annotations

import os
import sys
import time
import urllib.request
from pathlib import Path

from system.ports import free_port, listens
from system.process import GuardedProcess, Streams

STARTUP_S = 100.0
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
"""Nothing is told to MLflow's makers, and no processes for background jobs are started."""


class MlflowServer:
    """``start`` and ``kill`` may be called by turns: the port is another each time, the database stays."""

    def __init__(self, folder: Path, *flags: str) -> None:
        """``flags``: instead of those for artifacts behind the server; ``{port}`` in them is the port."""
        self._folder, self._flags = folder, flags
        self._process: GuardedProcess | None = None
        self.port = 0
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def artifacts(self) -> Path:
        """Where it keeps files."""
        return self._folder / "artifacts"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns once it answers."""
        deadline = time.monotonic() + STARTUP_S
        while not self._comes_up(deadline):  # its port was taken meanwhile
            assert time.monotonic() < deadline, self._log()

    def _comes_up(self, deadline: float) -> bool:
        self.port = free_port()
        flags = self._flags or ("--serve-artifacts", "--artifacts-destination", str(self.artifacts))
        with (self._folder / "server.log").open("ab") as log:
            self._process = GuardedProcess.start(
                [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port),
                 "--backend-store-uri", f"sqlite:///{self._folder / 'mlflow.db'}", "--workers", "1",
                 *(flag.format(port=self.port) for flag in flags)],
                Streams(stdout=log, stderr=log), env={**os.environ, **QUIET}, grace_s=5.0)
        while not (listens(self._process.pid, self.port) and self._answers()):
            assert time.monotonic() < deadline, self._log()
            if self._process.poll() is not None:
                return False
            time.sleep(0.1)
        return True

    def kill(self) -> None:
        """At once, as a crash would."""
        if self._process is not None:
            self._process.kill()

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    def _log(self) -> str:
        return (self._folder / "server.log").read_text(errors="replace")[-3000:]
