"""A record's numbers as metrics, and those of its judgements. Pure.

``score``, ``interval_low``, ``interval_high`` (percent), ``difficulty.easy.score``, ``outcomes.correct``,
``usage.completion_tokens``, ``latency.request_s_p50``, ``energy.energy_j``, …: the ledger's own names, dotted
(``ledger.record`` tells them with their units). After judging ``composite`` and ``criteria.NAME`` on the rubric's
scale, once of the judge that counts (the latest human one, else the latest model) and under ``judge.NAME.`` of every
judge.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.lookup import number_at, object_at, text_at, value_at
from tracking.mlflow.description import MOST_METRICS, Metric
from tracking.mlflow.names import distinct, name_of

Record = Mapping[str, Any]
_SECTIONS = ("outcomes", "usage", "thinking", "latency", "energy", "cost", "memory", "diversity", "audit")
_RENAMED = {"time_taken": "time_taken_s"}
_APART = frozenset({"difficulty_scores", "failed_tasks", "criteria", "composite"})


@dataclass(frozen=True, slots=True)
class Judged:
    """A judgement in the order of the ledger."""

    record: Record
    timestamp_ms: int
    step: int
    """From 1: a later judgement of the same run is a later value of the same metric."""

    @property
    def judge(self) -> str:
        return text_at(self.record, "judging", "judge") or "judge"

    @property
    def is_human(self) -> bool:
        return text_at(self.record, "judging", "kind") == "human"


def metrics_of(record: Record, timestamp_ms: int, judged: Sequence[Judged]) -> tuple[tuple[Metric, ...], int]:
    """The metrics, and how many numbers there was no room for."""
    counts = that_counts(judged)
    own = [Metric(name, value, timestamp_ms) for name, value in distinct(_numbers(record))]
    scored = value_at(record, "results", "score") is None
    said = [Metric(name, value, each.timestamp_ms, each.step)
            for each, prefix in ([(counts, "")] if counts else []) + _latest_of_each(judged)
            for name, value in _judgement(each.record, prefix, scored=scored)]
    found = [metric for _, metric in distinct((metric.key, metric) for metric in (*said, *own))]
    return tuple(found[:MOST_METRICS]), max(0, len(found) - MOST_METRICS)


def that_counts(judged: Sequence[Judged]) -> Judged | None:
    """The latest human judgement, else the latest of a model."""
    if not judged:
        return None
    return next((each for each in reversed(judged) if each.is_human), judged[-1])


def _latest_of_each(judged: Sequence[Judged]) -> list[tuple[Judged, str]]:
    """With what their metrics' names begin with."""
    return [(each, f"judge.{judge}") for judge, each in {each.judge: each for each in judged}.items()]


def _numbers(record: Record) -> Iterator[tuple[str, float]]:
    results = object_at(record, "results")
    score = number_at(results, "score")
    if score is not None:
        yield "score", score
    yield from _interval(record, "")
    for name, value in results.items():
        if name not in _APART and name != "score":
            yield from _leaves(_RENAMED.get(name, name), value)
    for level, counted in object_at(results, "difficulty_scores").items():
        passed, total = number_at({"c": counted}, "c", "passed"), number_at({"c": counted}, "c", "total")
        if passed is not None and total:
            yield name_of("difficulty", level, "score"), 100.0 * passed / total
        yield from _leaves(name_of("difficulty", level), counted)
    for section in _SECTIONS:
        yield from _leaves(section, record.get(section))


def _judgement(record: Record, prefix: str, *, scored: bool) -> Iterator[tuple[str, float]]:
    """``scored``: the run itself has no score, so that the judgement's is the one."""
    composite = number_at(record, "results", "composite")
    if composite is not None:
        yield name_of(prefix, "composite"), composite
    for criterion, value in object_at(record, "results", "criteria").items():
        yield from _leaves(name_of(prefix, "criteria", criterion), value)
    for count in ("candidates", "scored"):
        if (number := number_at(record, "judging", count)) is not None:
            yield name_of(prefix, "judging", count), number
    if prefix or scored:
        if (score := number_at(record, "results", "score")) is not None:
            yield name_of(prefix, "score"), score
        yield from _interval(record, prefix)


def _interval(record: Record, prefix: str) -> Iterator[tuple[str, float]]:
    ends = value_at(record, "interval")
    if isinstance(ends, list | tuple) and len(ends) == 2:
        for name, end in zip(("interval_low", "interval_high"), ends, strict=True):
            if (number := number_at({"end": end}, "end")) is not None:
                yield name_of(prefix, name), number


def _leaves(name: str, value: Any) -> Iterator[tuple[str, float]]:
    """Every number below, by its dotted name."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(name_of(name, str(key)), item)
        return
    number = number_at({"value": value}, "value")
    if number is not None and math.isfinite(number):
        yield name_of(name), number
