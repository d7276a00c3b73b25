"""The sending process as its starter has it: orders go in, answers come out, and it can be ended at any moment."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from system.process import DEVNULL, PIPE, GuardedProcess, Streams
from tracking.mlflow.address import Address
from tracking.mlflow.description import Tracked

_ROOT = Path(__file__).resolve().parents[2]
LOST = "lost"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a request may take, and how often it is tried again."""

    timeout_s: int
    retries: int


@dataclass(frozen=True, slots=True)
class Answer:
    """``problem`` None: it is done."""

    done: Any = None
    problem: str | None = None
    kind: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing else would be taken either."""
        return self.problem is not None and self.kind != "failed"


class Child:
    """One at a time asks it; ``stop`` may come from another thread, and ends what is being asked."""

    def __init__(self, address: Address, patience: Patience) -> None:
        """Raises OSError where no process can be started."""
        self._uri = address.uri
        env = {**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONWARNINGS": "ignore"}
        self._process = GuardedProcess.start(
            [sys.executable, "-P", "-m", "tracking.mlflow.program"], Streams(PIPE, PIPE, DEVNULL), env=env, grace_s=0.5)
        self._tell({"uri": address.uri, "username": address.username, "password": address.password,
                    "timeout_s": patience.timeout_s, "retries": patience.retries})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def hello(self) -> Answer:
        """Whether the server is there and takes what we send."""
        return self._ask({"do": "hello"})

    def known(self, experiment: str) -> Answer:
        """``done``: run id → digest of what the server has of it."""
        return self._ask({"do": "known", "experiment": experiment})

    def send(self, tracked: Tracked) -> Answer:
        """``done``: MLflow's id of the run."""
        return self._ask({"do": "send", "run": tracked.as_json()})

    def stop(self) -> None:
        """Ends it. Idempotent."""
        self._process.__exit__()

    def _ask(self, order: Mapping[str, Any]) -> Answer:
        out = self._process.stdout
        try:
            self._tell(order)
            line = out.readline() if out is not None else b""
            return Answer(**json.loads(line))
        except (OSError, ValueError, TypeError):  # it was ended, by us or by the system
            return Answer(problem=f"what sends to MLflow at {self._uri} was ended", kind=LOST)

    def _tell(self, order: Mapping[str, Any]) -> None:
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()
