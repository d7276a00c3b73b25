"""The clock of one sitting: one time that a run's script runs, from its start to the last verdict.

A run that is taken up again has several. What is recorded is their sum, so that neither the pause in between nor work
that was lost counts: a sitting that ended in order, or was interrupted, writes its own line; of one that was killed the
last sample it wrote tells how long it had gone on (``at_s``, from its first question), and both of its times are that.
Tokens of a reply that never arrived are in no sum, and the time after the last reply is not in ``generation_s``; so
tokens and seconds belong together. Joules, where they are measured, are those of the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from analysis.joules import Joules, added
from core.errors import BenchError
from ledger.folder import RunFolder
from system.clock import monotonic_s


@dataclass(frozen=True, slots=True)
class Spent:
    """What sittings took together."""

    sittings: int = 0
    generation_s: float = 0.0
    total_s: float = 0.0
    joules: Joules | None = None
    """By kind of meter, while replies were generated; None where a sitting was not measured."""


NOTHING_SPENT = Spent()


class Sitting:
    """The present one."""

    def __init__(self, earlier: Spent, meters: Callable[[], Joules] = dict) -> None:
        """``meters``: joules by kind, since some moment; empty where nothing is measured."""
        self._earlier = earlier
        self._number = earlier.sittings + 1
        self._meters = meters
        self._before = self._now = meters()
        self._began = self._asked = monotonic_s()
        self._replied: float | None = None
        self._generation_s: float | None = None
        self.in_flight = 0
        """Requests that were under way when it broke off; a provider may want money for them."""

    @property
    def elapsed_s(self) -> float:
        return monotonic_s() - self._began

    @property
    def generation_s(self) -> float | None:
        """From the first question to the last reply; None while the script runs."""
        return self._generation_s

    def asked(self) -> None:
        """The first draw goes out: what the script took to start is not generation."""
        self._before = self._now = self._meters()
        self._asked = monotonic_s()

    def replied(self) -> None:
        self._replied, self._now = monotonic_s(), self._meters()

    def generated(self) -> None:
        """The script has ended. Of one that reported no reply, all its time was generation."""
        if self._replied is None:
            self.replied()
        self._generation_s = max(0.0, (self._replied or self._asked) - self._asked)

    def nothing_asked(self) -> None:
        """Every reply was there already."""
        self._generation_s = 0.0

    def stamp(self) -> dict[str, Any]:
        """When a sample came, for its line."""
        return {"sitting": self._number, "at_s": round(monotonic_s() - self._asked, 3), **self._joules()}

    def _joules(self) -> dict[str, Any]:
        """Used from the first question to the last reply."""
        used = {kind: round(now - self._before[kind], 3) for kind, now in self._now.items() if kind in self._before}
        return {"joules": used} if used else {}

    def line(self) -> dict[str, Any]:
        """What this sitting took; of one that ended early, to its last reply."""
        generation_s = self._generation_s
        if generation_s is None:
            generation_s = max(0.0, self._replied - self._asked) if self._replied is not None else 0.0
        return {
            "sitting": self._number, "generation_s": round(generation_s, 3), "total_s": round(self.elapsed_s, 3),
            **self._joules(), **({"in_flight": self.in_flight} if self.in_flight else {}),
        }

    def all_spent(self) -> Spent:
        """What it took together with those before it."""
        line, before = self.line(), self._earlier
        joules = line.get("joules")
        return Spent(
            self._number, before.generation_s + line["generation_s"], before.total_s + line["total_s"],
            added([before.joules, joules]) if before.sittings else joules,
        )


@contextmanager
def written(folder: RunFolder, sitting: Sitting) -> Iterator[None]:
    """The sitting's line goes into the folder however the block ends; an error of the block's own comes first."""
    try:
        yield
    except BaseException:
        with suppress(BenchError):
            folder.append_sitting(sitting.line())
        raise
    folder.append_sitting(sitting.line())


def spent(sittings: Iterable[Mapping[str, Any]], stamps: Iterable[Mapping[str, Any]]) -> Spent:
    """The sum over earlier sittings: their own lines, and of those without a line the last sample's stamp."""
    lines = {int(line["sitting"]): line for line in sittings}
    killed: dict[int, Mapping[str, Any]] = {}
    for stamp in stamps:
        number = int(stamp["sitting"])
        last = killed.get(number)
        if number not in lines and (last is None or float(stamp["at_s"]) > float(last["at_s"])):
            killed[number] = stamp
    times = [(float(line["generation_s"]), float(line["total_s"])) for line in lines.values()]
    times += [(max(0.0, float(stamp["at_s"])),) * 2 for stamp in killed.values()]
    return Spent(
        max((*lines, *killed), default=0), sum(generation for generation, _ in times), sum(total for _, total in times),
        added(_joules_in(line) for line in (*lines.values(), *killed.values())),
    )


def broken_off(sittings: Iterable[Mapping[str, Any]], stamps: Iterable[Mapping[str, Any]], slots: int) -> int:
    """Requests that were under way when earlier sittings broke off: as their lines say, and of those that were killed,
    which have none, as many as there were ``slots``.
    """
    lines = {int(line["sitting"]): line for line in sittings}
    killed = {int(stamp["sitting"]) for stamp in stamps} - lines.keys()
    return sum(int(line.get("in_flight") or 0) for line in lines.values()) + slots * len(killed)


def _joules_in(line: Mapping[str, Any]) -> dict[str, float] | None:
    """Raises TypeError or ValueError for a line that is none of ours."""
    told = line.get("joules")
    return None if told is None else {str(kind): float(joules) for kind, joules in dict(told).items()}
