"""``--measure-energy``: the meters of this machine while a command runs, and what is said about them.

Idle power is measured once, before the first server of ours is started. What a run used is a difference of two readings
(``runner.sitting``), so several cells, and two models by turns, share the meters.

A kind of meter that is missing, or fails, is left out of every record from then on, with one sentence that says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

from analysis.energy import Metered
from analysis.joules import CPU, GPU, Joules
from runner.meters import Meters, NotMetered
from runner.observer import Observer
from servers.http import LOOPBACK
from servers.lifecycle import RunningServer
from system.energy import sharing
from system.energy.watch import EnergyWatch, Sources

IDLE_S: Final = 3.0
"""How long idle power is measured: thirty readings of a counter that is updated ten times a second."""

NAMES: Final[Mapping[str, str]] = {GPU: "GPU", CPU: "processor"}
_ELSEWHERE: Final = "the server is on another machine, whose meters cannot be read from here"


class _Watched:
    """Meters that are there."""

    def __init__(self, watch: EnergyWatch, idle_watts: Joules, observer: Observer) -> None:
        self._watch, self._idle_watts, self._observer = watch, idle_watts, observer
        self._server: Callable[[], RunningServer] | None = None
        self._here = True
        """Whether the server of now computes on this machine."""
        self._others: tuple[str, ...] | None = ()
        """None: nobody tells."""
        self._said: set[str] = set()

    def joules(self) -> Joules:
        return self._watch.joules() if self._here else {}

    def serves(self, server: Callable[[], RunningServer]) -> None:
        self._server, self._here = server, is_here(server().endpoint.base_url)
        if not self._here:
            self._say("elsewhere", f"no energy is recorded of {server().endpoint.model}: {_ELSEWHERE}")
        self.look()

    def look(self) -> None:
        """Who else is on the GPU; called by the watch's thread, too."""
        if self._server is None or not self._here or GPU not in self._watch.sources:
            return
        server, before = self._server(), self._others
        ours = server.pid is None or server.endpoint.effective.get("gpu_layers") not in {0, None}
        found = sharing.others(sharing.family(server.pid), ours_is_there=ours)
        self._others = None if found is None or before is None else tuple(dict.fromkeys((*before, *found)))

    def metered(self) -> Metered | None:
        if not self._here:
            return None
        self._say_what_is_lost()
        shared = self._others if GPU in self._watch.sources else None
        if shared:
            self._say("shared", f"other programs were on the GPU, and what they used is in its energy: "
                                f"{', '.join(shared)}")
        return Metered(self._watch.sources, self._idle_watts, shared)

    def problem(self) -> str | None:
        return _sentence(self._watch.missing, self._watch.lost) if self._here else _ELSEWHERE

    def _say_what_is_lost(self) -> None:
        for kind, why in self._watch.lost.items():
            self._say(kind, f"the energy of the {NAMES[kind]} is not recorded: its meter was lost in mid-run ({why})")

    def _say(self, about: str, sentence: str) -> None:
        if about not in self._said:
            self._said.add(about)
            self._observer.note(sentence)


def is_here(base_url: str) -> bool:
    """Whether a server at this address computes on this machine."""
    return urlsplit(base_url).hostname in LOOPBACK


@contextmanager
def metering(
    base_url: str | None, observer: Observer, stop_requested: Callable[[], bool], sources: Sources | None = None
) -> Iterator[Meters]:
    """The meters, and how much the machine draws idle. ``base_url``: where none of the servers is ours to start;
    ``sources``: instead of all that ``system.energy.watch`` knows.
    """
    if base_url is not None and not is_here(base_url):
        observer.note(f"--measure-energy: {_ELSEWHERE}; no energy is recorded")
        yield NotMetered(_ELSEWHERE)
        return
    watch = EnergyWatch(sources)
    problem = _sentence(watch.missing, {})
    if not watch.sources:
        observer.note(f"--measure-energy: nothing can be measured, so no energy is recorded: {problem}")
        yield NotMetered(problem)
        return
    with watch:
        observer.status(f"measuring idle power for {IDLE_S:g} s")
        idle = watch.idle_watts(IDLE_S, stop_requested)
        for kind, source in watch.sources.items():
            watts = f", idle {idle[kind]:.1f} W" if kind in idle else ""
            observer.note(f"energy of the {NAMES[kind]}: {source}{watts}")
        if problem:
            observer.note(f"energy is not measured of the {problem}")
        found = _Watched(watch, idle, observer)
        watch.look_around(found.look)
        yield found


def _sentence(missing: Mapping[str, str], lost: Mapping[str, str]) -> str | None:
    clauses = [f"{NAMES[kind]}: {why}" for kind, why in missing.items()]
    clauses += [f"{NAMES[kind]}: its meter was lost in mid-run ({why})" for kind, why in lost.items()]
    return "; ".join(clauses) or None
