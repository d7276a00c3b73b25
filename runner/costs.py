"""What a run's samples cost beside tokens and seconds: joules, of those of the whole run; money, where it is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from analysis.energy import Metered, energy_fields
from analysis.joules import Arrival, Joules, Place, shares
from analysis.prices import Price, cost_usd
from analysis.task_costs import total
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


def by_task(outcome: CellOutcome, price: Price | None = None) -> Extra:
    """By task what its samples used and cost together; nothing of a task of which one sample is not known."""
    return {task_id: _of_task([here[index].sample for index in sorted(here)], outcome.joules, price)
            for task_id, here in outcome.collection.candidates.items()}


def _of_task(samples: list[Sample], joules: Mapping[Place, float], price: Price | None) -> dict[str, float]:
    used = total(joules.get((sample.task_id, sample.index)) for sample in samples)
    cost = total(cost_usd(price, sample) for sample in samples) if price is not None else None
    known = {"joules": None if used is None else round(used, 3), "cost_usd": cost}
    return {name: value for name, value in known.items() if value is not None}


def cost_of(outcome: CellOutcome, price: Price | None, passed: int | None) -> dict[str, Any] | None:
    """The record's ``cost``: of every reply. Beside it, where there were any, what second askings cost, and what
    requests that brought no reply may have cost at the most.
    """
    collection = outcome.collection
    costs = total(cost_usd(price, sample) for sample in outcome.collection.samples()) if price is not None else None
    if price is None or costs is None:
        return None
    again = total(cost_usd(price, sample) for sample in collection.audit.samples)
    broke = sum(prompt * price.prompt + reply * price.completion for prompt, reply in collection.may_have_used) / 1e6
    return {"cost_usd": costs, "per_solved_usd": round(costs / passed, 6) if passed else None,
            "audit_usd": again or None, "failed_most_usd": round(broke, 6) or None, "price": price.as_record()}


def energy_of(outcome: CellOutcome, metered: Metered | None, passed: int | None) -> dict[str, Any] | None:
    """The record's ``energy``. A run that uses part of what was drawn has its samples' part, no power of its own."""
    if metered is None:
        return None
    spent = outcome.spent
    if spent is not None and outcome.drawn is None:
        return energy_fields(spent.joules, spent.generation_s, metered, passed) if spent.joules else None
    joules = total(task.get("joules") for task in by_task(outcome).values())
    if joules is None:
        return None
    return {"energy_j": round(joules, 3), "per_solved_j": round(joules / passed, 3) if passed else None,
            "source": "; ".join(f"{kind}: {source}" for kind, source in metered.sources.items()), "apportioned": True}
