"""What a script says, event by event: samples are filed, failures counted, and the strategy's next draws sent back.

Everything is written to the run folder when it arrives: a sample before it is parsed, a failure before it is counted.
"""

from __future__ import annotations

from collections.abc import Callable

from core.errors import ServerError, UsageError
from core.records import Sample
from parsers.events import Event, RequestFailed, SampleRead, ScoreRead, Started, Unreadable
from parsers.outputs.registry import autodetect
from runner.answers import Answers
from runner.asking import Asking
from runner.audit import is_audit, refuse_undriven
from runner.collect import Collection
from runner.draws import Draw, Place
from runner.faults import LOST_WITH
from runner.observer import Hooks
from runner.rationing import Rationing
from runner.resume import failure_line
from runner.serving import Serving
from runner.sitting import Sitting
from runner.tries import BUSY, DENIED, SPENT
from runner.work import Prepared
from system.clock import monotonic_s

BUSY_TOO_LONG_S = 900.0
"""Longer than the longest that a provider may ask to be left alone."""


class Hearing:
    """Hears the scripts of one cell, one after the other; ``begin`` says whom next."""

    def __init__(self, prepared: Prepared, collection: Collection, answers: Answers, hooks: Hooks) -> None:
        self._benchmark = prepared.work.cell.benchmark
        self._folder = prepared.folder
        self._collection = collection
        self._answers = answers
        self._hooks = hooks
        self._reader = autodetect(self._benchmark)
        self._told: set[str] = set()
        """Kinds of failed requests that the user has seen one of."""
        self.asking = Asking([], 0)
        self.rationing: Rationing | None = None
        """Who says what is drawn next, of a run with a budget."""
        self.sitting: Sitting | None = None
        self.score: ScoreRead | None = None
        self.since_loss = 0
        """Samples that came since a server or a script was lost."""
        self.ended_by: RequestFailed | None = None
        """Why a provider answers nothing more, or nothing more may be spent."""
        self._busy_since: float | None = None

    def begin(self, asking: Asking, sitting: Sitting) -> None:
        """The next lines are those of another start of the script."""
        self._reader = autodetect(self._benchmark)
        self.asking, self.sitting = asking, sitting

    def line(self, text: str, watch: Callable[[RequestFailed], None]) -> None:
        """One line of its output. ``watch`` is told of each failed request before it is counted, and may raise."""
        for event in self._reader.feed(text):
            self._handle(event, watch)

    def last_samples(self, text: str) -> None:
        """As ``line``, of a script that runs no more: what failed then is counted with its loss."""
        for event in self._reader.feed(text):
            if isinstance(event, SampleRead):
                self._handle(event, lambda _failure: None)

    def close(self, watch: Callable[[RequestFailed], None]) -> None:
        """There are no more lines."""
        for event in self._reader.close():
            self._handle(event, watch)

    def _handle(self, event: Event, watch: Callable[[RequestFailed], None]) -> None:
        if isinstance(event, SampleRead | RequestFailed):
            if self.sitting is not None:
                self.sitting.replied()
            refuse_undriven(self._collection.audit, driven=self.asking.driven)
            self._refuse_adaptive()
        if isinstance(event, Started):
            if event.interactive:
                if self.sitting is not None:
                    self.sitting.asked()  # another script may have buffered this line until it was done
                self.asking.drive()
        elif isinstance(event, SampleRead):
            self._receive(event.sample)
        elif isinstance(event, RequestFailed):
            watch(event)
            self._failed(event)
        elif isinstance(event, ScoreRead):
            self.score = event
        elif isinstance(event, Unreadable):
            self._collection.odd.unreadable += 1
            self._collection.odd.note(f"unreadable: {event.excerpt}")
            self._folder.say_of_script(f"unreadable ({event.reason}): {event.excerpt}")

    def _refuse_adaptive(self) -> None:
        """A script that reads no draws brings the samples that were asked for at first, and no more."""
        strategy = self._collection.strategy
        if self.asking.driven:
            return
        if self.rationing is not None:
            raise UsageError('--budget-…: this benchmark script does not read draws, so nothing can be rationed; leave '
                             'the budget out, or make the script driven (docs/benchmark-scripts.md, "Being driven").')
        if strategy.first() < strategy.budget():
            raise UsageError(
                f"--strategy {strategy.name}: this benchmark script does not read draws, so it cannot be asked for "
                'more of some tasks; name one that always draws n, such as sc_fixed, or make the script driven '
                '(docs/benchmark-scripts.md, "Being driven").'
            )

    def _receive(self, sample: Sample) -> None:
        place = (sample.task_id, sample.index)
        if place in self._collection.restored:
            return  # a script that begins again from the start; the first reply stands
        self.asking.heard(place)
        if self._is_unasked(place):
            return
        write = self._folder.append_audit if is_audit(place) else self._folder.append_sample
        write(sample, self.sitting.stamp() if self.sitting else None)
        self.asking.answered(place)
        self.since_loss += 1
        self._busy_since = None
        if self._answers.file(sample):
            self.ask_more(sample.task_id)

    def _is_unasked(self, place: Place) -> bool:
        """Of a task that there is, but drawn by nobody: counted, and no sample of the run's."""
        if place[0] not in self._collection.tasks or self.asking.was_asked(place):
            return False
        self._collection.odd.unasked += 1
        self._collection.odd.note(f"nobody asked for sample {place[1]} of {place[0]!r}")
        self._folder.say_of_script(f"nobody asked for: {place[0]} sample {place[1]}")
        return True

    def ask_more(self, task_id: str) -> None:
        """Sends what the strategy wants next of this task, if it wants more and knows enough."""
        if not self.asking.listening:
            return
        if self.ended_by is not None:
            self.asking.end_if_idle()
            return
        if self.rationing is not None:
            draws = self.rationing.draws(len(self.asking.owed))
        else:
            draw = self._collection.next_draw(task_id)
            draws = [draw] if draw is not None else []
        for each in draws:
            self.asking.draw(each)
        if not self._collection.appraising:  # a task whose samples are being tried may want more of them
            self.asking.end_if_idle()

    def _failed(self, failure: RequestFailed) -> None:
        self.asking.heard(None if failure.task_id is None else (failure.task_id, failure.index))
        if failure.task_id is not None and self._is_unasked((failure.task_id, failure.index)):
            return
        if failure.kind in {DENIED, SPENT} and failure.task_id is not None:
            self._end(failure)
            return
        which = "of no task" if failure.task_id is None else f"{failure.task_id} sample {failure.index}"
        if failure.kind not in self._told:
            self._told.add(failure.kind)
            self._hooks.observer.note(f"a request failed ({which}): {failure.message}; others like it are only counted")
        self._folder.say_of_script(f"request failed ({failure.kind}): {which}: {failure.message}")
        if failure.kind == BUSY:
            self._look_how_long()
        again = self.fault(failure)
        self._answers.write_closed()
        if again is not None:
            self.asking.draw(again)
        elif failure.task_id is not None:
            self.ask_more(failure.task_id)

    def _end(self, failure: RequestFailed) -> None:
        """Nothing more is asked: what is under way comes in, then the script ends, and the run can be taken up."""
        if self.ended_by is None:
            self.ended_by = failure
            self._folder.say_of_script(f"nothing more is asked ({failure.kind}): {failure.message}")
        self.asking.give_up((failure.task_id or "", failure.index))

    def _look_how_long(self) -> None:
        """Raises ServerError where a provider has been busy, and nothing else, for too long."""
        now = monotonic_s()
        if self._busy_since is None:
            self._busy_since = now
        if now - self._busy_since > BUSY_TOO_LONG_S:
            raise ServerError(f"for {BUSY_TOO_LONG_S / 60:.0f} minutes the provider has only said that it is busy, or "
                              "asked too often; what came by then is kept: run the same command again later to go on.")

    def fault(self, fault: RequestFailed) -> Draw | None:
        """Written down and counted; the draw that asks again, unless its place is closed now."""
        self._folder.append_failure(failure_line(fault))
        if fault.kind in LOST_WITH:
            self._collection.note_fault(fault)
            return None
        again = self._collection.fail(fault)
        if again is None and fault.task_id is not None:
            self.asking.answered((fault.task_id, fault.index))
        return again


def watching(serving: Serving, so_far: Callable[[], str]) -> Callable[[RequestFailed], None]:
    """Whether a failed request was the server's death, or its hanging. What is returned raises ServerLost."""

    def watch(failure: RequestFailed) -> None:
        if failure.kind == "connection":
            serving.watch(so_far)
        elif failure.kind == "timeout":
            serving.watch_for_hang(so_far)

    return watch
