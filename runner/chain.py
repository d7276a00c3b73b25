"""Two models in a row: which tasks the second is asked, and which answer counts then. Pure.

``cascade``: tasks on which the first model's answers lie too close together. ``fallback``: those of which its samples
were spent without a majority. The second model's samples bear the numbers after the first one's, so that a task's
samples keep numbers of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.lookup import text_at
from core.records import Answer, Json, Sample
from strategies.base import Candidate, Strategy
from strategies.cascade import escalates
from strategies.votes import tally

CASCADE, FALLBACK = "cascade", "fallback"


@dataclass(frozen=True, slots=True)
class Chain:
    """How two models are chained."""

    rule: str
    """``cascade`` or ``fallback``."""
    margin: float
    """cascade: tasks with a smaller lead, as a share of the samples, go on."""


def passed_on(chain: Chain, task_ids: Iterable[str], details: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of these tasks, in their order, those that the second model is asked; ``details``: the first one's lines.

    A task of which there is no line goes on too.
    """
    lines: dict[str, list[Candidate]] = {}
    for line in details:
        task_id = text_at(line, "task_id") or ""
        here = lines.setdefault(task_id, [])
        here.append(Candidate(Sample(task_id, len(here), ""), Answer(line.get("answer")), text_at(line, "key")))
    return [task_id for task_id in task_ids if _goes_on(chain, lines.get(task_id, []))]


def _goes_on(chain: Chain, candidates: Sequence[Candidate]) -> bool:
    if chain.rule == CASCADE:
        return escalates(candidates, len(candidates), chain.margin)
    votes = tally(candidates)
    return 2 * max(votes.values(), default=0) <= len(candidates)


@dataclass(frozen=True, slots=True)
class Chained:
    """What two models came to together: the second one's choice where it was asked and gave an answer."""

    chain: Chain
    inner: Strategy
    """What both drew by."""

    @property
    def name(self) -> str:
        return self.chain.rule

    def settings(self) -> Mapping[str, Json]:
        how = {"margin": self.chain.margin} if self.chain.rule == CASCADE else {}
        return {**self.inner.settings(), "draws_by": self.inner.name, **how}

    def budget(self) -> int:
        return 2 * self.inner.budget()

    def merits(self) -> frozenset[str]:
        return self.inner.merits()

    def first(self) -> int:
        return self.inner.first()

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        """Nothing: both models have been asked."""
        return 0

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        second = [at for at, each in enumerate(candidates) if each.sample.index >= self.inner.budget()]
        if any(candidates[at].answer.value is not None for at in second):
            chosen = self.inner.choose([candidates[at] for at in second])
            return None if chosen is None else second[chosen]
        first = [each for each in candidates if each.sample.index < self.inner.budget()]
        return self.inner.choose(first) if first else self.inner.choose(candidates)
