"""The run verb: servers up one after the other, each cell on its server, a record into the ledger after each.

A model that cannot be loaded, a script that fails, does not take the other cells with it: the failure is told, the next
load begins, and the first failure decides the exit code. A stop on request ends everything.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from core.errors import BenchError, Interrupted
from evaluators.levels import SEATBELT
from evaluators.pool import Programs, VerifierPool
from evaluators.probe import gaps
from evaluators.registry import get as evaluator_named
from ledger import runs, store
from runner import joining
from runner.choosing import work_for
from runner.command import Command
from runner.deciding import until_decided
from runner.load import run_load
from runner.metering import metering
from runner.meters import Meters, NotMetered
from runner.observer import Hooks
from runner.plan import Load, loads
from runner.prices import prices
from runner.request import Request
from runner.same_tasks import refuse_other_tasks
from runner.shared import Report, Shared
from runner.spending import Wallet, confirm
from runner.spent_before import count_earlier
from runner.wanted import refuse_unknown, wanted
from runner.work import Work
from servers.backends.hosted import address, is_hosted
from system.host import usable_cores


def planned_works(request: Request, hooks: Hooks) -> list[tuple[Load, list[Work]]]:
    """The loads with their cells, every data set opened. Raises UsageError and BadInput."""
    return [(load, [work_for(request, cell, hooks) for cell in load.cells]) for load in loads(request)]


def run(request: Request, hooks: Hooks, planned: list[tuple[Load, list[Work]]] | None = None) -> Report:
    """Runs all cells. ``planned``: as ``planned_works`` has them, where that is known.

    Raises UsageError or BadInput before anything is started when the request cannot be carried out, SandboxError when
    the sandbox cannot hold what was asked; Interrupted on a requested stop. Everything else is in the report.
    """
    planned = planned_works(request, hooks) if planned is None else planned
    store.check_writable(request.outputs.results)
    runs.check_writable(request.outputs.runs_root)
    prices(request.prices)
    refuse_other_tasks(request, [works for _, works in planned])
    confirm(request, [work for _, works in planned for work in works], hooks.confirm)
    hooks = replace(hooks, wallet=hooks.wallet or Wallet(request))
    refuse_unknown(request, [work for _, works in planned for work in works])
    report = Report(
        failures=list(request.refused), planned=sum(len(wanted(request, works)) for _, works in planned))
    for note in (*request.notes, *map(str, request.refused)):
        hooks.observer.note(note)
    verifying = request.verifying
    with Command(request, joining.all_works(request, [works for _, works in planned])) as command, VerifierPool(
        workers=verifying.workers or max(1, min(8, usable_cores())), isolation=verifying.isolation,
        verify_timeout_s=verifying.timeout_s, grading=verifying.grading,
        programs=Programs(_runs_programs(planned), verifying.python, verifying.preload),
    ) as pool, _meters(request, hooks) as meters:
        count_earlier(request, [work for _, works in planned for work in works], command, hooks.wallet)
        if pool.isolation == SEATBELT:
            hooks.observer.note(f"isolation seatbelt: {gaps(SEATBELT)}")
        shared = Shared(pool, command, replace(hooks, meters=meters), report)
        if request.until_decided is not None:
            _run_until_decided(request, [works[0] for _, works in planned], shared)
            return report
        for place, (load, works) in enumerate(planned):
            following = planned[place + 1][0].model if place + 1 < len(planned) else hooks.following
            chained = request.chain is not None and place > 0
            asked = _passed_on(request, planned[0][1], works, shared) if chained else works
            run_load(request, load, asked, shared, following)
    return report


def _meters(request: Request, hooks: Hooks) -> AbstractContextManager[Meters]:
    if not request.measure_energy:
        return nullcontext(NotMetered())
    hosted = [address(model, request.server) for model in request.models if is_hosted(model)]
    at = hosted[0] if len(hosted) == len(request.models) else request.server.base_url
    return metering(at, hooks.observer, hooks.stop_requested)


def _run_until_decided(request: Request, works: list[Work], shared: Shared) -> None:
    """Two loads by turns. As ``run_load``: a failure goes into the report."""
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


def _passed_on(request: Request, first: list[Work], second: list[Work], shared: Shared) -> list[Work]:
    """What the second of two chained models is asked."""
    found = []
    for one, other in zip(first, second, strict=True):
        labels, record = f"{one.cell.model.label} on {one.title}", shared.command.record_of(one)
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
