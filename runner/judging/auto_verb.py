"""What ``judge auto`` does with its flags, and what it says."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.errors import UsageError
from runner import display
from runner import run as runs
from runner.arguments import run_parser
from runner.from_flags import request_of
from runner.judging.auto import AutoRequest, Judged, as_json, auto, refuse_baseline_without_pairs, said
from runner.judging.bias import position_bias
from runner.judging.telling import send
from runner.observer import Hooks, Observer
from runner.request import Request
from runner.shared import Report
from runner.stopping import stoppable
from runner.tracking import address_asked, tracked
from servers.hub_models import Telling
from tracking.mlflow.address import Address

Say = Callable[[str], None]
Confirm = Callable[[str], bool]


def auto_verb(flags: argparse.Namespace, say: Say, confirm: Confirm) -> int:
    """The exit code: that of the judge's own run. Raises what ``auto`` raises."""
    quiet, mlflow = flags.quiet or flags.json, address_asked(flags)
    request = request_of(_as_run(flags), Telling((lambda _: None) if quiet else say, bars=not quiet))
    if len(request.models) != 1:
        raise UsageError(f"--judge-model: these are {len(request.models)} models; name one.")
    wanted = AutoRequest(
        flags.experiment, request.models[0], request.outputs, flags.rubric, flags.benchmark, flags.judge,
        flags.pairwise, flags.baseline, flags.allow_self, flags.limit,
    )
    refuse_baseline_without_pairs(wanted)
    reports: list[Report] = []

    def ask(path: Path) -> Sequence[Mapping[str, Any]]:
        with _asking(request, mlflow, say, quiet=quiet) as (observer, stopped):
            reports.append(runs.run(replace(request, benchmarks=(str(path),)), Hooks(observer, stopped, confirm)))
        if quiet:
            for failure in reports[-1].failures:
                say(f"bench_runner.py: {failure}")
        return reports[-1].records

    found = auto(wanted, ask)
    for remark in found.remarks:
        say(remark)
    if flags.json:
        sys.stdout.write(as_json(found))
    for line in _told(found, wanted, asked=bool(reports)):
        say(line)
    send(mlflow, request.outputs, found.records, say)
    return reports[-1].exit_code if reports else 0


def _as_run(flags: argparse.Namespace) -> argparse.Namespace:
    """The flags of the run that asks: what ``judge auto`` was given, and otherwise a run's defaults."""
    run = run_parser().parse_args(["--model", flags.judge_model, "--benchmark", "judge"])
    for name in vars(run).keys() & vars(flags).keys() - {"benchmark", "experiment", "limit"}:
        setattr(run, name, getattr(flags, name))
    return run


@contextmanager
def _asking(request: Request, mlflow: Address | None, say: Say, *,
            quiet: bool) -> Iterator[tuple[Observer, Callable[[], bool]]]:
    """The display of the judge's own run, and whether to stop."""
    with stoppable(say) as stop, display.make(display.console(), quiet=quiet) as shown, tracked(
        mlflow, request.outputs, shown, stop.is_set, say if quiet else None
    ) as observer:
        yield observer, stop.is_set


def _told(found: Judged, request: AutoRequest, *, asked: bool) -> list[str]:
    kind = "pairs in both orders" if request.pairwise else "texts"
    if not asked:
        return [f"nothing to ask: {found.judge} has judged all {found.done_before:,} {kind} under {found.rubric}"]
    if not found.asked:
        return ["nothing was judged; the same command again goes on"]  # why not is told already
    lines = [said(found, found.judge), *(found.hints if found.unusable else ())]
    if request.pairwise:
        lines.append(position_bias(request.outputs, request.experiment, found.judge, request.benchmark))
    else:
        lines.append(f"{found.written:,} new scores, {len(found.records):,} records into the ledger")
    if found.left:
        lines.append(f"{found.left:,} questions are left for another time (--limit)")
    return lines
