"""The noise floor: how often the same model gives another verdict when the same task is put to it twice.

A run that was audited (``--audit K``) asked K of its tasks twice, with the same seed, at its own slots and cache
setting. If d of the K verdicts changed, then about d/K of the verdicts of *any* two runs at these settings differ for
no reason at all, whatever the models. A difference between two runs is within that floor when they disagree on no
larger share of their tasks than asking twice does, as far as such counts can tell: the one-sided exact test of Fisher,
R. A. (1934), of the flips of the two runs against those of their audits. An audit without any change sets no floor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, lgamma
from typing import Any, NamedTuple

from core.lookup import count_at, object_at

LEVEL = 0.05

MOST_TASKS = 10**5
"""No more are asked twice; a record that says otherwise would only make the test run for ever."""


class Twice(NamedTuple):
    """What an audit found."""

    tasks: int
    """Answered twice."""
    texts: int
    """Of them, with another text."""
    verdicts: int
    """Of them, passed by one reply and not by the other."""

    @property
    def percent(self) -> float:
        """The noise floor in percentage points of tasks."""
        return 100 * self.verdicts / self.tasks


def audit_of(record: Mapping[str, Any]) -> Twice | None:
    """A record's audit; None where there was none, or none that makes sense."""
    audit = object_at(record, "audit")
    if not audit:
        return None
    tasks, texts, verdicts = (count_at(audit, key) for key in ("tasks", "texts_differ", "verdicts_differ"))
    if not tasks or texts is None or verdicts is None or max(texts, verdicts) > tasks or tasks > MOST_TASKS:
        return None
    return Twice(tasks, texts, verdicts)


def within_noise(flips: int, total: int, audits: Sequence[Twice]) -> bool | None:
    """Whether two runs that disagree on ``flips`` of ``total`` tasks differ no more than one run from itself.

    None where neither was audited.
    """
    if not audits:
        return None
    asked, changed = sum(audit.tasks for audit in audits), sum(audit.verdicts for audit in audits)
    if changed == 0:
        return flips == 0
    return _at_least(flips, total, changed, asked) > LEVEL


def _at_least(flips: int, total: int, changed: int, asked: int) -> float:
    """The probability of so many flips or more among the tasks, had flips and changes one and the same rate."""
    both = flips + changed
    every = _log_ways(total + asked, both)
    counts = range(max(flips, both - asked), min(both, total) + 1)
    return min(1.0, sum(exp(_log_ways(total, count) + _log_ways(asked, both - count) - every) for count in counts))


def _log_ways(of: int, chosen: int) -> float:
    """The logarithm of the binomial coefficient."""
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
