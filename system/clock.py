"""The only clocks. Durations come from the monotonic one, time stamps from the other."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def monotonic_s() -> float:
    """Seconds on a clock that is never set back; only differences mean anything."""
    return time.monotonic()


def sleep_s(seconds: float) -> None:
    """Waits; rooms above do not import ``time``."""
    time.sleep(seconds)


def utc_timestamp() -> str:
    """The time as ISO 8601 in UTC to the millisecond, e.g. ``2026-03-01T12:00:00.123Z``."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def local_now() -> datetime:
    """The time on this machine's wall, as its time zone has it at this moment."""
    return datetime.now(UTC).astimezone()


def since_epoch_s() -> float:
    """Seconds as files' times count them."""
    return time.time()
