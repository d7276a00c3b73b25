"""All meters of this machine, watched by a thread while a run lasts.

The thread reads every meter ten times a second: power has to be summed up that often, and a counter that wraps must not
do so twice unseen. Whoever wants to know asks ``joules``, which reads the meters anew, so that what was used between
two moments is right to the millisecond and not to the last tick. Every tenth second it looks who else is on the GPU.

A meter that fails takes its kind with it: what is left of the GPUs would be no number for the run.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Final, Self

from analysis.joules import CPU, GPU
from system.clock import monotonic_s
from system.energy import by_zeus, nvidia, nvidia_smi, rapl
from system.energy.meter import Found, Meter, MeterLost

EVERY_S: Final = 0.1
OTHERS_EVERY_S: Final = 10.0
_JOIN_S: Final = 5.0

Sources = dict[str, tuple[Callable[[], Found], ...]]
ALL: Final[Sources] = {
    GPU: (nvidia.boards, nvidia_smi.boards, by_zeus.amd_boards, lambda: by_zeus.apple_chip(GPU)),
    CPU: (rapl.packages, lambda: by_zeus.apple_chip(CPU)),
}
"""By kind, in order of preference: the first that has meters is taken."""


class EnergyWatch:
    """A context; meters are looked for at its start and let go at its end. Methods may be called from any thread."""

    def __init__(self, sources: Sources | None = None) -> None:
        self.missing: dict[str, str] = {}
        """Kinds without a meter, and why."""
        self.lost: dict[str, str] = {}
        """Kinds whose meter failed, and how."""
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._meters: dict[str, tuple[Meter, ...]] = {}
        self._closing: list[Callable[[], None]] = []
        self._thread: threading.Thread | None = None
        self._look: Callable[[], None] = lambda: None
        for kind, ways in (ALL if sources is None else sources).items():
            self._find(kind, ways)

    def _find(self, kind: str, ways: Iterable[Callable[[], Found]]) -> None:
        reasons = []
        for way in ways:
            found = way()
            if found.meters:
                self._meters[kind] = found.meters
                self._closing.append(found.close)
                return
            reasons += [found.missing] if found.missing else []
        self.missing[kind] = "; ".join(reasons)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch, daemon=True, name="energy")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_JOIN_S)
        for close in self._closing:
            close()

    @property
    def sources(self) -> dict[str, str]:
        """By kind that is metered: how, and what."""
        return {kind: ", ".join(dict.fromkeys(_counted([meter.source for meter in meters])))
                for kind, meters in self._meters.items()}

    def look_around(self, look: Callable[[], None]) -> None:
        """From now on ``look`` is called now and then, from the thread."""
        self._look = look

    def joules(self) -> dict[str, float]:
        """By kind, since some moment; a kind whose meter failed is absent from then on."""
        with self._lock:
            return {kind: joules for kind in self._meters if (joules := self._read(kind)) is not None}

    def _read(self, kind: str) -> float | None:
        if kind in self.lost:
            return None
        try:
            return sum(meter.joules() for meter in self._meters[kind])
        except MeterLost as lost:
            self.lost[kind] = str(lost)
            return None

    def idle_watts(self, seconds: float, stop_requested: Callable[[], bool]) -> dict[str, float]:
        """By kind, mean power over the next ``seconds``, or over what there was of them until a stop was asked for."""
        began, before = monotonic_s(), self.joules()
        while (left := began + seconds - monotonic_s()) > 0 and not stop_requested():
            self._stop.wait(min(left, EVERY_S))
        after, passed = self.joules(), monotonic_s() - began
        return {kind: (after[kind] - before[kind]) / passed for kind in after if passed > 0}

    def _watch(self) -> None:
        looked = monotonic_s() - OTHERS_EVERY_S
        while not self._stop.wait(EVERY_S):
            self.joules()
            if monotonic_s() - looked >= OTHERS_EVERY_S:
                looked = monotonic_s()
                self._look()


def _counted(names: list[str]) -> list[str]:
    """Two boards of one name are said once: ``2 x NVML energy counter of NVIDIA H100``."""
    return [name if names.count(name) == 1 else f"{names.count(name)} x {name}" for name in names]
