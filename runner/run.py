"""The run verb: servers up one after the other, each cell on its server, a record into the ledger after each.

A model that cannot be loaded, a script that fails, does not take the other cells with it: the failure is told, the next
load begins, and the first failure decides the exit code. A stop on request ends everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import BenchError, Interrupted, ServerError
from core.records import Endpoint, ModelInfo
from evaluators.levels import SEATBELT
from evaluators.pool import VerifierPool
from evaluators.probe import gaps
from evaluators.registry import get as evaluator_named
from ledger import record as ledger_record
from ledger import runs, store
from runner import joining
from runner.ahead import read_ahead
from runner.cell import CellLoop
from runner.choosing import work_for
from runner.command import Command
from runner.conclude import conclude, conclude_again
from runner.costs import by_task, joules_by_place
from runner.deciding import until_decided
from runner.loading import describe, keep, quoted, roles, server_log, settings, surroundings
from runner.metering import metering
from runner.meters import Meters, NotMetered
from runner.observer import Hooks
from runner.outcome import as_its_strategy
from runner.plan import Load, loads
from runner.prepare import prepare
from runner.prices import prices, unpriced
from runner.record import build
from runner.replaying import Pool, replay_all
from runner.request import Request
from runner.resume import in_effect_before
from runner.serving import Serving, processors_beside
from runner.spending import Wallet, confirm
from runner.task_lines import task_lines
from runner.token_check import TokenCheck
from runner.work import Work
from servers.backends.hosted import address, is_hosted
from servers.backends.ollama_notes import unload_leftovers
from servers.echo import ask
from system.host import usable_cores


@dataclass(slots=True)
class Report:
    """What came of a request."""

    records: list[Mapping[str, Any]] = field(default_factory=list)
    failures: list[BenchError] = field(default_factory=list)
    planned: int = 0
    begun: int = 0

    @property
    def exit_code(self) -> int:
        """The first failure's; 1 when a run is incomplete; else 0."""
        if self.failures:
            return self.failures[0].exit_code
        return 1 if any(record["status"] == "incomplete" for record in self.records) else 0


def run(request: Request, hooks: Hooks) -> Report:
    """Runs all cells.

    Raises UsageError or BadInput before anything is started when the request cannot be carried out, SandboxError when
    the sandbox cannot hold what was asked; Interrupted on a requested stop. Everything else is in the report.
    """
    for note in unload_leftovers():
        hooks.observer.note(note)
    planned = [(load, [work_for(request, cell, hooks) for cell in load.cells]) for load in loads(request)]
    store.check_writable(request.outputs.results)
    runs.check_writable(request.outputs.runs_root)
    prices(request.prices)
    confirm(request, [work for _, works in planned for work in works], hooks.confirm)
    hooks = replace(hooks, wallet=Wallet(request))
    report = Report(failures=list(request.refused), planned=sum(len(works) for _, works in planned))
    for note in (*request.notes, *map(str, request.refused)):
        hooks.observer.note(note)
    verifying = request.verifying
    with Command(request, joining.all_works(request, [works for _, works in planned])) as command, VerifierPool(
        workers=verifying.workers or max(1, min(8, usable_cores())), isolation=verifying.isolation,
        verify_timeout_s=verifying.timeout_s, grading=verifying.grading, needs_sandbox=_runs_programs(planned),
        python=verifying.python, preload=verifying.preload,
    ) as pool, _meters(request, hooks) as meters:
        if pool.isolation == SEATBELT:
            hooks.observer.note(f"isolation seatbelt: {gaps(SEATBELT)}")
        shared = _Shared(pool, command, replace(hooks, meters=meters), report)
        if request.until_decided is not None:
            _run_until_decided(request, [works[0] for _, works in planned], shared)
            return report
        for place, (load, works) in enumerate(planned):
            following = planned[place + 1][0].model if place + 1 < len(planned) else None
            chained = request.chain is not None and place > 0
            asked = _passed_on(request, planned[0][1], works, shared) if chained else works
            _run_load(request, load, asked, shared, following)
    return report


def _meters(request: Request, hooks: Hooks) -> AbstractContextManager[Meters]:
    if not request.measure_energy:
        return nullcontext(NotMetered())
    hosted = [address(model, request.server) for model in request.models if is_hosted(model)]
    at = hosted[0] if len(hosted) == len(request.models) else request.server.base_url
    return metering(at, hooks.observer, hooks.stop_requested)


def _run_until_decided(request: Request, works: list[Work], shared: _Shared) -> None:
    """Two loads by turns. As ``_run_load``: a failure goes into the report."""
    try:
        shared.report.records += until_decided(request, works, shared.pool, shared.command, shared.hooks)
    except Interrupted:
        raise
    except BenchError as error:
        shared.report.failures.append(error)
    for record in shared.report.records:
        shared.hooks.observer.finished(record)


