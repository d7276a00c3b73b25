"""The loop of one cell: draws out, samples in, answers to the verifiers, verdicts back.

One thread runs it and owns all state; it reads one queue, which the script's reader and the verifiers' callbacks fill.
Everything is written to the run folder when it arrives: a sample before it is parsed, a verdict before it is counted.
What an earlier sitting wrote goes the same way first (``runner.resume``), and the script is asked only for the rest.

A server that is lost ends the sitting: the script is stopped, the server started again with the same settings
(``runner.serving``), and the next sitting asks what has no answer. So does a script that is killed, and a server that
hangs is ended and then lost. What was in flight has lost one of its three tries; with several slots these are asked one
at a time first, so that no task is set aside for what its neighbour did.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from core.errors import Interrupted, ScriptLost, ServerLost
from core.records import Sample
from evaluators.pool import VerifierPool
from parsers.events import Event, RequestFailed, SampleRead, ScoreRead, Started, Unreadable
from parsers.outputs.registry import autodetect
from reports.live import LiveState
from runner.answers import Answers, Verdicted
from runner.asking import Asking
from runner.audit import is_audit, refuse_undriven
from runner.collect import LOSSES, Collection, Draw
from runner.faults import LOST_WITH, SCRIPT_LOST, SERVER_LOST
from runner.live import Pace, live_state
from runner.observer import Hooks
from runner.prepare import Prepared
from runner.resume import failure_line
from runner.script import Finished, Line
from runner.script_end import check_killed, check_script
from runner.serving import Serving
from runner.sitting import Sitting, Spent, written
from system.clock import monotonic_s

_TICK_S = 0.2
_SHOWN_EVERY_S = 0.1
_LOSSES_IN_A_ROW = 3 * LOSSES
"""So often the server, or the script, may be lost without a single reply: three tasks set aside one after the other."""


@dataclass(frozen=True, slots=True)
class CellOutcome:
    """What a cell came to, before it is made a record."""

    prepared: Prepared
    collection: Collection
    score: ScoreRead | None
    spent: Spent
    """Over all sittings."""


class _Enough(Exception):  # nothing went wrong
    """What was asked so far is enough; the rest of the draws is not wanted any more."""


class CellLoop:
    """Runs one prepared cell: to its end with ``run``, or by and by, some tasks at a time, with ``sit``."""

    def __init__(
        self, prepared: Prepared, serving: Serving, pool: VerifierPool, hooks: Hooks, place: tuple[int, int]
    ) -> None:
        """``place``: which of how many cells this is."""
        self._prepared = prepared
        self._work = work = prepared.work
        self._folder = prepared.folder
        self._serving = serving
        self._pool = pool
        self._hooks = hooks
        self._place = place
        self._events: queue.Queue[Any] = queue.Queue()
        self._collection = Collection(work.tasks, work.strategy, work.sampling.seed, work.audited)
        apart = "reasoning_content" in serving.server.endpoint.capabilities
        self._answers = Answers(prepared, self._collection, pool, self._events, thinking_apart=apart)
        self._spent = prepared.earlier.spent
        self._sitting = Sitting(self._spent)
        self._enough: Callable[[], bool] = lambda: False
        self._reader = autodetect(work.cell.benchmark)
        self._asking = Asking([], 0)
        self._score: ScoreRead | None = None
        self._losses_in_a_row = 0
        self._shown = 0.0
        self._told: set[str] = set()
        """Kinds of failed requests that the user has seen one of."""

    def run(self) -> CellOutcome:
        """Raises ScriptError, ServerLost or Interrupted; what had arrived by then is in the run folder."""
        self.restore()
        self.sit(self._collection.opening())
        return self.outcome()

    def restore(self) -> Collection:
        """What an earlier try left is filed, and on its way to the verifiers. The collection is still the loop's."""
        self._answers.restore()
        return self._collection

    def settle(self) -> None:
        """Waits until all that is there is verified. Raises ServerLost or Interrupted."""
        self._until_verified()

    def outcome(self) -> CellOutcome:
        """What it came to so far."""
        return CellOutcome(self._prepared, self._collection, self._score, self._spent)

    def move(self, serving: Serving) -> None:
        """The next draws are put to another start of the same server."""
        self._serving = serving
        self._collection.begin_sitting()

    def sit(self, draws: list[Draw], enough: Callable[[], bool] = lambda: False) -> None:
        """Asks and waits until all that came is verified. Raises as ``run``.

        ``enough`` is asked after each verdict: once it says so the script is stopped, and what it still owes is not
        asked for.
        """
        self._sitting, self._enough = Sitting(self._spent), enough
        try:
            self._sit(draws)
        except _Enough:
            self._enough = lambda: False
            self._take_what_came()
            self._until_verified()
        self._spent = self._sitting.all_spent()

    def _sit(self, draws: list[Draw]) -> None:
        slots, alone = self._serving.server.endpoint.slots, False
        while True:
            try:
                with written(self._folder, self._sitting):
                    self._ask(draws, 1 if alone else slots)
                    if not alone:
                        self._until_verified()
                        return
                suspects: list[Draw] = []
            except (ServerLost, ScriptLost) as lost:
                self._recover(lost)
                suspects = self._collection.suspects() if slots > 1 else []
            alone = bool(suspects)
            draws = suspects or self._collection.pending()
            self._sitting = Sitting(self._sitting.all_spent())
            self._collection.begin_sitting()

    def _ask(self, draws: list[Draw], slots: int) -> None:
        """One start of the script, for these draws and what the strategy draws after them."""
        if self._work.tasks and not draws:
            self._sitting.nothing_asked()
            return
        self._reader = autodetect(self._work.cell.benchmark)
        self._asking = Asking(draws, slots)
        later = {(draw.task_id, draw.sample) for draw in self._collection.pending()}.difference(self._asking.owed)
        env = self._prepared.tell(
            self._serving.server.endpoint, slots, [*self._collection.finished(), *sorted(later)]
        )
        script = self._asking.start(self._work.command, env, self._folder.path, self._events)
        try:
            self._until_script_ends()
            status = script.finish()
        finally:
            script.stop()
        if status != 0 or self._collection.odd.failed_requests:
            self._serving.watch(self._so_far)
        check_killed(status, self._prepared, self._collection)
        self._collection.close_failed()
        self._answers.write_closed()
        self._sitting.generated()
        check_script(status, self._prepared, self._collection, self._score)

    def _recover(self, lost: ServerLost | ScriptLost) -> None:
        """What was lost is started again. Raises ``lost``, or ServerLost, when that cannot be or does not help."""
        self._take_what_came()
        self._losses_in_a_row += 1
        if not self._work.tasks or self._losses_in_a_row >= _LOSSES_IN_A_ROW:
            raise lost
        if isinstance(lost, ServerLost):
            kind, reason = SERVER_LOST, self._serving.why_lost()
        else:
            kind, reason = SCRIPT_LOST, lost.how
        self._fault(RequestFailed(None, 0, reason, kind))
        for task_id, index in self._asking.in_flight():
            self._fault(RequestFailed(task_id, index, f"{kind}: {reason}", LOST_WITH[kind]))
        self._answers.write_closed()
        if isinstance(lost, ServerLost) and self._serving.server.pid is None:
            raise lost  # somebody else's is not ours to start
        self._hooks.observer.note(
            f"the {kind.split()[0]} was lost ({reason}); starting it again for what has no answer"
        )
        if isinstance(lost, ServerLost):
            self._serving.restart(lost)

    def _take_what_came(self) -> None:
        """Replies that the script had printed before the loss was seen; it runs no more."""
        while not self._events.empty():
            item = self._events.get()
            if isinstance(item, Verdicted):
                self._answers.settle(item)
            elif isinstance(item, Line):
                for event in self._reader.feed(item.text):
                    if isinstance(event, SampleRead):
                        self._handle(event)

    # -- the queue -------------------------------------------------------------------------------------------------

    def _until_script_ends(self) -> None:
        while not isinstance(item := self._next(), Finished):
            if isinstance(item, Line):
                for event in self._reader.feed(item.text):
                    self._handle(event)
        for event in self._reader.close():
            self._handle(event)

    def _until_verified(self) -> None:
        while not self._answers.all_verified:
            self._next()

    def _next(self) -> Line | Finished | None:
        """The script's next line, or None after a verdict or a tick."""
        try:
            item = self._events.get(timeout=_TICK_S)
        except queue.Empty:
            item = None
        if isinstance(item, Verdicted):
            self._answers.settle(item)
            item = None
        self._look_around()
        if self._enough():
            raise _Enough
        return item if isinstance(item, Line | Finished) else None

    def _look_around(self) -> None:
        if self._hooks.stop_requested():
            raise Interrupted(f"stopped on request; the {self._so_far()}")
        if self._sitting.generation_s is None:
            self._serving.look(self._so_far)
        if monotonic_s() - self._shown >= _SHOWN_EVERY_S:  # a reply comes more often than anybody can look
            self._shown = monotonic_s()
            self._hooks.observer.live(self._live_state())

    def _so_far(self) -> str:
        of = f" of {len(self._work.tasks)}" if self._work.tasks else ""
        answered = f"{len(self._collection.candidates)}{of} tasks answered by then are in {self._folder.path}"
        return f"{answered}; {self._prepared.go_on}." if self._work.benchmark else f"{answered}."

    # -- events ----------------------------------------------------------------------------------------------------

    def _handle(self, event: Event) -> None:
        if isinstance(event, SampleRead | RequestFailed):
            self._sitting.replied()
            refuse_undriven(self._collection.audit, driven=self._asking.driven)
        if isinstance(event, Started):
            if event.interactive:
                self._sitting.asked()  # another script may have buffered this line until it was done
                self._asking.drive()
        elif isinstance(event, SampleRead):
            self._receive(event.sample)
        elif isinstance(event, RequestFailed):
            self._failed(event)
        elif isinstance(event, ScoreRead):
            self._score = event
        elif isinstance(event, Unreadable):
            self._collection.odd.unreadable += 1
            self._collection.odd.note(f"unreadable: {event.excerpt}")
            self._folder.say_of_script(f"unreadable ({event.reason}): {event.excerpt}")

    def _receive(self, sample: Sample) -> None:
        place = (sample.task_id, sample.index)
        if place in self._collection.restored:
            return  # a script that begins again from the start; the first reply stands
        write = self._folder.append_audit if is_audit(place) else self._folder.append_sample
        write(sample, self._sitting.stamp())
        self._asking.answered(place)
        self._losses_in_a_row = 0
        if self._answers.file(sample):
            self._ask_more(sample.task_id)

    def _ask_more(self, task_id: str) -> None:
        if not self._asking.driven:
            return
        draw = self._collection.next_draw(task_id)
        if draw is not None:
            self._asking.draw(draw)
        self._asking.end_if_idle()

    def _failed(self, failure: RequestFailed) -> None:
        if failure.kind == "connection":
            self._serving.watch(self._so_far)
        elif failure.kind == "timeout":
            self._serving.watch_for_hang(self._so_far)
        which = "of no task" if failure.task_id is None else f"{failure.task_id} sample {failure.index}"
        if failure.kind not in self._told:
            self._told.add(failure.kind)
            self._hooks.observer.note(f"a request failed ({which}): {failure.message}; others like it are only counted")
        self._folder.say_of_script(f"request failed ({failure.kind}): {which}: {failure.message}")
        again = self._fault(failure)
        self._answers.write_closed()
        if again is not None:
            self._asking.draw(again)
        elif failure.task_id is not None:
            self._ask_more(failure.task_id)

    def _fault(self, fault: RequestFailed) -> Draw | None:
        """Written down and counted; the draw that asks again, unless its place is closed now."""
        self._folder.append_failure(failure_line(fault))
        if fault.kind in LOST_WITH:
            self._collection.note_fault(fault)
            return None
        again = self._collection.fail(fault)
        if again is None and fault.task_id is not None:
            self._asking.answered((fault.task_id, fault.index))
        return again

    # -- what is seen ----------------------------------------------------------------------------------------------

    def _live_state(self) -> LiveState:
        pace = Pace(self._sitting.elapsed_s, self._sitting.generation_s, self._pool.queue_depth)
        return live_state(self._work, self._collection, pace, self._place)
