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
from functools import partial
from typing import Any

from core.errors import Interrupted, ScriptLost, ServerError, ServerLost
from evaluators.pool import VerifierPool
from runner.answers import Answers, Appraised, Verdicted
from runner.asking import Asking
from runner.collect import Collection
from runner.drawing import Drawing
from runner.draws import Draw
from runner.hearing import Hearing, watching
from runner.lookout import Lookout
from runner.observer import Bought, Hooks
from runner.outcome import CellOutcome
from runner.patience import Patience, Stuck
from runner.rationing import Rationing, Singly, Used, refuse_unmetered
from runner.recovery import Recovery
from runner.script import Finished, Line, Script
from runner.script_end import check_killed, check_script, gave_up
from runner.serving import Serving
from runner.sitting import Sitting, written
from runner.tries import SPENT
from runner.work import Prepared
from system.clock import monotonic_s
from system.work_done import cpu_seconds

_TICK_S = 0.2


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
        self._hooks = hooks
        self._events: queue.Queue[Any] = queue.Queue()
        self._collection = Collection(
            work.tasks, work.drawing, work.sampling.seed, work.audited, Drawing if work.budget is None else Singly)
        apart = "reasoning_content" in serving.server.endpoint.capabilities
        self._answers = Answers(prepared, self._collection, pool, self._events, thinking_apart=apart)
        self._spent = prepared.earlier.spent
        self._broken_off = prepared.earlier.broken_off
        hooks.meters.serves(lambda: self._serving.server)
        self._sitting = Sitting(self._spent, hooks.meters.joules)
        self._enough: Callable[[], bool] = lambda: False
        self._hearing = Hearing(prepared, self._collection, self._answers, hooks)
        if work.budget is not None:
            refuse_unmetered(work.budget, hooks.meters.metered() is not None)
            slots = serving.server.endpoint.slots
            self._hearing.rationing = Rationing(work.budget, self._collection, slots, self._used)
        self._lookout = Lookout(prepared, self._collection, pool, hooks, place)
        self._recovery = Recovery(self._hearing, self._answers, hooks.observer)

    def run(self) -> CellOutcome:
        """Raises ScriptError, ServerLost or Interrupted; what had arrived by then is in the run folder."""
        try:
            self.restore()
            missing = self._collection.opening()
            self.sit([*missing, *self._rationed(len(missing))])
            self._say(self._hearing.rationing.remark() if self._hearing.rationing is not None else None)
        finally:
            self.close()
        return self.outcome()

    def close(self) -> None:
        """Ends what selectors have under way, and tells what went wrong with them."""
        self._say(self._answers.close())

    def _say(self, remark: str | None) -> None:
        if remark:
            self._hooks.observer.note(remark)

    def restore(self) -> Collection:
        """What an earlier try left is filed, and on its way to the verifiers. The collection is still the loop's."""
        self._answers.restore()
        while not self._answers.all_appraised:
            self._next()
        return self._collection

    def settle(self) -> None:
        """Waits until all that is there is verified. Raises ServerLost or Interrupted."""
        self._until_verified()

    def outcome(self) -> CellOutcome:
        """What it came to so far."""
        self._count_money()
        return CellOutcome(self._prepared, self._collection, self._hearing.score, self._spent)

    def move(self, serving: Serving) -> None:
        """The next draws are put to another start of the same server."""
        self._serving = serving
        self._hooks.meters.serves(lambda: self._serving.server)
        self._collection.begin_sitting()

    def sit(self, draws: list[Draw], enough: Callable[[], bool] = lambda: False) -> None:
        """Asks and waits until all that came is verified. Raises as ``run``.

        ``enough`` is asked after each verdict: once it says so the script is stopped, and what it still owes is not
        asked for.
        """
        self._sitting, self._enough = Sitting(self._spent, self._hooks.meters.joules), enough
        try:
            self._sit(draws)
        except _Enough:
            self._enough = lambda: False
            self._take_what_came()
            self._until_verified()
        self._spent = self._sitting.all_spent()
        self._count_money()

    def _sit(self, draws: list[Draw]) -> None:
        slots, alone = self._serving.server.endpoint.slots, False
        while True:
            try:
                with written(self._folder, self._sitting):
                    self._ask(draws, 1 if alone else slots)
                    if not alone:
                        self._until_verified()
                suspects: list[Draw] = []
                if not alone and not (self._hearing.asking.driven and self._further()):
                    return
            except (ServerLost, ScriptLost) as lost:
                self._take_what_came()
                self._recovery.recover(lost, self._serving, can_go_on=bool(self._work.tasks))
                suspects = self._collection.suspects() if slots > 1 else []
            alone = bool(suspects)
            draws = suspects or self._collection.pending()
            self._sitting = Sitting(self._sitting.all_spent(), self._hooks.meters.joules)
            self._collection.begin_sitting()

    def _further(self) -> list[Draw]:
        """What is wanted now that nothing is awaited."""
        return self._rationed(0) if self._hearing.rationing is not None else self._collection.more_draws()

    def _rationed(self, under_way: int) -> list[Draw]:
        return self._hearing.rationing.draws(under_way) if self._hearing.rationing is not None else []

    def _used(self) -> Used:
        spent = self._sitting.all_spent()
        joules = None if spent.joules is None else sum(spent.joules.values())
        return Used(self._collection.completion_tokens, spent.generation_s, joules)

    def _ask(self, draws: list[Draw], slots: int) -> None:
        """One start of the script, for these draws and what the strategy draws after them."""
        if self._work.tasks and not draws:
            self._sitting.nothing_asked()
            return
        asking = Asking(draws, slots)
        self._hearing.begin(asking, self._sitting)
        later = {(draw.task_id, draw.sample) for draw in self._collection.pending()}.difference(asking.owed)
        endpoint, purse = self._serving.server.endpoint, self._hooks.wallet
        self._count_money()
        rates = purse.rates(endpoint) if purse is not None else {}
        env = self._prepared.tell(endpoint, slots, [*self._collection.finished(), *sorted(later)], rates)
        script = asking.start(self._work.command, env, self._folder.path, self._events)
        pid, limit = self._serving.server.pid, self._prepared.request_timeout_s
        server_s = None if pid is None else partial(cpu_seconds, pid)
        try:
            self._until_script_ends(script, Patience(limit, script.work_s, server_s, monotonic_s()))
            status = script.finish()
        except BaseException:
            self._sitting.in_flight = len(asking.in_flight())
            self._broken_off += self._sitting.in_flight
            raise
        finally:
            script.stop()
            asking.stopped()
        if status != 0 or self._collection.odd.failed_requests:
            self._serving.watch(self._lookout.so_far)
        check_killed(status, self._prepared, self._collection)
        self._check_ended()
        self._collection.close_failed()
        self._answers.write_closed()
        self._sitting.generated()
        check_script(status, self._prepared, self._collection, self._hearing.score)

    def _count_money(self) -> None:
        if self._hooks.wallet is not None:
            samples = (*self._collection.samples(), *self._collection.audit.samples)
            bought = Bought(samples, self._work.sampling.max_tokens, tuple(self._collection.may_have_used),
                            self._broken_off)
            self._hooks.wallet.count(self._folder.run_id, self._serving.server.endpoint, bought)

    def _check_ended(self) -> None:
        """Raises Interrupted when nothing more may be spent, ServerError when a provider answers nothing more."""
        why = self._hearing.ended_by
        if why is None:
            return
        self._count_money()
        self._until_verified()
        if why.kind == SPENT and self._hooks.wallet is not None:
            spent = self._hooks.wallet.used_up(why.message)
            raise Interrupted(f"{spent}; the {self._lookout.so_far()} Raise --max-cost for that.")
        raise ServerError(f"the provider answers nothing more: {why.message}; the {self._lookout.so_far()}")

    def _take_what_came(self) -> None:
        """Replies that the script had printed before the loss was seen; it runs no more."""
        while not self._events.empty():
            item = self._events.get()
            if isinstance(item, Verdicted):
                self._answers.settle(item)
            elif isinstance(item, Appraised):
                self._answers.appraise(item)
            elif isinstance(item, Line):
                self._hearing.last_samples(item.text)

    # -- the queue -------------------------------------------------------------------------------------------------

    def _until_script_ends(self, script: Script, patience: Patience) -> None:
        watch = watching(self._serving, self._lookout.so_far)
        while not isinstance(item := self._next(), Finished):
            if isinstance(item, Line):
                self._hearing.line(item.text, watch)
            try:
                if patience.look(self._hearing.asking.waited, monotonic_s()):
                    self._say(script.let_go())
            except Stuck as why:
                raise gave_up(why, self._prepared, self._collection) from None
        self._hearing.close(watch)

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
        elif isinstance(item, Appraised):
            self._answers.appraise(item)
            self._hearing.ask_more(item.place[0])
        self._lookout.look(self._sitting, self._serving)
        if self._enough():
            raise _Enough
        return item if isinstance(item, Line | Finished) else None
