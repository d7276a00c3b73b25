"""Strategies put to samples that are there already: each becomes a run of its own, with folder and record.

A replayed run has the lines of its pool's files that are about the samples it uses, and a record that says whose they
are (``replayed_from``). Nothing was asked for it, so it has no times of its own; what its samples took is known.

All are concluded before their pool is. A kill in between leaves the pool as a run that did not finish: taken up again
it asks nothing, and goes on with the replays that the command has not noted. One that was written down, and had not
come into the ledger, is found by its fingerprint like any other run.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from core.records import Endpoint
from ledger import record as ledger_record
from ledger.fingerprint import fingerprint
from ledger.folder import RunFolder
from ledger.run_id import make_run_id
from ledger.runs import unfinished
from runner.cell_key import cell_key
from runner.command import Command
from runner.conclude import conclude, conclude_again
from runner.config import run_config
from runner.costs import by_task
from runner.narrowing import narrowed
from runner.outcome import CellOutcome
from runner.prepare import fingerprint_parts
from runner.record import build
from runner.request import Request
from runner.surroundings import Surroundings
from runner.task_lines import task_lines
from runner.work import Work
from system.clock import utc_timestamp


@dataclass(frozen=True, slots=True)
class Pool:
    """A cell that was asked and verified, and what its record will say of its surroundings."""

    endpoint: Endpoint
    outcome: CellOutcome
    around: Surroundings


def replay_all(request: Request, pool: Pool, command: Command) -> Iterator[Mapping[str, Any]]:
    """Each record as it comes to stand in the ledger; of strategies that were put to this pool before the command was
    stopped, the one that is there.

    Raises BenchError as ``conclude`` does.
    """
    for work in pool.outcome.prepared.work.replays:
        yield command.record_of(work) or _replay(request, work, pool, command)


def _replay(request: Request, work: Work, pool: Pool, command: Command) -> Mapping[str, Any]:
    parts = replay_parts(request, work, pool)
    mark, cell = fingerprint(parts), cell_key(request, work)
    with _folder(request, work, pool, {"fingerprint": mark, "cell": cell, "settings": parts}) as folder:
        entered = partial(command.note, work, folder.run_id)
        if (written := folder.record()) is not None:
            return conclude_again(request.outputs.results, folder, written, entered)
        outcome = _outcome(work, pool, folder, (mark, cell))
        _copy(pool.outcome.prepared.folder, folder, outcome)
        folder.write_tasks(work.tasks, task_lines(outcome.collection, by_task(outcome, pool.around.price)))
        around = replace(pool.around, timestamp=utc_timestamp(), startup_s=None)
        record = ledger_record.make(build(request, pool.endpoint, outcome, around))
        return conclude(request.outputs.results, folder, record, entered)


def replay_parts(request: Request, work: Work, pool: Pool) -> dict[str, Any]:
    """What decides it: as if it were run by itself, and the pool."""
    run_id = pool.outcome.prepared.folder.run_id
    return {**fingerprint_parts(request, work, pool.endpoint), "replayed_from": run_id}


def _folder(request: Request, work: Work, pool: Pool, config: Mapping[str, Any]) -> RunFolder:
    root = request.outputs.runs_root
    found = unfinished(root, config["fingerprint"], lambda _why: None) if request.outputs.resume else None
    if found is not None:
        return found
    run_id = make_run_id(utc_timestamp(), work.cell.benchmark, work.cell.model.label, secrets.token_hex(3))
    return RunFolder.create(root, run_id, {**config, **run_config(request, pool.endpoint)})


def _outcome(work: Work, pool: Pool, folder: RunFolder, names: tuple[str, str]) -> CellOutcome:
    """``names``: its fingerprint and the key of its cell."""
    of = pool.outcome
    prepared = replace(of.prepared, work=work, folder=folder, fingerprint=names[0], cell=names[1])
    collection = narrowed(of.drawn or of.collection, work.strategy, work.sampling.seed)
    return CellOutcome(prepared, collection, None, None, replayed_from=of.prepared.folder.run_id, joules=of.joules)


def _copy(source: RunFolder, target: RunFolder, outcome: CellOutcome) -> None:
    places = {(task_id, index) for task_id, here in outcome.collection.candidates.items() for index in here}
    places |= set(outcome.collection.verdicts)
    target.write_replayed(
        (line for _, line in source.sample_lines() if (line.get("task_id"), line.get("sample")) in places),
        (line for line in source.details() if (line.get("task_id"), line.get("sample")) in places),
    )
