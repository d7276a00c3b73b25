"""When a sweep may work: hours over midnight and over a change of clocks, heat with a memory."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.errors import UsageError
from runner.sweep.gates import COOLER_BY_C, TOO_LONG_S, Heat, Hours


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-05T{text}")


@pytest.mark.parametrize(("hours", "now", "open_"), [
    ("22:00-07:00", "21:59", False),
    ("22:00-07:00", "22:00", True),
    ("22:00-07:00", "23:59", True),
    ("22:00-07:00", "00:00", True),
    ("22:00-07:00", "06:59:59", True),
    ("22:00-07:00", "07:00", False),
    ("09:30-17:00", "09:29", False),
    ("09:30-17:00", "12:00", True),
    ("09:30-17:00", "17:00", False),
    ("9:30-17:00", "9:30".zfill(5), True),
])
def test_hours_hold_from_their_beginning_up_to_their_end(hours: str, now: str, *, open_: bool) -> None:
    assert Hours.of(hours).holds(at(now)) is open_


@pytest.mark.parametrize("text", ["", "22-7", "22:00", "24:00-07:00", "22:60-07:00", "22:00-22:00", "a:00-07:00",
                                  "22:00-07:00-08:00"])
def test_hours_that_are_none_are_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="--only-between"):
        Hours.of(text)


def test_the_night_of_a_change_of_clocks_is_as_long_as_the_clock_on_the_wall_makes_it() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    minutes = [datetime(2026, 10, 24, 20, tzinfo=ZoneInfo("UTC")) + timedelta(minutes=m) for m in range(0, 12 * 60, 10)]
    open_ = sum(Hours.of("22:00-07:00").holds(moment.astimezone(berlin)) for moment in minutes) * 10
    assert open_ == 10 * 60  # clocks go back in that night: nine hours on the wall are ten


class Gpu:
    def __init__(self, *celsius: int | None) -> None:
        self.celsius = list(celsius)

    def __call__(self) -> int | None:
        return self.celsius.pop(0)


def test_a_gpu_that_is_cool_enough_lets_a_model_be_loaded() -> None:
    assert Heat(80, Gpu(80)).may_begin(0)


def test_once_too_hot_it_must_be_clearly_cooler() -> None:
    heat = Heat(80, Gpu(81, 80, 80 - COOLER_BY_C + 1, 80 - COOLER_BY_C, 80))
    assert [heat.may_begin(second) for second in range(5)] == [False, False, False, True, True]


def test_what_runs_is_stopped_when_it_is_too_hot_for_long_and_not_for_a_moment() -> None:
    heat = Heat(80, Gpu(90, 90, 70, 90, 90, 79, 75))
    moments = [0, TOO_LONG_S - 1, TOO_LONG_S, TOO_LONG_S + 1, 2 * TOO_LONG_S + 1]
    assert [heat.must_stop(moment) for moment in moments] == [False, False, False, False, True]
    assert [heat.may_begin(100), heat.may_begin(101)] == [False, True]


def test_a_driver_that_tells_nothing_keeps_nobody() -> None:
    heat = Heat(80, Gpu(None, None))
    assert heat.may_begin(0)
    assert not heat.must_stop(99)
