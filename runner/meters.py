"""What a cell sees of this machine's power meters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from analysis.energy import Metered
from analysis.joules import Joules
from servers.lifecycle import RunningServer


class Meters(Protocol):
    """Those of one command."""

    def joules(self) -> Joules:
        """By kind, since some moment; empty where nothing is measured."""
        ...

    def serves(self, server: Callable[[], RunningServer]) -> None:
        """From now on this server is ours among those that use the GPU."""
        ...

    def metered(self) -> Metered | None:
        """How it was measured; None where nothing is."""
        ...

    def problem(self) -> str | None:
        """What is not measured, though it was asked for, and why."""
        ...


class NotMetered:
    """Nothing was asked for, or nothing can be had (``why``)."""

    def __init__(self, why: str | None = None) -> None:
        self._why = why

    def joules(self) -> Joules:
        return {}

    def serves(self, server: Callable[[], RunningServer]) -> None:
        return None

    def metered(self) -> Metered | None:
        return None

    def problem(self) -> str | None:
        return self._why
