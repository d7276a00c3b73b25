"""What a cell knows of its samples: asked, received, answered, verified. No I/O; the loop in ``run.py`` feeds it.

A place is one (task, sample index). It waits for a response from its draw on, then for a verdict. A strategy looks at
a task when none of its places waits for a response.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict, Verified
from core.seeds import sample_seed
from parsers.events import RequestFailed
from runner.audit import Audit, is_audit
from runner.draws import Draw, Place
from runner.faults import LOST_WITH, SCRIPT_LOST, Faults, Oddities
from strategies.base import Candidate, Strategy

LOSSES = 3
"""A request that brought no reply is asked again until it failed this often."""

REFUSED = "refused"
"""A failure's kind: the server will have nothing of this request, however often it is asked."""

TOO_LONG = "the prompt does not fit the context"
"""The verdict's detail of a task whose prompt was refused for its length."""

__all__ = ["Collection", "Draw", "Place", "TaskResult"]


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What a task came to: the verdict that counts, or None when nothing came back at all."""

    task: Task
    verdict: Verdict | None
    chosen: int | None
    samples: int


class Collection:
    """The samples of one cell."""

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
        self.completion_tokens = 0
        self.prompt_tokens = 0
        self.requests = 0
        self.looping = 0
        """Replies that end by repeating themselves."""
        self.restored: set[Place] = set()
        """Places that an earlier sitting answered."""
        self.restored_samples = self.restored_tokens = 0
        """Samples among them, second askings left out; tokens of both."""
        self._seed = seed
        self._drawn: Counter[str] = Counter()
        self._waiting: dict[str, set[int]] = {}
        self._losses: Counter[Place] = Counter()
        self._in_flight_at_loss: Counter[Place] = Counter()
        self._done: set[str] = set()
        self._without_reply: dict[str, Verdict] = {}
        self._closed: list[tuple[Place, Verdict]] = []

    # -- drawing ---------------------------------------------------------------------------------------------------

    def opening(self) -> list[Draw]:
        """The first draws of every task, in order; of a task that has samples already, those it lacks. Second askings
        are spread between them.
        """
        return self.audit.spread([draw for task_id in self.tasks for draw in self._begin(task_id)])

    def begin(self, task_ids: Iterable[str]) -> list[Draw]:
        """As ``opening``, for some of the tasks: the first draws of those that have none yet, and what others lack."""
        left = self.pending()
        return left + [draw for task_id in task_ids if task_id not in self._drawn for draw in self._begin(task_id)]

    def _begin(self, task_id: str) -> list[Draw]:
        """Replays what the strategy asked for, round by round, up to the round whose samples are not all here."""
        here = self.candidates.get(task_id, {})
        count = self.strategy.first()
        while count > 0:
            draw = self._draw(task_id, count)
            waiting = self._waiting[task_id]
            waiting -= {index for index in waiting if index in here or (task_id, index) in self.verdicts}
            if len(waiting) == count:
                return [draw]
            if waiting:
                return [self._single(task_id, index) for index in sorted(waiting)]
            count = self.strategy.more([here[index] for index in sorted(here) if index < self._drawn[task_id]])
        self._done.add(task_id)
        return []

    def _single(self, task_id: str, index: int) -> Draw:
        return Draw(task_id, index, 1, sample_seed(self._seed, task_id, index))

    def _draw(self, task_id: str, count: int) -> Draw:
        first = self._drawn[task_id]
        self._drawn[task_id] += count
        self._waiting.setdefault(task_id, set()).update(range(first, first + count))
        return Draw(task_id, first, count, sample_seed(self._seed, task_id, first))

    def next_draw(self, task_id: str) -> Draw | None:
        """What the strategy wants next of this task, now that a reply came; None while it waits or when it is done."""
        if task_id in self._done or self._waiting.get(task_id):
            return None
        count = self.strategy.more(self._in_order(task_id))
        if count > 0:
            return self._draw(task_id, count)
        self._done.add(task_id)
        return None

    @property
    def complete(self) -> bool:
        """Whether every task is done drawing."""
        return len(self._done) == len(self.tasks)

    # -- receiving -------------------------------------------------------------------------------------------------

    def take(self, sample: Sample, answer: Answer) -> bool:
        """Files a response; False (and counted) when it is of no known task or came twice."""
        if sample.task_id not in self.tasks:
            self.odd.unknown_tasks += 1
            self.odd.note(f"sample of unknown task {sample.task_id!r}")
            return False
        if is_audit((sample.task_id, sample.index)):
            self.completion_tokens += sample.completion_tokens or 0
            return self.audit.take(sample)
        place = self.candidates.setdefault(sample.task_id, {})
        if sample.index in place:
            self.odd.duplicates += 1
            self.odd.note(f"second sample {sample.index} of {sample.task_id!r}")
            return False
        place[sample.index] = Candidate(sample, answer)
        self._waiting.get(sample.task_id, set()).discard(sample.index)
        self.requests += 1
        self.looping += sample.looping is True
        self.completion_tokens += sample.completion_tokens or 0
        self.prompt_tokens += sample.prompt_tokens or 0
        return True

    def restore(self, sample: Sample, answer: Answer) -> bool:
        """As ``take``, for a sample of an earlier sitting: should the script bring it again, that is no second one."""
        self.restored.add((sample.task_id, sample.index))
        self.restored_samples += not is_audit((sample.task_id, sample.index))
        self.restored_tokens += sample.completion_tokens or 0
        return self.take(sample, answer)

    def restore_failure(self, failure: RequestFailed) -> None:
        """Counts a fault of an earlier sitting; what it cost is asked anew unless that cannot help."""
        if failure.kind == "context":
            self.fail(failure)
        else:
            self.note_fault(failure)

    def finished(self) -> list[Place]:
        """The places that need no answer any more."""
        answered = [(task_id, index) for task_id, here in self.candidates.items() for index in here]
        return list(dict.fromkeys([*answered, *self.verdicts, *self.audit.finished()]))

    def begin_sitting(self) -> None:
        """All answers there are now are an earlier sitting's."""
        self.restored = {(task_id, index) for task_id, here in self.candidates.items() for index in here}
        self.restored_samples = len(self.restored)
        self.restored |= {(sample.task_id, sample.index) for sample in self.audit.samples}
        self.restored_tokens = self.completion_tokens

    def pending(self) -> list[Draw]:
        """Every place that waits for a response, one draw each, in the order of tasks; second askings between them."""
        return self.audit.spread([
            self._single(task_id, index) for task_id in self.tasks
            for index in sorted(self._waiting.get(task_id, ()))
        ])

    def suspects(self) -> list[Draw]:
        """Of these, those that were in flight when a server or a script was lost: one of them may be why."""
        return [draw for draw in self.pending() if self._in_flight_at_loss[draw.task_id, draw.sample]]

    def fail(self, failure: RequestFailed) -> Draw | None:
        """Files a request without reply: asked again up to three times, then closed as ``lost``.

        Where asking again cannot help it is closed at once: a prompt that does not fit the context as truncated, a
        request that the server refuses as it is as ``lost``.
        """
        self.note_fault(failure)
        if failure.task_id is None or failure.task_id not in self.tasks:
            return None
        place = (failure.task_id, failure.index)
        self._losses[place] += 1
        self._in_flight_at_loss[place] += failure.kind in LOST_WITH.values()
        if is_audit(place):
            return self._fail_audit(place, failure)
        if failure.kind == "context":
            self._close(place, Verdict(Outcome.TRUNCATED, TOO_LONG))
        elif failure.kind == REFUSED:
            self._close(place, Verdict(Outcome.LOST, f"the server refused the request: {failure.message}"[:300]))
        elif self._losses[place] >= LOSSES:
            self._close(place, Verdict(Outcome.LOST, f"no reply in {LOSSES} tries: {failure.message}"[:300]))
        else:
            return self._single(*place)
        return None

    def _fail_audit(self, place: Place, failure: RequestFailed) -> Draw | None:
        """Asked again as often as any other; then the audit goes on without it."""
        if failure.kind not in {"context", REFUSED} and self._losses[place] < LOSSES:
            return self.audit.draw(place[0])
        self.audit.give_up(place[0])
        return None

    def note_fault(self, failure: RequestFailed) -> None:
        """Counts a fault: a request that brought no reply, or the loss of the server or the script."""
        self.faults.note(failure.kind, failure.message)
        if failure.kind in LOST_WITH or failure.kind == LOST_WITH[SCRIPT_LOST]:
            return  # what was in flight fails one by one; that a script was killed is nothing a server did
        if is_audit((failure.task_id or "", failure.index)):
            return  # a second asking is no request of the run's
        self.odd.failed_requests += 1
        self.odd.note(f"{failure.task_id or 'a request'}: {failure.message}")

    def settle(self, place: Place, verdict: Verdict) -> None:
        """Files the verdict on a place."""
        if is_audit(place):
            self.audit.settle(place[0], verdict)
            return
        self.verdicts[place] = verdict
        self.outcomes[verdict.outcome] += 1

    def _close(self, place: Place, verdict: Verdict) -> None:
        self.settle(place, verdict)
        self._closed.append((place, verdict))
        self._without_reply.setdefault(place[0], verdict)
        self._waiting.get(place[0], set()).discard(place[1])

    def closed(self) -> list[tuple[Place, Verdict]]:
        """The places closed without a reply since this was last asked, to be written down."""
        closed, self._closed = self._closed, []
        return closed

    def close_failed(self) -> None:
        """After a script that cannot be asked again: requests that only failed are closed as ``lost``."""
        for task_id, index in self._losses:
            if is_audit((task_id, index)):
                self.audit.give_up(task_id)
            elif (task_id, index) not in self.verdicts and index not in self.candidates.get(task_id, {}):
                self._close((task_id, index), Verdict(Outcome.LOST, "the script reported no reply"))

    # -- looking ---------------------------------------------------------------------------------------------------

    def _in_order(self, task_id: str) -> list[Candidate]:
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

    def is_answered(self, task_id: str) -> bool:
        """Whether all that was drawn of a task came, or was given up."""
        return task_id in self._drawn and not self._waiting.get(task_id)

    def verdict_of(self, task_id: str) -> Verdict | None:
        """The verdict that counts for a task; None while samples of it are to come or to be verified."""
        return self._result(self.tasks[task_id]).verdict if self.is_answered(task_id) else None

    def narrow(self, task_ids: Iterable[str]) -> None:
        """From now on these are all the tasks there are; what others cost stays in the counts."""
        kept = frozenset(task_ids)
        self.tasks = {task_id: task for task_id, task in self.tasks.items() if task_id in kept}

    def results(self) -> list[TaskResult]:
        """Per task, in order: the verdict of the sample the strategy chooses."""
        return [self._result(task) for task in self.tasks.values()]

    def _result(self, task: Task) -> TaskResult:
        candidates = self._in_order(task.task_id)
        position = self.strategy.choose(candidates)
        if position is None:
            return TaskResult(task, self._without_reply.get(task.task_id), None, 0)
        index = candidates[position].sample.index
        return TaskResult(task, self.verdicts.get((task.task_id, index)), index, len(candidates))
