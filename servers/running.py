"""A server that was ready: whether it still lives, why it does not, and its end."""

from __future__ import annotations

from enum import StrEnum

from core.records import Endpoint
from servers.backends import ollama
from servers.backends.hosted import PROVIDERS, ask_for_models
from servers.http import get_json
from servers.memory_plan import MemoryCheck
from servers.reasons import reason_of
from servers.server_log import ServerLog
from system.process import GuardedProcess


class State(StrEnum):
    """Where a server is in its life."""

    STOPPED = "stopped"
    STARTING = "starting"
    READY = "ready"
    LOST = "lost"


class RunningServer:
    """A server that was ready. ``pid`` is None for one that somebody else runs."""

    def __init__(
        self, endpoint: Endpoint, child: GuardedProcess | None = None, log: ServerLog | None = None,
        warnings: tuple[str, ...] = (), memory: MemoryCheck | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.warnings = warnings
        """Sentences for people: where less took effect than was asked for."""
        self.memory = memory
        """What it was expected to take and what it took; None for one that somebody else runs."""
        self._child, self._log = child, log

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def alive(self) -> bool:
        """Whether it still runs; of somebody else's server, whether it still answers or may just be busy."""
        if self._child is not None:
            return self._child.poll() is None
        end = self.endpoint
        if end.backend in PROVIDERS:
            reply = ask_for_models(end)
        else:
            path = "/api/version" if end.backend == ollama.NAME else "/v1/models"
            reply = get_json(end.base_url, path, end.api_key)
        return reply.status != 0 or reply.slow

    def answers(self) -> bool:
        """Whether it says anything at all, within two seconds, to a question that needs no model."""
        return get_json(self.endpoint.base_url, "/health", self.endpoint.api_key).status != 0

    def exit_reason(self) -> str:
        """Why it is gone, in one clause, from its log and its exit code."""
        if self._child is None or self._log is None:
            return f"{self.endpoint.base_url} no longer answers"
        return reason_of(self._log.last_lines(), self._child.poll()).sentence

    def log_tail(self) -> tuple[str, ...]:
        return self._log.tail() if self._log else ()

    def stop(self) -> None:
        """Ends it if we started it. Idempotent."""
        if self._child is not None:
            self._child.stop()

    def kill(self) -> None:
        """The same, without the grace: for one that hangs. Idempotent."""
        if self._child is not None:
            self._child.kill()
