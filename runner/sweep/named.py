"""The models and benchmarks that a plan names, looked up: what is not there is a fault with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from benchmarks import table
from core.errors import BenchError
from core.records import ModelInfo
from runner.sweep.document import Fault
from runner.sweep.plan import Entry, Plan
from servers.hub_models import Telling
from servers.hub_peek import peek
from servers.model_list import list_models

_MOST_FAULTS: Final = 200
"""After so many names that there are not, no more are looked up: near ones are sought for each."""
_ON_THE_HUB: Final = ("hf:", "transformers:")


@dataclass(frozen=True, slots=True)
class Named:
    """One model of a plan."""

    entry: Entry
    model: ModelInfo
    spec: str
    """What ``--model`` is to say."""
    missing_bytes: int = 0
    """That are to be fetched."""


@dataclass(slots=True)
class Found:
    """What the names came to."""

    models: list[Named] = field(default_factory=list)
    benchmarks: list[Entry] = field(default_factory=list)
    faults: set[Fault] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    """What was left out of a folder, and why."""


def look_up(plan: Plan, say: Callable[[str], None]) -> Found:
    """Headers are read and the hub is asked; nothing is fetched."""
    found = Found()
    for entry in plan.models:
        if len(found.faults) > _MOST_FAULTS:
            break
        try:
            found.models += _models(plan, entry, Telling(say), found)
        except BenchError as error:
            found.faults.add(Fault(entry.line, f"models: {_said(error, '--model ')}"))
    for entry in plan.benchmarks:
        if len(found.faults) > _MOST_FAULTS:
            break
        if "script" in entry.settings or "script" in plan.settings:
            found.benchmarks.append(entry)
            continue
        try:
            table.get(entry.name)
            found.benchmarks.append(entry)
        except BenchError as error:
            found.faults.add(Fault(entry.line, f"benchmarks: {_said(error, '--benchmark ')}"))
    return found


def _models(plan: Plan, entry: Entry, telling: Telling, found: Found) -> Iterator[Named]:
    spec = entry.name
    settings = {**plan.settings, **entry.settings}
    if "base-url" in settings:
        yield Named(entry, ModelInfo(name=spec), spec)
    elif spec.startswith(_ON_THE_HUB):
        told = peek(spec, telling)
        yield Named(entry, told.model, spec, told.missing_bytes)
    else:
        most = settings["max-model-b"].value if "max-model-b" in settings else None
        listed = list_models([spec], most, telling)
        if not listed.models:
            raise listed.refused[0]
        found.notes += [*listed.notes, *(f"left out: {error}" for error in listed.refused)]
        several = len(listed.models) > 1 or (listed.models[0].path is not None and any(sign in spec for sign in "*?["))
        for model in listed.models:
            yield Named(entry, model, model.path or spec if several else spec)


def _said(error: BenchError, prefix: str) -> str:
    return str(error).removeprefix(prefix)