def _runs_programs(planned: list[tuple[Load, list[Work]]]) -> bool:
    evaluators = {work.benchmark.evaluator for _, works in planned for work in works if work.benchmark}
    return any(evaluator_named(name).runs_code for name in evaluators)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What all loads share."""

    pool: VerifierPool
    command: Command
    hooks: Hooks
    report: Report


def _passed_on(request: Request, first: list[Work], second: list[Work], shared: _Shared) -> list[Work]:
    """What the second of two chained models is asked."""
    found = []
    for one, other in zip(first, second, strict=True):
        labels, record = f"{one.cell.model.label} on {one.cell.benchmark}", shared.command.record_of(one)
        if record is None:
            shared.hooks.observer.note(f"{labels} has no record, so nothing is passed on to {other.cell.model.label}")
            continue
        work = joining.second_work(request, one, other, record)
        if work is not None:
            found.append(work)
            shared.hooks.observer.note(f"{len(work.tasks)} of {len(other.tasks)} tasks of {labels} go on to "
                                       f"{other.cell.model.label}")
            continue
        shared.hooks.observer.note(f"no task of {labels} goes on to {other.cell.model.label}: its record stands")
        for each in joining.all_works(request, [[one], [other]]):
            shared.command.note(each, record["run_id"])
    return found


def _left(works: list[Work], shared: _Shared) -> list[Work]:
    """The cells that an earlier try of this command did not bring to their end; of the others the record is there."""
    left = []
    for work in works:
        if shared.command.record_of(work) is None:
            left.append(work)
            continue
        shared.report.begun += 1
        for each in (*work.replays, *([work.joined] if work.joined else []), work):
            if (record := shared.command.record_of(each)) is not None:
                shared.report.records.append(record)
                shared.hooks.observer.note(
                    f"{record['model']} on {work.cell.benchmark}: done when this command was stopped "
                    f"({record['run_id']}); --no-resume runs it anew"
                )
    return left


def _run_load(
    request: Request, load: Load, works: list[Work], shared: _Shared, following: ModelInfo | None
) -> None:
    """One server, its cells. Failures go into the report; only Interrupted passes. ``following``: who comes next."""
    left, hooks, report = _left(works, shared), shared.hooks, shared.report
    if not left:
        return
    label = load.model.label or request.server.base_url or "model"
    log = server_log(request, label)
    try:
        doing = "attaching to the server" if request.server.base_url else "starting the server"
        hooks.observer.status(f"{label}: {doing}")
        before = in_effect_before(request, load.model.label)
        with Serving(load.model, settings(request, works), log, hooks, before) as serving:
            server = serving.server
            describe(server, hooks.observer)
            for warning in server.warnings:
                hooks.observer.note(warning)
            shared.pool.stay_on(processors_beside(server))
            for place, work in enumerate(left):
                report.begun += 1
                last = place + 1 == len(left)
                with read_ahead(load.model, following if last else None, request.server):
                    running = _Running(serving, log, shared.pool, shared.command)
                    _run_cell(request, _as_served(work, server.endpoint), running, hooks, report)
        log.unlink(missing_ok=True)  # each run folder has its copy
    except (Interrupted, KeyboardInterrupt):
        log.unlink(missing_ok=True)
        raise
    except BenchError as error:
        where = f" The server's log is {log}." if log.exists() and isinstance(error, ServerError) else ""
        what = str(error) if str(error).startswith(label) else f"{label}: {error}"
        hooks.observer.note(f"{what}{where}{quoted(error)}")
        report.failures.append(error)


def _as_served(work: Work, endpoint: Endpoint) -> Work:
    """A model without a file of ours is called what its server calls it; a path there is shortened to its name."""
    model = work.cell.model
    if model.path is not None:
        return work
    if endpoint.described is not None:
        return replace(work, cell=replace(work.cell, model=endpoint.described))
    name = Path(endpoint.model).stem if endpoint.model.endswith(".gguf") else endpoint.model
    return replace(work, cell=replace(work.cell, model=replace(model, name=name)))


@dataclass(frozen=True, slots=True)
class _Running:
    """What the cells of one load share."""

    serving: Serving
    log: Path
    pool: VerifierPool
    command: Command


def _run_cell(request: Request, work: Work, running: _Running, hooks: Hooks, report: Report) -> None:
    """A cell's own failure goes into the report; that of its server, and a stop, end the load."""
    try:
        record = _record(request, work, running, hooks, report)
        report.records.append(record)
        hooks.observer.finished(record)
    except (ServerError, Interrupted):
        raise
    except BenchError as error:
        hooks.observer.note(f"{work.cell.model.label} on {work.cell.benchmark}: {error}{quoted(error)}")
        report.failures.append(error)


def _record(
    request: Request, work: Work, running: _Running, hooks: Hooks, report: Report
) -> Mapping[str, Any]:
    """Runs the cell and writes its record, to the run folder first and then to the ledger; before it those of the
    strategies that are put to its samples, which are told to the report by themselves.
    """
    prepared = prepare(request, work, running.serving.server.endpoint, hooks.observer.note)
    with prepared.folder as folder:
        entered = partial(running.command.note, work, folder.run_id)
        if prepared.earlier.record is not None:
            return conclude_again(request.outputs.results, folder, prepared.earlier.record, entered)
        try:
            echo = ask(running.serving.server.endpoint, work.sampling, roles(request, work), hooks.stop_requested)
            endpoint = running.serving.server.endpoint
            place, check = (report.begun, report.planned), TokenCheck(running.serving)
            outcome = as_its_strategy(CellLoop(prepared, running.serving, running.pool, hooks, place).run())
            around = surroundings(running.serving, running.pool, prepared, echo, hooks.meters)
            around = replace(around, tokens=check.clause(outcome), **_priced(request, endpoint, hooks))
            outcome = replace(outcome, joules=joules_by_place(folder, outcome.spent.joules if outcome.spent else None))
            record = ledger_record.make(build(request, endpoint, outcome, around))
            folder.write_tasks(work.tasks, task_lines(outcome.collection, by_task(outcome, around.price)))
            pool = Pool(endpoint, outcome, around)
            for other in (*replay_all(request, pool, running.command), *joining.join(request, pool, running.command)):
                report.records.append(other)
                hooks.observer.finished(other)
            return conclude(request.outputs.results, folder, record, entered)
        finally:
            keep(running.log, folder.server_log)


def _priced(request: Request, endpoint: Endpoint, hooks: Hooks) -> dict[str, Any]:
    price = prices(request.prices).of(endpoint)
    unknown = None if price is not None else unpriced(endpoint)
    if unknown is not None:
        hooks.observer.note(unknown)
    return {"price": price, "unpriced": unknown}
