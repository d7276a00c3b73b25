"""Many at a time, or one alone."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from system import turns

TURNS: Final = "BENCH_VERIFY_TURNS"
"""The environment variable by which programs that were started for one purpose take turns with one another."""


class Gate:
    """A lock with two ways in. Whoever wants to be alone goes before those who would share."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._sharing = 0
        self._alone = False
        self._waiting_to_be_alone = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Together with others that share."""
        with self._condition:
            self._condition.wait_for(lambda: not self._alone and not self._waiting_to_be_alone)
            self._sharing += 1
        try:
            yield
        finally:
            with self._condition:
                self._sharing -= 1
                self._condition.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """With nobody else inside."""
        with self._condition:
            self._waiting_to_be_alone += 1
            self._condition.wait_for(lambda: not self._alone and not self._sharing)
            self._waiting_to_be_alone -= 1
            self._alone = True
        try:
            yield
        finally:
            with self._condition:
                self._alone = False
                self._condition.notify_all()


class MachineGate(Gate):
    """The same for the pools of several processes on this machine that name the same folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    @contextmanager
    def shared(self) -> Iterator[None]:
        with super().shared(), turns.shared(self._folder):
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        with super().alone(), turns.alone(self._folder):
            yield


def gate(folder: Path | None = None) -> Gate:
    """Of pools that share a machine, by ``folder`` or by ``BENCH_VERIFY_TURNS``; without either, of one alone."""
    named = folder or os.environ.get(TURNS)
    return MachineGate(Path(named)) if named else Gate()
