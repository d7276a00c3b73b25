"""One server and the cells that it is asked: each prepared, run and recorded. See ``run`` for what a failure ends."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from core.errors import BenchError, Interrupted, ServerError
from core.records import Endpoint, ModelInfo
from evaluators.pool import VerifierPool
from ledger import record as ledger_record
from runner import joining
from runner.ahead import read_ahead
from runner.cell import CellLoop
from runner.command import Command
from runner.conclude import conclude, conclude_again
from runner.costs import by_task, joules_by_place
from runner.diversity import measured
from runner.loading import describe, keep, quoted, roles, server_log, settings, surroundings
from runner.observer import Hooks
from runner.outcome import as_its_strategy
from runner.plan import Load
from runner.prepare import prepare
from runner.prices import prices, unpriced
from runner.record import build
from runner.replaying import Pool, replay_all
from runner.request import Request
from runner.resume import in_effect_before
from runner.serving import Serving, processors_beside
from runner.shared import Report, Shared
from runner.task_lines import task_lines
from runner.token_check import TokenCheck
from runner.wanted import keys, wanted
from runner.work import Work
from servers.echo import ask
from servers.spec import ServerSettings


def _left(request: Request, works: list[Work], shared: Shared) -> list[Work]:
    """The cells that an earlier try of this command did not bring to their end; of the others the record is there."""
    left = []
    for work in wanted(request, works):
        if shared.command.record_of(work) is None:
            left.append(work)
            continue
        shared.report.begun += 1
        for each in (*work.replays, *([work.joined] if work.joined else []), work):
            if (record := shared.command.record_of(each)) is not None:
                shared.report.records.append(record)
                shared.hooks.observer.note(
                    f"{record['model']} on {work.title}: done when this command was stopped "
                    f"({record['run_id']}); --no-resume runs it anew"
                )
    return left


def run_load(
    request: Request, load: Load, works: list[Work], shared: Shared, following: ModelInfo | None
) -> None:
    """One server, its cells. Failures go into the report; only Interrupted passes. ``following``: who comes next."""
    left, hooks, report = _left(request, works, shared), shared.hooks, shared.report
    if not left:
        return
    label = load.model.label or request.server.base_url or "model"
    log = server_log(request, label)
    open_ = list(left)
    try:
        doing = "attaching to the server" if request.server.base_url else "starting the server"
        if hooks.starts is None:  # else it may run already
            hooks.observer.status(f"{label}: {doing}")
        before = in_effect_before(request, load.model.label)
        with _opened(load.model, settings(request, works), log, hooks, before) as serving:
            server, log = serving.server, serving.log
            if not serving.is_told:
                describe(server, hooks.observer)
                for warning in server.warnings:
                    hooks.observer.note(warning)
                serving.is_told = True
            shared.pool.stay_on(processors_beside(server))
            for place, work in enumerate(left):
                report.begun += 1
                last = place + 1 == len(left)
                with read_ahead(load.model, following if last else None, request.server):
                    running = _Running(serving, log, shared.pool, shared.command)
                    _run_cell(request, _as_served(work, server.endpoint), running, hooks, report)
                open_.remove(work)
        if hooks.starts is None:
            log.unlink(missing_ok=True)  # each run folder has its copy
    except (Interrupted, KeyboardInterrupt):
        if hooks.starts is None:
            log.unlink(missing_ok=True)
        raise
    except BenchError as error:
        where = f" The server's log is {log}." if log.exists() and isinstance(error, ServerError) else ""
        what = str(error) if str(error).startswith(label) else f"{label}: {error}"
        hooks.observer.note(f"{what}{where}{quoted(error)}")
        report.failures.append(error)
        _failed(request, open_, error, hooks)


def _opened(
    model: ModelInfo, asked: ServerSettings, log: Path, hooks: Hooks, before: Mapping[str, Any] | None
) -> AbstractContextManager[Serving]:
    """A server for these cells alone, or one that serves the next command too, and is then whoever's who keeps it."""
    asked = replace(asked, ctx_needed=max(asked.ctx_needed or 0, hooks.ctx_needed) or None)
    return (hooks.starts or Serving)(model, asked, log, hooks, before)


def _failed(request: Request, works: list[Work], error: BenchError, hooks: Hooks) -> None:
    if hooks.failed is not None:
        hooks.failed(keys(request, works), error)


def _as_served(work: Work, endpoint: Endpoint) -> Work:
    """A model without a file of ours is called what its server calls it; a path there is shortened to its name."""
    model = work.cell.model
    if model.path is not None:
        return work
    if endpoint.described is not None:
        return replace(work, cell=replace(work.cell, model=endpoint.described), asked=model)
    name = Path(endpoint.model).stem if endpoint.model.endswith(".gguf") else endpoint.model
    return replace(work, cell=replace(work.cell, model=replace(model, name=name)), asked=model)


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
        hooks.observer.note(f"{work.cell.model.label} on {work.title}: {error}{quoted(error)}")
        report.failures.append(error)
        _failed(request, [work], error, hooks)


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
            outcome = replace(outcome, diversity=measured(request, outcome.collection))
            record = ledger_record.make(build(request, endpoint, outcome, around))
            extra = by_task(outcome, around.price)
            extra = outcome.diversity.beside(extra) if outcome.diversity else extra
            folder.write_tasks(work.tasks, task_lines(outcome.collection, extra))
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
