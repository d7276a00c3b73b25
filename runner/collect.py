"""What a cell knows of its samples: asked, received, answered, verified. No I/O; the loop in ``cell.py`` feeds it.

What is drawn and awaited is in ``drawing.py``, what failed how often in ``tries.py``, what is here in ``filed.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict
from parsers.events import RequestFailed
from runner.appraisal import NOTHING_KNOWN, Appraisal
from runner.audit import is_audit
from runner.drawing import Drawing
from runner.draws import Draw, Place
from runner.filed import Filed
from runner.tries import Tries
from strategies.base import Candidate, Strategy


class Collection(Filed):
    """The samples of one cell, as they are asked for and come in."""

    def __init__(
        self, tasks: Iterable[Task], strategy: Strategy, seed: int, audited: int = 0, drawing: type[Drawing] = Drawing
    ) -> None:
        """``audited``: how many tasks are asked twice. ``drawing``: who asks the strategy."""
        super().__init__(tasks, strategy, seed, audited)
        self.completion_tokens = 0
        self.requests = 0
        self.looping = 0
        """Replies that end by repeating themselves."""
        self.restored: set[Place] = set()
        """Places that an earlier sitting answered."""
        self.restored_tokens = 0
        self._drawing = drawing(strategy, seed)
        self._unappraised: dict[str, set[int]] = {}
        """Samples of which more is to become known before a strategy may look at their task."""
        self._tries = Tries()
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
        return left + [draw for task_id in task_ids if not self._drawing.has_begun(task_id)
                       for draw in self._begin(task_id)]

    def _begin(self, task_id: str) -> list[Draw]:
        return self._drawing.begin(task_id, self.candidates.get(task_id, {}), self.verdicts)

    def next_draw(self, task_id: str) -> Draw | None:
        """What the strategy wants next of this task, now that a reply came; None while it waits or when it is done."""
        if task_id in self._unappraised:
            return None
        return self._drawing.more(task_id, self.in_order(task_id))

    def pending(self) -> list[Draw]:
        """Every place that waits for a response, one draw each, in the order of tasks; second askings between them."""
        return self.audit.spread(self._drawing.pending(self.tasks))

    def suspects(self) -> list[Draw]:
        """Of these, those that were in flight when a server or a script was lost: one of them may be why."""
        return [draw for draw in self.pending() if self._tries.was_in_flight((draw.task_id, draw.sample))]

    def more_draws(self) -> list[Draw]:
        """What the strategy wants of tasks that wait for nothing: all they had is known by now."""
        return [draw for task_id in self.tasks
                if self._drawing.has_begun(task_id) and (draw := self.next_draw(task_id)) is not None]

    def draw_one(self, task_id: str) -> Draw:
        """One more sample of a task."""
        return self._drawing.one(task_id)

    def drawn_of(self, task_id: str) -> int:
        """How many samples of a task were drawn."""
        return self._drawing.drawn(task_id)

    def tries_of(self, place: Place) -> int:
        """How many requests for it brought no reply."""
        return self._tries.count(place)

    @property
    def complete(self) -> bool:
        """Whether every task is done drawing."""
        return self._drawing.tasks_done == len(self.tasks)

    def is_answered(self, task_id: str) -> bool:
        """Whether all that was drawn of a task came, or was given up."""
        return self._drawing.has_begun(task_id) and not self._drawing.waits(task_id)

    def wants_no_more(self, task_id: str) -> bool:
        """Whether nothing is awaited of a task, as its strategy has drawn all it wants."""
        return self.is_answered(task_id) and task_id not in self._unappraised

    def verdict_of(self, task_id: str) -> Verdict | None:
        """The verdict that counts for a task; None while samples of it are to come or to be verified."""
        return self.result_of(self.tasks[task_id]).verdict if self.is_answered(task_id) else None

    # -- receiving -------------------------------------------------------------------------------------------------

    def take(self, sample: Sample, answer: Answer, known: Appraisal = NOTHING_KNOWN) -> bool:
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
        place[sample.index] = Candidate(sample, answer, known.key, known.merits)
        if not known.whole:
            self._unappraised.setdefault(sample.task_id, set()).add(sample.index)
        self._drawing.arrived((sample.task_id, sample.index))
        self.requests += 1
        self.looping += sample.looping is True
        self.completion_tokens += sample.completion_tokens or 0
        return True

    def appraise(self, place: Place, known: Appraisal) -> None:
        """What was still to become known of a sample."""
        here = self.candidates[place[0]]
        here[place[1]] = replace(here[place[1]], key=known.key, merits=known.merits)
        left = self._unappraised.get(place[0], set())
        left.discard(place[1])
        if not left:
            self._unappraised.pop(place[0], None)

    @property
    def appraising(self) -> bool:
        """Whether more is to become known of any sample."""
        return bool(self._unappraised)

    def restore(self, sample: Sample, answer: Answer, known: Appraisal = NOTHING_KNOWN) -> bool:
        """As ``take``, for a sample of an earlier sitting: should the script bring it again, that is no second one."""
        self.restored.add((sample.task_id, sample.index))
        self.restored_tokens += sample.completion_tokens or 0
        return self.take(sample, answer, known)

    @property
    def restored_tasks(self) -> set[str]:
        """Of which an earlier sitting answered a sample; second askings left out."""
        return {place[0] for place in self.restored if not is_audit(place)}

    def restore_failure(self, failure: RequestFailed) -> None:
        """Counts a fault of an earlier sitting; what it cost is asked anew unless that cannot help."""
        if failure.kind == "context":
            self.fail(failure)
        else:
            self.note_fault(failure)

    def begin_sitting(self) -> None:
        """All answers there are now are an earlier sitting's."""
        self.restored = {(task_id, index) for task_id, here in self.candidates.items() for index in here}
        self.restored |= {(sample.task_id, sample.index) for sample in self.audit.samples}
        self.restored_tokens = self.completion_tokens

    def fail(self, failure: RequestFailed) -> Draw | None:
        """Files a request without reply: the draw that asks it again, or None where it is closed (``tries.py``)."""
        self.note_fault(failure)
        if failure.task_id is None or failure.task_id not in self.tasks:
            return None
        place = (failure.task_id, failure.index)
        verdict = self._tries.failed(place, failure)
        if is_audit(place):
            if verdict is None:
                return self.audit.draw(place[0])
            self.audit.give_up(place[0])
            return None
        if verdict is None:
            return self._drawing.single(*place)
        self._close(place, verdict)
        return None

    def _close(self, place: Place, verdict: Verdict) -> None:
        self.settle(place, verdict)
        self._closed.append((place, verdict))
        self.without_reply.setdefault(place[0], verdict)
        self._drawing.arrived(place)

    def closed(self) -> list[tuple[Place, Verdict]]:
        """The places closed without a reply since this was last asked, to be written down."""
        closed, self._closed = self._closed, []
        return closed

    def close_failed(self) -> None:
        """After a script that cannot be asked again: requests that only failed are closed as ``lost``."""
        for task_id, index in self._tries.places():
            if is_audit((task_id, index)):
                self.audit.give_up(task_id)
            elif (task_id, index) not in self.verdicts and index not in self.candidates.get(task_id, {}):
                self._close((task_id, index), Verdict(Outcome.LOST, "the script reported no reply"))
