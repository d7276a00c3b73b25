"""What the runs of a command have cost already when it is given again: those that ended, and those that were stopped.

A run that is taken up is counted when its turn comes, too. But its turn comes after that of others, which could spend
by then what it has spent before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence

from core.lookup import text_at
from ledger.folder import RunFolder
from ledger.runs import unended
from runner.command import Command
from runner.config import plain_request
from runner.observer import Bought, Purse
from runner.request import Request
from runner.resume import Earlier, read_sittings
from runner.spending import endpoint_of
from runner.work import Work

_CELL = ("model", "benchmark", "strategy", "prompt_version")
"""What tells the runs of a command apart."""


def count_earlier(request: Request, works: Sequence[Work], command: Command, wallet: Purse | None) -> None:
    """Raises BadInput where the files of such a run are damaged by something else than a kill."""
    if wallet is None or request.spending.most_usd is None or not request.outputs.resume:
        return
    for run_id, work in {**_stopped(request, works), **_done(works, command)}.items():
        earlier = read_sittings(RunFolder(request.outputs.runs_root, run_id))
        wallet.count(run_id, endpoint_of(request, work), bought(earlier, work.sampling.max_tokens))


def bought(earlier: Earlier, max_tokens: int) -> Bought:
    """What its sittings asked for."""
    broke = [failure.may_have_used for failure in earlier.failures if failure.may_have_used is not None]
    return Bought((*earlier.samples, *earlier.audit), max_tokens, broke, earlier.broken_off)


def _done(works: Iterable[Work], command: Command) -> Mapping[str, Work]:
    records = [(command.record_of(work), work) for work in works]
    return {str(record["run_id"]): work for record, work in records if record is not None}


def _stopped(request: Request, works: Iterable[Work]) -> Mapping[str, Work]:
    """The latest of each cell."""
    asked = json.loads(json.dumps(plain_request(request)))
    cells: dict[tuple[str, ...], Work] = {
        (work.cell.model.label, work.cell.benchmark, work.strategy.name, work.prompt_version): work for work in works
    }
    found: dict[str, Work] = {}
    for config in unended(request.outputs.runs_root):
        if config.get("request") != asked:
            continue
        work = cells.pop(tuple(text_at(config, "settings", name) or "" for name in _CELL), None)
        if work is not None:
            found[str(config.get("run_id"))] = work
    return found
