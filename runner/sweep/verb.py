"""The verb ``sweep``: a plan is checked, shown, told how far it is, or done."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from core.errors import BadInput, UsageError
from core.judged_in_record import is_for_judges
from core.lookup import number_at, text_at
from ledger import runs, store
from reports import numbers
from reports import sweep as pages
from reports.sweep import Outlook, Row
from runner import display
from runner.observer import Observer
from runner.request import Outputs
from runner.stopping import stoppable
from runner.sweep.building import Built, Planned, build
from runner.sweep.document import Fault, read
from runner.sweep.driver import Driving, Swept, drive
from runner.sweep.executors import registry
from runner.sweep.foresight import Foresight, disk_for, foresee, with_needs
from runner.sweep.gates import Heat, Hours
from runner.sweep.named import Found, look_up
from runner.sweep.notify import check, notify
from runner.sweep.pausing import Gates, Pausing, Watch
from runner.sweep.plan import Plan, plan_of
from runner.sweep.standing import Standing, standings
from runner.tracking import address_asked, tracked
from servers.backends.hosted import is_hosted
from servers.fitting import size
from system import nvml
from system.clock import local_now, monotonic_s, sleep_s

Say = Callable[[str], None]
_MOST_FAULTS = 100
"""As many as anybody reads."""


@dataclass(frozen=True, slots=True)
class Talk:
    """How the verb reaches people."""

    say: Say
    """A line on standard error."""
    confirm: Callable[[str], bool]
    out: Callable[[str], None]
    """Text on standard output, alone."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A plan with its units."""

    plan: Plan
    found: Found
    built: Built

    @property
    def planned(self) -> list[Planned]:
        return self.built.planned


def sweep(flags: argparse.Namespace, talk: Talk) -> int:
    """Returns the exit code. Raises UsageError and BadInput for what is wrong with flags, ledger or plan."""
    out = Outputs(Path(flags.results), Path(flags.runs_root))
    gates, where = _gates(flags), check(flags.notify) if flags.notify is not None else None
    found = _read(flags, talk.say)
    if flags.dry_run:
        return _dry_run(flags, found, out, talk)
    if flags.status:  # of what the plan still names, also where a model was taken away meanwhile
        _show(flags, found.plan.name, _rows(found, out), talk)
        _tell(found, talk.say)
        return 2 if found.built.faults else 0
    _refuse(found, found.built.faults)
    return _go(flags, found, out, (talk, gates, where))


def _read(flags: argparse.Namespace, say: Say) -> _Read:
    plan = plan_of(read(Path(flags.plan)))
    found = look_up(plan, say if not (flags.quiet or flags.json) else lambda _: None)
    return _Read(plan, found, build(plan, found))


def _tell(found: _Read, say: Say) -> None:
    for fault in sorted(found.built.faults):
        say(pages.faults_text(str(found.plan.path), [(fault.line, fault.text)]))


def _refuse(found: _Read, faults: set[Fault]) -> None:
    if faults:
        first = sorted(faults)[:_MOST_FAULTS]
        told = pages.faults_text(str(found.plan.path), [(fault.line, fault.text) for fault in first])
        told += f"\nand {len(faults) - len(first):,} more" if len(faults) > len(first) else ""
        many = f"{len(faults)} faults" if len(faults) > 1 else "1 fault"
        raise BadInput(f"the plan has {many}; nothing was run:\n{told}")


def _dry_run(flags: argparse.Namespace, found: _Read, out: Outputs, talk: Talk) -> int:
    foresight = foresee(found.planned, store.each(out.results), here=flags.executor == "local")
    disk = disk_for(found.planned)
    if disk is not None and not disk.is_enough:
        lines = [each.line for each in found.planned if each.named.missing_bytes]
        foresight.faults.add(Fault(min(lines), f"models: {size(disk.missing_bytes)} are to be fetched, and "
                                               f"{disk.where} has {size(disk.free_bytes)} left; make room there, or "
                                               "put HF_HOME on another disk"))
    _refuse(found, found.built.faults | foresight.faults)
    rows = _with_times(_rows(found, out), foresight)
    left = {row.cell for row in rows if row.state != "done"}
    foresight.units = [each for each in foresight.units if left.intersection(each.planned.unit.cell_ids)]
    outlook = Outlook(_memory(foresight), _fetched(foresight), found.found.notes)
    if flags.json:
        talk.out(json.dumps({"plan": found.plan.name, "cells": [row.as_json() for row in rows], **outlook.as_json(),
                             "units": [_unit_json(each) for each in found.planned]}))
    else:
        console = Console()
        console.print(pages.to_rich_outlook(found.plan.name, rows, outlook, console.width))
    return 0


def _unit_json(planned: Planned) -> dict[str, Any]:
    return {"unit": planned.unit.unit_id, "argv": list(planned.unit.argv), "cells": list(planned.unit.cell_ids)}


def _show(flags: argparse.Namespace, name: str, rows: Sequence[Row], talk: Talk) -> None:
    if flags.json:
        talk.out(json.dumps({"plan": name, **pages.counted(rows), "cells": [row.as_json() for row in rows]}))
        return
    console = Console()
    console.print(pages.to_rich_status(name, rows, console.width))


def _rows(found: _Read, out: Outputs) -> list[Row]:
    cells = [cell for each in found.planned for cell in each.unit.cells]
    return [row_of(each) for each in standings(cells, out.results, out.runs_root)]


