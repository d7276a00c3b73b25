"""One start of the benchmark script: which places it is to answer, and which it owes an answer."""

from __future__ import annotations

import queue
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from runner.draws import Draw, Place
from runner.patience import Waited
from runner.script import Script


class Asking:
    """A script at work. ``events`` receives what ``runner.script.Script`` says."""

    def __init__(self, draws: Iterable[Draw], slots: int) -> None:
        """``slots``: how many of its requests are in flight at once."""
        self._draws = tuple(draws)
        self._slots = slots
        self._owed: dict[Place, None] = dict.fromkeys(place for draw in self._draws for place in _places(draw))
        self._asked: set[Place] = set(self._owed)
        self._heard = self._strays = 0
        self._script: Script | None = None
        self._driven = self._ended = self._stopped = False

    def start(
        self, command: Iterable[str], env: Mapping[str, str], folder: Path, events: queue.Queue[Any]
    ) -> Script:
        """Raises UsageError or ScriptError when it cannot be started."""
        self._script = Script(list(command), env, folder, events)
        return self._script

    def drive(self) -> None:
        """It says that it reads draws: here are the first."""
        self._driven = True
        for draw in self._draws:
            self._send(draw)
        self.end_if_idle()

    def draw(self, draw: Draw) -> None:
        """One more, where it reads draws; a place that it owed already goes to the end of its queue."""
        if self._driven:
            self._heard += 1
            for place in _places(draw):
                self._owed.pop(place, None)
                self._owed[place] = None
                self._asked.add(place)
            self._send(draw)

    def was_asked(self, place: Place) -> bool:
        """Whether it may bring this one: of a script that reads draws, only what was drawn."""
        return not self._driven or place in self._asked

    def heard(self, place: Place | None) -> None:
        """Something came of this place: what it owes is a sign of life, anything else is a stray."""
        if place in self._owed:
            self._heard, self._strays = self._heard + 1, 0
        else:
            self._strays += 1

    def answered(self, place: Place) -> None:
        """It owes this one no more."""
        self._owed.pop(place, None)

    @property
    def waited(self) -> Waited:
        """The script as it is waited for."""
        return Waited(self._driven, len(self._owed), next(iter(self._owed), None), self._ended, self._heard,
                      self._strays)

    def give_up(self, place: Place) -> None:
        """It will bring no answer to this one, and is told so once it owes nothing."""
        self.answered(place)
        self.end_if_idle()

    def end_if_idle(self) -> None:
        """Once nothing is owed it is told that no draw will follow."""
        if self._driven and not self._owed and not self._ended and self._script is not None:
            self._ended = True
            self._script.end()

    def in_flight(self) -> list[Place]:
        """What it is waiting for: one sample of each task in the order in which they were asked, as the samples of one
        are put to the same slot one after the other; with fewer tasks than slots, the oldest of the rest as well.
        """
        owed = self.owed
        firsts: dict[str, Place] = {}
        for place in owed:
            firsts.setdefault(place[0], place)
        return list(dict.fromkeys([*firsts.values(), *owed]))[: self._slots]

    @property
    def owed(self) -> list[Place]:
        """What has no answer yet, in the order in which it was asked."""
        return list(self._owed)

    def stopped(self) -> None:
        """It runs no more: nothing can be asked of it."""
        self._stopped = True

    @property
    def listening(self) -> bool:
        """Whether it would answer a further draw."""
        return self._driven and not self._stopped

    @property
    def driven(self) -> bool:
        """Whether it reads draws."""
        return self._driven

    def _send(self, draw: Draw) -> None:
        if self._script is not None:
            self._script.draw(draw.task_id, draw.sample, draw.count, draw.seed)


def _places(draw: Draw) -> list[Place]:
    return [(draw.task_id, draw.sample + offset) for offset in range(draw.count)]
