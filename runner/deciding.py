"""``--until-decided``: two models on one benchmark, asked by turns until it is clear which is better.

Theory of operation. The tasks get a random order, fixed before the first question (``runner.turns``). One model is
loaded and asked a batch of them; then the other, which catches up and goes on with the next batch before the first is
loaded again: A B | B A | A B. So one swap serves a batch, and there are never two models in memory. After every verdict
the test of ``analysis.anytime`` looks at the longest beginning of the order that both have done; once it has a word the
script is stopped, and the rest of the batch is not asked.

Each model has a run of its own, with a folder, which is put aside while the other is loaded (``runner.side``). Nothing
is remembered but their samples, so a command that was stopped goes on like any other: whose turn it is, how far it goes
and what counts as drawn all follow from what is in the two folders. A word is then given once both have been loaded
again, and what they had answered is verified anew.

In the end both records are written to their folders before either goes into the ledger. A kill in between leaves one
record, which has the decision: the other run is then not asked any more, but concluded with it. Both records are of the
tasks that counted as drawn, so that the two pair; what one model answered beyond them stays in its folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from analysis.anytime import Decision, decide
from analysis.decision import as_fields, mirrored
from analysis.urns import Drawn
from core.errors import BenchError, Interrupted, ServerError
from evaluators.pool import VerifierPool
from reports.live import LiveState
from runner.ahead import read_ahead
from runner.command import Command
from runner.conclude import conclude_again, keep
from runner.loading import describe, quoted, server_log, settings
from runner.loading import keep as keep_log
from runner.observer import Hooks, Observer, Quiet
from runner.request import Request, UntilDecided
from runner.resume import in_effect_before
from runner.serving import Serving, processors_beside
from runner.side import Side
from runner.turns import Place, Prefix, batch, shuffled, until, whose_turn
from runner.work import Work


def until_decided(
    request: Request, works: list[Work], pool: VerifierPool, command: Command, hooks: Hooks
) -> list[Mapping[str, Any]]:
    """The two records, in the order of the models. Raises BenchError after telling which model it happened to."""
    records = [command.record_of(work) for work in works]
    with ExitStack() as held:
        sides = tuple(Side(request, work, held) for work in works)
        for side, record in zip(sides, records, strict=True):
            side.record = record
            if record is not None:
                hooks.observer.note(f"{side.label}: its record was written when this command was stopped")
        pair = _Pair(request, (sides[0], sides[1]), pool, hooks)
        while (place := pair.next()) is not None:
            pair.load(place)
        try:
            return _entered(request, sides, pair.conclude(), command)
        except BenchError as error:
            hooks.observer.note(str(error))
            raise


def _entered(
    request: Request, sides: Iterable[Side], records: list[Mapping[str, Any]], command: Command
) -> list[Mapping[str, Any]]:
    """The records as they stand in the ledger; both are in their folders before the first is."""
    for side, record in zip(sides, records, strict=True):
        if side.folder is not None and not side.folder.record_path.exists():
            keep(side.folder, record)
    return [
        record if side.folder is None else conclude_again(
            request.outputs.results, side.folder, record, partial(command.note, side.work, side.folder.run_id)
        )
        for side, record in zip(sides, records, strict=True)
    ]


class _Pair:
    """The two sides, and what can be said of them."""

    def __init__(self, request: Request, sides: tuple[Side, Side], pool: VerifierPool, hooks: Hooks) -> None:
        self._request, self._asked = request, request.until_decided or UntilDecided()
        self._sides = sides
        self._pool = pool
        self._hooks = replace(hooks, observer=_Beside(hooks.observer, self))
        self._order = shuffled((task.task_id for task in sides[0].work.tasks), request.sampling.seed)
        self._prefix = self._from_the_beginning()
        self._decision = self._decide(Drawn(len(self._order), 0, 0, 0))
        self._loads_s: list[float] = []

    def _from_the_beginning(self) -> Prefix:
        return Prefix(self._order, [side.verdict_of for side in self._sides])

    def _decide(self, drawn: Drawn) -> Decision:
        return decide(drawn, self._asked.margin_points, self._asked.alpha)

    def look(self) -> Decision:
        """What can be said now."""
        drawn = self._prefix.drawn()
        if drawn != self._decision.drawn:
            self._decision = self._decide(drawn)
        return self._decision

    def _is_over(self) -> bool:
        decision = self.look()
        return decision.word != "undecided" or decision.drawn.seen == decision.drawn.total

    def next(self) -> Place | None:
        """Who is to be loaded; None when nothing is left to ask."""
        for place, side in enumerate(self._sides):
            if side.has_record and not side.is_open and side.record is None:
                return 1 if place else 0  # it may have the decision
        recorded = [side.record is not None for side in self._sides]
        if any(recorded):
            other: Place = 1 if recorded[0] else 0
            return None if recorded[other] or self._sides[other].is_open else other
        if not self._is_over():
            return whose_turn(self._done())
        for place, side in enumerate(self._sides):
            if not side.is_open:  # its verdicts are of an earlier try, and no word is given on these
                return 1 if place else 0
        return None

    def _done(self) -> tuple[int, int]:
        return self._sides[0].done(self._order), self._sides[1].done(self._order)

    def load(self, place: Place) -> None:
        """Loads a model, asks it what its turn is about, and stops its server. Raises BenchError, having told it."""
        side, hooks = self._sides[place], self._hooks
        model, log = side.work.cell.model, server_log(self._request, side.label)
        try:
            hooks.observer.status(f"{side.label}: starting the server")
            before = side.in_effect or in_effect_before(self._request, side.label)
            told = replace(hooks, observer=Quiet()) if side.is_open else hooks  # the memory's plan, at the first load
            with Serving(model, settings(self._request, [side.work]), log, told, before) as serving:
                if not side.is_open:
                    describe(serving.server, hooks.observer)
                    for warning in serving.server.warnings:
                        hooks.observer.note(warning)
                self._pool.stay_on(processors_beside(serving.server))
                with read_ahead(model, self._sides[1 - place].work.cell.model, self._request.server):
                    side.enter(serving, self._pool, hooks, (place + 1, 2))
                    self._loads_s.append(serving.startup_s)
                    self._prefix = self._from_the_beginning()
                    self._ask(side)
                side.leave(serving, self._pool)
        except Interrupted:
            _put_away(log, side)
            raise
        except BenchError as error:
            where = f" The server's log is {log}." if log.exists() and isinstance(error, ServerError) else ""
            hooks.observer.note(f"{side.label}: {error}{where}{quoted(error)}")
            raise
        _put_away(log, side)

    def _ask(self, side: Side) -> None:
        if side.record is not None:
            return
        if any(other.record is not None for other in self._sides):
            side.ask((), lambda: False)  # what it has is verified, and no more is wanted
            return
        if self._is_over():
            return
        done = self._done()
        lately, paces = self._loads_s[-2:], [pace for pace in (each.task_s for each in self._sides) if pace]
        size = batch(min(done), sum(lately) / len(lately), sum(paces) / len(paces) if paces else None)
        side.ask(self._order[: until(done, size, len(self._order))], self._is_over)

    def conclude(self) -> list[Mapping[str, Any]]:
        """The records; one that is there already has the decision for the other."""
        fields = [self._told_by(place) for place in (0, 1)]
        told = fields[1] or (mirrored(fields[0]) if fields[0] else None) or as_fields(
            self.look(), self._asked.margin_points, self._asked.alpha)
        seen = self._order[: told["tasks_seen"]]
        return [
            side.conclude(seen, {**each, "against": other.label, "against_run_id": other.run_id})
            for side, other, each in zip(self._sides, reversed(self._sides), (mirrored(told), told), strict=True)
        ]

    def _told_by(self, place: Place) -> Mapping[str, Any] | None:
        record = self._sides[place].record
        return None if record is None else record["decision"]

    def line(self) -> str:
        """Both scores so far, and what their difference may be."""
        decision, scores = self.look(), self._prefix.scores
        drawn = decision.drawn
        if scores is None:
            return f"both on 0 of {drawn.total:,} tasks"
        return (f"both on {drawn.seen:,} of {drawn.total:,} tasks: {scores[0]:.1f} % and {scores[1]:.1f} %, difference "
                f"{decision.seen_points:+.1f} [{decision.low_points:+.1f}, {decision.high_points:+.1f}]")


def _put_away(log: Path, side: Side) -> None:
    """The server's log, into the folder of the run that it served."""
    if side.folder is not None:
        keep_log(log, side.folder.server_log)
    log.unlink(missing_ok=True)


class _Beside:
    """Shows beside each model's own run how the two compare."""

    def __init__(self, observer: Observer, pair: _Pair) -> None:
        self._observer, self._pair = observer, pair
        self.note, self.status = observer.note, observer.status
        self.transfer, self.finished = observer.transfer, observer.finished

    def live(self, state: LiveState) -> None:
        """How long it takes depends on when it is decided."""
        self._observer.live(replace(state, left_s=None, pair=self._pair.line()))
