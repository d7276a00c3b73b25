"""The samples of a cell that are here, their verdicts, and what each task came to by them. No I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.outcomes import Outcome
from core.records import Sample, Task, Verdict, Verified
from parsers.events import RequestFailed
from runner.audit import Audit, is_audit
from runner.draws import Place
from runner.faults import LOST_WITH, SCRIPT_LOST, Faults, Oddities
from runner.tries import BUSY
from strategies.base import Candidate, Strategy


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task came to: the verdict that counts, or None when nothing came back at all."""

    task: Task
    verdict: Verdict | None
    chosen: int | None
    samples: int


class Filed:
    """To be looked at. Who asks for it and fills it is ``runner.collect``."""

    def __init__(self, tasks: Iterable[Task], strategy: Strategy, seed: int, audited: int = 0) -> None:
        """``audited``: how many tasks are asked twice."""
        self.tasks: Mapping[str, Task] = {task.task_id: task for task in tasks}
        self.audit = Audit(list(self.tasks), audited, seed)
        self.strategy = strategy
        self.candidates: dict[str, dict[int, Candidate]] = {}
        self.verdicts: dict[Place, Verdict] = {}
        self.outcomes: Counter[Outcome] = Counter()
        """Verdicts so far, by outcome (over samples)."""
        self.odd = Oddities()
        self.faults = Faults()
        self.may_have_used: list[tuple[int, int]] = []
        """Of requests without a reply that may have cost money: tokens of the prompt and of a reply, at the most."""
        self.without_reply: dict[str, Verdict] = {}
        """Of tasks of which a place was closed without a reply, the first such verdict."""

    def settle(self, place: Place, verdict: Verdict) -> None:
        """Files the verdict on a place."""
        if is_audit(place):
            self.audit.settle(place[0], verdict)
            return
        self.verdicts[place] = verdict
        self.outcomes[verdict.outcome] += 1

    def note_fault(self, failure: RequestFailed) -> None:
        """Counts a fault: a request that brought no reply, or the loss of the server or the script."""
        self.faults.note(failure.kind, failure.message)
        if failure.may_have_used is not None:
            self.may_have_used.append(failure.may_have_used)
        if failure.kind in LOST_WITH or failure.kind == LOST_WITH[SCRIPT_LOST]:
            return  # what was in flight fails one by one; that a script was killed is nothing a server did
        if is_audit((failure.task_id or "", failure.index)):
            return  # a second asking is no request of the run's
        if failure.kind == BUSY:
            return  # asked again until it is served: a limit says nothing of how well it answers
        self.odd.failed_requests += 1
        self.odd.note(f"{failure.task_id or 'a request'}: {failure.message}")

    def finished(self) -> list[Place]:
        """The places that need no answer any more."""
        answered = [(task_id, index) for task_id, here in self.candidates.items() for index in here]
        return list(dict.fromkeys([*answered, *self.verdicts, *self.audit.finished()]))

    def has(self, place: Place) -> bool:
        """Whether its sample is here."""
        return place[1] in self.candidates.get(place[0], {})

    def in_order(self, task_id: str) -> list[Candidate]:
        """A task's samples in the order of their numbers."""
        place = self.candidates.get(task_id, {})
        return [place[index] for index in sorted(place)]

    def samples(self) -> list[Sample]:
        """Every sample taken, without second askings."""
        return [candidate.sample for here in self.candidates.values() for candidate in here.values()]

    def replies(self) -> list[Candidate]:
        """Every sample with its answer, without second askings."""
        return [candidate for here in self.candidates.values() for candidate in here.values()]

    def counted(self) -> list[Verified]:
        """Of each task that was answered, the reply whose verdict is the task's."""
        found = []
        for result in self.results():
            if result.chosen is not None and result.verdict is not None:
                candidate = self.candidates[result.task.task_id][result.chosen]
                found.append(Verified(candidate.sample, candidate.answer, result.verdict))
        return found

    def audited(self) -> dict[str, Any] | None:
        """What the second askings came to; None where there were none."""
        first = {
            (task_id, 0): (here[0].sample, self.verdicts[task_id, 0])
            for task_id, here in self.candidates.items() if 0 in here and (task_id, 0) in self.verdicts
        }
        return self.audit.result(first)

    def narrow(self, task_ids: Iterable[str]) -> None:
        """From now on these are all the tasks there are; what others cost stays in the counts."""
        kept = frozenset(task_ids)
        self.tasks = {task_id: task for task_id, task in self.tasks.items() if task_id in kept}

    def results(self) -> list[TaskResult]:
        """Per task, in order: the verdict of the sample the strategy chooses."""
        return [self.result_of(task) for task in self.tasks.values()]

    def result_of(self, task: Task) -> TaskResult:
        """The verdict of the sample the strategy chooses."""
        candidates = self.in_order(task.task_id)
        position = self.strategy.choose(candidates)
        if position is None:
            return TaskResult(task, self.without_reply.get(task.task_id), None, 0)
        index = candidates[position].sample.index
        return TaskResult(task, self.verdicts.get((task.task_id, index)), index, len(candidates))
