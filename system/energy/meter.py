"""What a meter is: joules that only go up, read whenever somebody asks.

Some hardware counts joules itself (a counter); some tells watts at the moment, which are then summed up here, by the
trapezoid rule over the readings. A meter that stops answering, or whose counter goes back, is lost for good: what it
said before is no energy of the whole run, and nobody is to guess the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from analysis.joules import between
from system.clock import monotonic_s


class MeterLost(Exception):
    """A meter does not tell any more, and why, in a clause."""


class Meter(Protocol):
    """One device."""

    kind: str
    """``gpu`` or ``cpu``."""
    source: str
    """How it is read, and what: ``NVML energy counter of NVIDIA H100``."""

    def joules(self) -> float:
        """Used since some moment. Raises MeterLost."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """The meters of a kind of device, or why there are none."""

    meters: tuple[Meter, ...] = ()
    missing: str = ""
    """Of what is not metered: why, in a clause."""
    close: Callable[[], None] = lambda: None


class Counter:
    """The hardware counts. ``read``: joules, and MeterLost where it fails; ``wraps_at``: where it begins again."""

    def __init__(self, kind: str, source: str, read: Callable[[], float], wraps_at: float | None = None) -> None:
        self.kind, self.source = kind, source
        self._read, self._wraps_at = read, wraps_at
        self._last = read()
        self._sum = 0.0

    def joules(self) -> float:
        """As the contract says; of a counter that wraps, as long as somebody asks more often than it does."""
        now = self._read()
        step = now - self._last
        if step < 0:
            if self._wraps_at is None:
                raise MeterLost("its counter went back: the driver was loaded again")
            step += self._wraps_at
        self._last = now
        self._sum += step
        return self._sum


LONGEST_GAP_S: Final = 5.0
"""Power that was not looked at for so long is not known: a machine that slept, a driver that hung."""


class Integrated:
    """The hardware tells watts. ``watts``: MeterLost where it fails. To be asked about ten times a second."""

    def __init__(
        self, kind: str, source: str, watts: Callable[[], float], clock: Callable[[], float] = monotonic_s
    ) -> None:
        self.kind, self.source = kind, source
        self._watts, self._clock = watts, clock
        self._last = clock(), watts()
        self._sum = 0.0

    def joules(self) -> float:
        """Raises MeterLost also where nobody asked for too long."""
        now = self._clock(), self._watts()
        if now[0] - self._last[0] > LONGEST_GAP_S:
            raise MeterLost(f"its power was not read for {now[0] - self._last[0]:.0f} s")
        self._sum += between(self._last, now)
        self._last = now
        return self._sum
