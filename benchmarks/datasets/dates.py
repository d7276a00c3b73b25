"""Which days' tasks a run takes, for data sets whose tasks are dated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benchmarks.datasets.lines import Line
from benchmarks.datasets.request import DatasetRequest
from core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Window:
    """From one day to another, both inclusive; None leaves that side open."""

    first: date | None = None
    last: date | None = None

    def has(self, day: date | None, line: Line) -> bool:
        """Whether the task of that day is wanted. BadInput for one without a day, where days are asked for."""
        if self.first is None and self.last is None:
            return True
        if day is None:
            raise line.bad("has no date, and --start-date, --end-date or --after-cutoff asks for some; add a 'date'")
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def refuse_nothing(self, tasks: Sequence[object], source: str) -> None:
        """UsageError when no task is left."""
        if not tasks:
            raise UsageError(
                f"no task of {source} lies between {self.first or 'the first'} and {self.last or 'the last'} day; "
                "widen the window"
            )


def window_of(request: DatasetRequest) -> Window:
    """UsageError for a day that is none."""
    return Window(_day("--start-date", request.start_date), _day("--end-date", request.end_date))


def _day(flag: str, text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{flag} {text}: write a day as 2025-01-31") from error
