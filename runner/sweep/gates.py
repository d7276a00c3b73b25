"""When a sweep may work: at which hours, below which heat, while there is room on the disk.

The hours are the machine's local time, looked at anew each time, so that a clock that is put forward or back for the
season opens and closes the gate when a clock on the wall would. A GPU that grew too hot is waited for until it is
clearly cooler, or it would be too hot again at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

from core.errors import UsageError

COOLER_BY_C: Final = 5
TOO_LONG_S: Final = 30.0
"""A GPU may be hotter than it should for so long before what runs on it is stopped."""
_HOURS: Final = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hours:
    """From one time of day to another, over midnight where the second is the earlier one."""

    begin: time
    end: time

    @classmethod
    def of(cls, text: str) -> Hours:
        """``22:00-07:00``. Raises UsageError."""
        found = _HOURS.match(text.strip())
        try:
            hours = cls(time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))) if found else None
        except ValueError:
            hours = None
        if hours is None:
            raise UsageError(f"--only-between {text[:40]}: give two times of day, e.g. --only-between 22:00-07:00.")
        if hours.begin == hours.end:
            raise UsageError(f"--only-between {text}: begins when it ends; leave it out to work at all hours.")
        return hours

    def holds(self, now: datetime) -> bool:
        """Whether that is within them."""
        at = now.time()
        if self.begin < self.end:
            return self.begin <= at < self.end
        return at >= self.begin or at < self.end

    def __str__(self) -> str:
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


class Heat:
    """Whether a GPU is too hot, with a memory: once it was, it must be cooler by five degrees to be cool enough."""

    def __init__(self, most_c: int, hottest_c: Callable[[], int | None]) -> None:
        self._most, self._ask = most_c, hottest_c
        self._over_since: float | None = None
        self._cooling = False
        self.last_c: int | None = None

    def look(self, now_s: float) -> None:
        """Reads the temperature."""
        self.last_c = self._ask()
        if self.last_c is None or self.last_c <= self._most - (COOLER_BY_C if self._cooling else 0):
            self._over_since, self._cooling = None, False
            return
        self._over_since = now_s if self._over_since is None else self._over_since

    def may_begin(self, now_s: float) -> bool:
        """Whether a model may be loaded now."""
        self.look(now_s)
        self._cooling = self._cooling or self._over_since is not None
        return not self._cooling

    def must_stop(self, now_s: float) -> bool:
        """Whether what runs now has been too hot for too long."""
        self.look(now_s)
        too_long = self._over_since is not None and now_s - self._over_since >= TOO_LONG_S
        self._cooling = self._cooling or too_long
        return too_long

    def line(self) -> str:
        """What is waited for."""
        return f"a GPU is at {self.last_c} °C; going on at {self._most - COOLER_BY_C} °C (--max-gpu-temp {self._most})"
