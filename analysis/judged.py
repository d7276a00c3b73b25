"""What judges' scores of one run come to.

A scenario counts once, however many candidates were drawn for it: a candidate's composite is the (weighted) mean of its
criteria, a scenario's the mean over its candidates, and the run's the mean over its scenarios. The interval is that of
Student's t over the scenarios' means, which are what is independent: candidates of one scenario resemble one another,
and to count them one by one would make the interval too narrow (Miller 2024, Adding Error Bars to Evals,
arXiv:2411.00640, section 2.2; for clusters of equal size the mean of cluster means and its standard error are the
cluster-robust ones). It is cut off at the ends of the scale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from analysis.student import estimate
from core.rubric import Rubric
from core.standings import Estimate, Judged
from core.task_ids import natural_key


@dataclass(frozen=True, slots=True)
class Scored:
    """One candidate with a score for every criterion."""

    task_id: str
    sample: int
    scores: Mapping[str, float]


def judged(scored: Iterable[Scored], rubric: Rubric) -> Judged | None:
    """None of no scores."""
    listed = list(scored)
    by_scenario = _by_scenario(listed, lambda one: rubric.composite(one.scores))
    composite = within(estimate(list(by_scenario.values())), rubric)
    if composite is None:
        return None
    criteria = {name: found for name in rubric.names if (found := _criterion(listed, name, rubric)) is not None}
    return Judged(composite, criteria, by_scenario, len(listed))


def floor(scored: Iterable[Scored], missing: Mapping[str, int], rubric: Rubric) -> float:
    """The composite had every sample without a text the lowest score; ``missing``: how many, by scenario.

    A run whose worst texts were cut off before anybody saw them looks better than it is; it is at least this good.
    """
    found: dict[str, list[float]] = {task: [rubric.lowest] * count for task, count in missing.items() if count}
    for one in scored:
        found.setdefault(one.task_id, []).append(rubric.composite(one.scores))
    return sum(sum(values) / len(values) for values in found.values()) / len(found)


def _criterion(scored: Iterable[Scored], name: str, rubric: Rubric) -> Estimate | None:
    return within(estimate(list(_by_scenario(scored, lambda one: one.scores[name]).values())), rubric)


def within(found: Estimate | None, rubric: Rubric) -> Estimate | None:
    """With its interval cut off at the ends of the scale."""
    if found is None or found.low is None or found.high is None:
        return found
    return found._replace(low=max(found.low, rubric.lowest), high=min(found.high, rubric.highest))


def _by_scenario(scored: Iterable[Scored], value: Callable[[Scored], float]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for one in scored:
        found.setdefault(one.task_id, []).append(value(one))
    order = sorted(found, key=lambda name: (natural_key(name), name))
    return {task: sum(found[task]) / len(found[task]) for task in order}
