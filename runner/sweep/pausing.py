"""Everything that keeps a sweep from working now: somebody's wish, the hours, the heat, a full disk.

A pause ends what runs as an interrupt would: what has arrived is kept, and it goes on from there. It stays until the
sweep has noticed and waited (``wait``), so that a gate which opens again in the meantime leaves nobody in doubt why
a run ended.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from core.errors import BenchError
from runner.observer import Observer
from runner.sweep.gates import Heat, Hours

LOOK_EVERY_S: Final = 2.0
_STEP_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class Watch:
    """The clocks, and how one waits."""

    stop: Callable[[], bool]
    local_now: Callable[[], datetime]
    monotonic_s: Callable[[], float]
    sleep_s: Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Gates:
    """What may keep a sweep; None: nothing of that kind."""

    hours: Hours | None = None
    heat: Heat | None = None
    disk: Path | None = None
    """Where run folders go."""
    min_free_bytes: int = 0


class DiskFullError(BenchError):
    """There is too little room to go on."""


class Pausing:
    """Looks at the gates, and waits for them."""

    def __init__(self, gates: Gates, watch: Watch, observer: Observer) -> None:
        self._gates, self._watch, self.observer = gates, watch, observer
        self._looked_s: float | None = None
        self.why: str | None = None
        """Why what ran was ended; None: it was not."""

    def stop_requested(self) -> bool:
        """Whether what runs is to end."""
        if self._watch.stop() or self.why is not None:
            return True
        now = self._watch.monotonic_s()
        if self._looked_s is None or now - self._looked_s >= LOOK_EVERY_S:
            self._looked_s = now
            self.why = self._reason_to_end(now)
        return self.why is not None

    def _reason_to_end(self, now_s: float) -> str | None:
        gates = self._gates
        if gates.hours is not None and not gates.hours.holds(self._watch.local_now()):
            return f"it is not between {gates.hours} any more"
        if gates.heat is not None and gates.heat.must_stop(now_s):
            return f"a GPU was at {gates.heat.last_c} °C"
        return None

    def _closed(self) -> str | None:
        """Why nothing may begin now; None: something may. Raises DiskFullError."""
        gates = self._gates
        if gates.disk is not None and (free := _free_bytes(gates.disk)) < gates.min_free_bytes:
            raise DiskFullError(f"{gates.disk}: {free / 1e9:.2f} GB are free on its disk, less than --min-free-disk "
                                f"asks for ({gates.min_free_bytes / 1e9:.2f} GB); make room, then give the same "
                                "command again to go on")
        if gates.hours is not None and not gates.hours.holds(self._watch.local_now()):
            return f"going on at {gates.hours.begin:%H:%M} (--only-between {gates.hours})"
        if gates.heat is not None and not gates.heat.may_begin(self._watch.monotonic_s()):
            return gates.heat.line()
        return None

    def may_begin(self) -> bool:
        """Waits until something may; False when asked to stop. Raises DiskFullError."""
        told: str | None = None
        while not self._watch.stop():
            closed = self._closed()
            if closed is None:
                return True
            if closed != told:
                self.observer.status(f"waiting: {closed}")
                told = closed
            self.rest(LOOK_EVERY_S)
        return False

    def wait(self) -> bool:
        """After a pause: as ``may_begin``, and the pause is over."""
        self.why = None
        return self.may_begin()

    def rest(self, seconds: float) -> None:
        """Some time, or until asked to stop."""
        until = self._watch.monotonic_s() + seconds
        while not self._watch.stop() and self._watch.monotonic_s() < until:
            self._watch.sleep_s(_STEP_S)

    @property
    def stopped(self) -> bool:
        """Whether somebody asked to stop."""
        return self._watch.stop()


def _free_bytes(folder: Path) -> int:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 1 << 62  # it will say so itself when something is written there
