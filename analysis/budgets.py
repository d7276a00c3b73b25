"""``analyze``: accuracy and what it cost, a row per model, benchmark, strategy and budget.

A row is a mapping that JSON can hold; a key whose value is unknown is absent:

========================  ===========================================================================================
``benchmark``, ``model``  as in the record; ``strategy``: its name
``budget``                the most samples a task; ``n``, ``max_n``, ``confidence``, ``window``, ``batch``,
                          ``selector``: the strategy's settings, where it has them
``limit``                 of a whole run, such as ``20000 tokens``; ``then``: the model that is asked after this one
``settings``              the other settings in which rows of one benchmark and model differ, by their dotted names
``tasks``, ``passed``     those that count; ``accuracy``: percent; ``accuracy_low``, ``accuracy_high``: Wilson, 95 %
``samples``               a task, in the mean, as is all that follows
``prompt_tokens``         with those from the cache; ``cached_tokens``: these alone; ``completion_tokens``
``seconds``               from request to reply, summed over a task's samples
``joules``                where energy was measured; ``joules_per_solved``: all joules over the tasks that passed
``cost_usd``              where a price is known
``hosted``                whether another machine answered
``run_id``, ``status``, ``validity``, ``timestamp``; ``replayed_from``: the run whose samples these are
========================  ===========================================================================================

The keys of a curve, the rows of one strategy at rising budgets, are added by ``analysis.curves``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from analysis.pairs import STRATEGY, decisive
from analysis.rows import Row, differing, known, settings_of
from analysis.spending import Spent, mean
from analysis.wilson import wilson
from core.judged_in_record import is_for_judges
from core.lookup import number_at, object_at, text_at, texts_at
from core.strategy_in_record import budget_of, strategy_name, told
from core.task_ids import natural_key

HOSTED = frozenset({"openai", "gemini"})
"""Backends that may be somebody else's machine."""

_HERE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104  # compared with, not listened on


@dataclass(frozen=True, slots=True)
class Run:
    """One run: its record, or what is known where it has none yet, and its tasks."""

    record: Mapping[str, Any]
    tasks: Mapping[str, Spent]


def rows(runs: Iterable[Run]) -> tuple[list[Row], list[Run]]:
    """(A row for the latest run of each kind, by benchmark, model, strategy and budget; the runs behind them)."""
    latest: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: text_at(run.record, "timestamp") or ""):
        latest[_kind(run)] = run
    kept = sorted(latest.values(), key=_order)
    found = [_row(run) for run in kept]
    _tell_apart(found, kept)
    return [known(row) for row in found], kept


def curve_of(run: Run) -> str:
    """The same for the runs of one curve: alike in all but the budget, which is the run's where it has one."""
    strategy = _strategy(run.record)
    budgets = ("budget",) if "budget" in strategy else ("n", "max_n")
    return json.dumps([*_asked(run), {name: value for name, value in strategy.items() if name not in budgets}],
                      sort_keys=True, default=str)


def _strategy(record: Mapping[str, Any]) -> dict[str, Any]:
    """Its name under ``strategy``, and its settings."""
    config = object_at(record, "config")
    found = {name: config[name] for name in STRATEGY if name in config and name != "samples_per_task"}
    return {"strategy": "single", **found}


def is_hosted(record: Mapping[str, Any]) -> bool:
    """Whether another machine answered, as far as the record tells."""
    if number_at(record, "cost", "cost_usd") is not None:
        return True
    if text_at(record, "config", "backend") not in HOSTED:
        return False
    try:
        host = urlsplit(text_at(record, "config", "base_url") or "").hostname
    except ValueError:
        return True
    return host not in _HERE


def _kind(run: Run) -> str:
    return json.dumps([*_asked(run), _strategy(run.record)], sort_keys=True, default=str)


def _asked(run: Run) -> list[Any]:
    record = run.record
    return [text_at(record, "benchmark"), text_at(record, "tasks_sha256"), text_at(record, "model"),
            decisive(record, STRATEGY)]


def _order(run: Run) -> tuple[Any, ...]:
    record = run.record
    return (text_at(record, "benchmark") or "", natural_key(text_at(record, "model") or ""),
            strategy_name(record), curve_of(run), budget_of(record), _most(record) or 0.0)


def _row(run: Run) -> Row:
    record = run.record
    judged = is_for_judges(record)  # then no task passes or fails, and all of them cost something
    counted = [replace(task, counts=True) for task in run.tasks.values() if task.counts or judged]
    passed = None if judged else sum(task.passed for task in counted)
    ends = None if passed is None else wilson(passed, len(counted))
    joules = _joules(run, counted)
    per_solved = joules * len(counted) / passed if joules is not None and passed else None
    return {
        "benchmark": text_at(record, "benchmark"), "model": text_at(record, "model"),
        "strategy": strategy_name(record), "budget": budget_of(record),
        **{name: number_at(record, "config", name) for name in ("n", "max_n", "confidence", "window", "batch")},
        "selector": " ".join(texts_at(record, "config", "selector") or ()) or None,
        "limit": _limit(record), "then": told(record)["then"],
        "tasks": len(counted), "passed": passed,
        "accuracy": 100 * passed / len(counted) if counted and passed is not None else None,
        "accuracy_low": ends[0] if ends else None, "accuracy_high": ends[1] if ends else None,
        "samples": sum(task.samples for task in counted) / len(counted) if counted else None,
        "prompt_tokens": mean(counted, "prompt_tokens"), "cached_tokens": mean(counted, "cached_tokens"),
        "completion_tokens": mean(counted, "completion_tokens"), "seconds": mean(counted, "wall_s"),
        "joules": joules, "joules_per_solved": per_solved,
        "cost_usd": mean(counted, "cost_usd"), "hosted": is_hosted(record),
        "run_id": text_at(record, "run_id"), "status": text_at(record, "status"),
        "validity": text_at(record, "validity", "status"), "timestamp": text_at(record, "timestamp"),
        "replayed_from": text_at(record, "replayed_from"),
    }


def _limit(record: Mapping[str, Any]) -> str | None:
    """The budget of the whole run: ``20000 tokens``."""
    limits = object_at(record, "config", "budget")
    return ", ".join(f"{number:g} {name}" for name in limits if (number := number_at(limits, name)) is not None) or None


def _most(record: Mapping[str, Any]) -> float | None:
    limits = object_at(record, "config", "budget")
    return next((number for name in limits if (number := number_at(limits, name)) is not None), None)


def _joules(run: Run, counted: Sequence[Spent]) -> float | None:
    """A task, in the mean: as apportioned to the tasks, else of the run as a whole."""
    apportioned = mean(counted, "joules")
    if apportioned is not None or not run.tasks:
        return apportioned
    whole = number_at(run.record, "energy", "energy_j")
    return whole / len(run.tasks) if whole is not None and whole >= 0 else None


def _tell_apart(found: Sequence[Row], runs: Sequence[Run]) -> None:
    """Adds ``settings`` to rows that are alike in benchmark, model, strategy and budget."""
    alike: dict[tuple[Any, ...], list[int]] = {}
    for place, row in enumerate(found):
        alike.setdefault((row["benchmark"], row["model"]), []).append(place)
    for places in alike.values():
        settings = [_plain_settings(runs[place].record) for place in places]
        for place, differs in zip(places, differing(settings), strict=True):
            found[place]["settings"] = differs


def _plain_settings(record: Mapping[str, Any]) -> dict[str, Any]:
    """Those that decide what is asked, and are not the strategy's."""
    config = json.loads(decisive(record, STRATEGY))
    return settings_of({"config": config})
