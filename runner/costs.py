"""What a run's samples cost beside tokens and seconds: joules, of those of the whole run; money, where it is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analysis.energy import Metered, energy_fields
from analysis.joules import Arrival, Joules, Place, shares
from core.lookup import number_at
from core.records import Sample
from ledger.folder import RunFolder
from runner.outcome import CellOutcome
from runner.task_lines import Extra

UNMEASURED = "an earlier sitting of this run was not measured"


def joules_by_place(folder: RunFolder, joules: Joules | None) -> dict[Place, float]:
    """Of each sample, and each second asking, its part of what the run used; empty where that was not measured."""
    if not joules:
        return {}
    return shares(_arrivals((*folder.sample_lines(), *folder.audit_lines()), joules))


def _arrivals(lines: Iterable[tuple[Sample, Mapping[str, Any]]], kinds: Iterable[str]) -> Iterator[Arrival]:
    for sample, line in lines:
        told = [number_at(line, "joules", kind) for kind in kinds]
        known = [joules for joules in told if joules is not None]
        at_s, sitting = number_at(line, "at_s"), number_at(line, "sitting")
        if len(known) == len(told) and at_s is not None and sitting is not None:
            yield Arrival(sample, int(sitting), at_s, sum(known))


def by_task(outcome: CellOutcome) -> Extra:
    """By task what its samples used together; nothing of a task of which one sample is not known."""
    found = {}
    for task_id, here in outcome.collection.candidates.items():
        known = [outcome.joules[task_id, index] for index in here if (task_id, index) in outcome.joules]
        if known and len(known) == len(here):
            found[task_id] = {"joules": round(sum(known), 3)}
    return found


def energy_of(outcome: CellOutcome, metered: Metered | None, passed: int | None) -> dict[str, Any] | None:
    """The record's ``energy``. A run that uses part of what was drawn has its samples' part, no power of its own."""
    if metered is None:
        return None
    spent = outcome.spent
    if spent is not None and outcome.drawn is None:
        return energy_fields(spent.joules, spent.generation_s, metered, passed) if spent.joules else None
    tasks = by_task(outcome)
    if not tasks or len(tasks) < len(outcome.collection.candidates):
        return None
    joules = sum(task["joules"] for task in tasks.values())
    return {"energy_j": round(joules, 3), "per_solved_j": round(joules / passed, 3) if passed else None,
            "source": "; ".join(f"{kind}: {source}" for kind, source in metered.sources.items()), "apportioned": True}
