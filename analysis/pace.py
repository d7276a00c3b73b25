"""How long a cell will take, from what earlier runs on this machine took. Pure.

Two things are needed: tokens a second of this model, and tokens a reply on this benchmark. Each is taken from the
nearest runs there are: the same model on the same benchmark; the same model elsewhere, for its speed; the same
benchmark with any model, for its length; and for the speed of a model that never ran here, one of a size that is not
far off, slower or faster as its file is larger or smaller, since decoding waits for the weights. Runs of another
machine say nothing of this one. What no run tells is unknown, and is said to be.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.lookup import count_at, number_at, text_at, value_at

LATEST: Final = 5
"""So many of the latest runs count, by their median: a machine changes."""
FAR_OFF: Final = 4.0
"""Times larger or smaller: beyond that a size says little of a speed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be run."""

    model_sha256: str | None
    model: str
    """Its label, where it has no file."""
    size_bytes: int | None
    benchmark: str
    tasks: int | None
    draws: int
    """Samples a task, at most."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds, and what they are taken from."""

    seconds: float
    basis: str


@dataclass(frozen=True, slots=True)
class _Seen:
    """An earlier run."""

    key: str
    size_bytes: float | None
    benchmark: str
    tokens_a_second: float
    tokens_a_reply: float
    problems: int | None


class Paces:
    """Earlier runs of one machine, to be asked."""

    def __init__(self, records: Iterable[Mapping[str, Any]], host: Mapping[str, Any]) -> None:
        """``host``: as ``provenance.host`` has it."""
        here = [record for record in records if _same_machine(value_at(record, "provenance", "host"), host)]
        self._seen = [seen for record in here if (seen := _seen_in(record)) is not None]

    def of(self, asked: Asked) -> Pace | None:
        """None where no run tells."""
        key = asked.model_sha256 or asked.model
        same = [each for each in self._seen if each.benchmark == asked.benchmark]
        own = [each for each in same if each.key == key]
        length = _median([each.tokens_a_reply for each in own or same])
        speed, basis = self._speed(asked, key, own)
        tasks = self.tasks(asked)
        if length is None or speed is None or tasks is None:
            return None
        basis = basis if own else f"{basis}; replies as long as others' on {asked.benchmark}"
        return Pace(tasks * asked.draws * length / speed, basis)

    def tasks(self, asked: Asked) -> int | None:
        """As many as are asked, or else as earlier runs of the benchmark had."""
        if asked.tasks is not None:
            return asked.tasks
        known = [each.problems for each in self._seen if each.benchmark == asked.benchmark and each.problems]
        return known[-1] if known else None

    def _speed(self, asked: Asked, key: str, own: Sequence[_Seen]) -> tuple[float | None, str]:
        if own:
            return _median([each.tokens_a_second for each in own]), "its own runs"
        elsewhere = [each for each in self._seen if each.key == key]
        if elsewhere:
            return _median([each.tokens_a_second for each in elsewhere]), "its speed on other benchmarks"
        size = asked.size_bytes
        sized = [each for each in self._seen if each.size_bytes]
        if not size or not sized:
            return None, ""
        near = min(reversed(sized), key=lambda each: abs(_ratio(size, each) - 1))
        if not 1 / FAR_OFF <= _ratio(size, near) <= FAR_OFF:
            return None, ""
        told = f"the speed of a model of {(near.size_bytes or 0) / 1e9:.2g} GB"
        return near.tokens_a_second / _ratio(size, near), told


def _ratio(size: int, seen: _Seen) -> float:
    return size / (seen.size_bytes or size)


def _same_machine(theirs: Any, ours: Mapping[str, Any]) -> bool:
    return isinstance(theirs, Mapping) and all(
        theirs.get(key) == ours.get(key) for key in ("cpu", "cores", "memory_bytes", "machine"))


def _seen_in(record: Mapping[str, Any]) -> _Seen | None:
    speed = number_at(record, "latency", "tokens_per_second")
    tokens, requests = number_at(record, "usage", "completion_tokens"), count_at(record, "usage", "requests")
    benchmark = text_at(record, "benchmark")
    key = text_at(record, "provenance", "gguf_sha256") or text_at(record, "model")
    if not speed or not tokens or not requests or benchmark is None or key is None:
        return None
    return _Seen(key, number_at(record, "config", "size_bytes"), benchmark, speed, tokens / requests,
                 count_at(record, "results", "total_problems"))


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values[-LATEST:]) if values else None