def row_of(standing: Standing) -> Row:
    """For the tables."""
    record, begun = standing.record or {}, standing.begun
    score = number_at(record, "results", "score")
    interval = record.get("interval")
    suspect = " suspect" if text_at(record, "validity", "status") == "suspect" else ""
    shown = numbers.score_cell(score, interval if isinstance(interval, list) and len(interval) == 2 else None)
    return Row(
        standing.cell.cell_id, standing.cell.label, standing.state.value,
        score=f"{shown}{suspect}" if shown else "unjudged" if is_for_judges(record) else "",
        progress=f"{begun.answered}/{begun.tasks}" if begun is not None and begun.tasks and not record else "",
        run_id=text_at(record, "run_id") or (begun.run_id if begun is not None else ""), reason=standing.reason,
        log_tail=standing.failure.log_tail if standing.failure is not None else (),
    )


def _with_times(rows: Sequence[Row], foresight: Foresight) -> list[Row]:
    paces = {key: pace for unit in foresight.units for key, pace in unit.paces.items()}
    tasks = {key: count for unit in foresight.units for key, count in unit.tasks.items()}
    return [
        replace(row, tasks=tasks.get(row.cell), estimate_s=pace.seconds if (pace := paces.get(row.cell)) else None,
                basis=pace.basis if pace else "")
        for row in rows
    ]


def _memory(foresight: Foresight) -> list[tuple[str, str]]:
    """Of each load its plan, each once."""
    found: dict[str, tuple[str, str]] = {}
    for each in foresight.units:
        if each.memory is not None:
            found.setdefault(each.planned.unit.load, (each.planned.named.model.label, each.memory.line()))
    return list(found.values())


def _fetched(foresight: Foresight) -> list[str]:
    named = [each.planned.named for each in foresight.units]
    models = {each.spec: each.missing_bytes for each in named if each.missing_bytes}
    told = [f"{spec} is fetched, {size(missing)}" for spec, missing in models.items()]
    return [*told, *dict.fromkeys(text for unit in foresight.units for text in unit.fetched)]


def _gates(flags: argparse.Namespace) -> Gates:
    hours = Hours.of(flags.only_between) if flags.only_between is not None else None
    heat = None
    if flags.max_gpu_temp is not None:
        if nvml.hottest_c() is None:
            raise UsageError("--max-gpu-temp: no NVIDIA driver here tells a temperature; leave it out.")
        heat = Heat(flags.max_gpu_temp, nvml.hottest_c)
    return Gates(hours, heat, Path(flags.runs_root), round(flags.min_free_disk * 1e9))


def _go(
    flags: argparse.Namespace, found: _Read, out: Outputs, rest: tuple[Talk, Gates, str | None]
) -> int:
    talk, gates, where = rest
    store.check_writable(out.results)
    runs.check_writable(out.runs_root)
    executor, mlflow = registry.make(flags), address_asked(flags)
    _confirm(found, talk)
    units = [each.unit for each in with_needs(found.planned)]
    console = display.console()
    quiet = flags.quiet or flags.json
    with stoppable(talk.say) as stop, display.make(console, quiet=quiet) as shown, tracked(
        mlflow, out, shown, stop.is_set, talk.say if quiet else None
    ) as observer:
        _greet(found, out, observer, retrying=flags.retry_failed)
        watch = Watch(stop.is_set, local_now, monotonic_s, sleep_s)
        pausing = Pausing(gates, watch, observer)
        swept = drive(units, Driving(executor, out, pausing, retry_failed=flags.retry_failed))
    rows = [row_of(each) for each in swept.standings]
    _show(flags, found.plan.name, rows, talk)
    if swept.ended_by is not None:
        talk.say(f"bench_runner.py: {swept.ended_by}")
    if where is not None:
        _note(where, found.plan.name, rows, (swept, talk.say))
    return swept.exit_code


def _greet(found: _Read, out: Outputs, observer: Observer, *, retrying: bool) -> None:
    for note in found.found.notes:
        observer.note(note)
    rows = _rows(found, out)
    observer.note(f"{found.plan.name}: {pages.count_line(rows)}")
    if (failed := sum(row.state == "failed" for row in rows)) and not retrying:
        observer.note(f"{failed} failed before: --status says why, --retry-failed tries them again")


def _confirm(found: _Read, talk: Talk) -> None:
    """Asks once, before the first load, about what is to be fetched and what may cost money."""
    asked = []
    if (disk := disk_for(found.planned)) is not None:
        asked.append(f"{size(disk.missing_bytes)} of models are fetched, each while the one before it is at work, into "
                     f"{disk.where} ({size(disk.free_bytes)} are free)")
    if paid := sorted({each.named.spec for each in found.planned if is_hosted(each.named.model)}):
        limits = {each.request.spending.most_usd for each in found.planned if is_hosted(each.named.model)}
        most = f"no more than ${max(filter(None, limits)):g} in all (max-cost)" if None not in limits else \
            "without a limit (max-cost sets one)"
        asked.append(f"providers are asked who may want money: {', '.join(paid)}, {most}")
    if asked and not talk.confirm(f"{'. '.join(each[0].upper() + each[1:] for each in asked)}. Go on?"):
        raise UsageError("nothing was run: nobody agreed to it.")


def _note(where: str, name: str, rows: Sequence[Row], rest: tuple[Swept, Say]) -> None:
    swept, say = rest
    facts = {**pages.facts_of(rows), "plan": name, "exit_code": swept.exit_code,
             "ended_by": str(swept.ended_by) if swept.ended_by is not None else None}
    said = notify(where, f"sweep {name}", {key: value for key, value in facts.items() if value is not None})
    if said is not None:
        say(f"bench_runner.py: {said}")
