"""The verb ``track``: what is missing is sent, and what came of it is told."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from core.errors import UsageError
from runner.track_sync import SyncReport, SyncRequest, sync
from tracking.mlflow.address import address_of

_SHOWN = 5


def track(flags: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Exit code 1 when something could not be sent."""
    if not Path(flags.results).exists():
        raise UsageError(f"--results {flags.results}: there is no ledger yet; a run writes one.")
    address = address_of(flags.mlflow, os.environ)
    request = SyncRequest(address, Path(flags.results), Path(flags.runs_root), flags.experiment, flags.dry_run)
    report = sync(request, _progress if sys.stderr.isatty() and not flags.json else None)
    if flags.json:
        sys.stdout.write(json.dumps(report.as_json()) + "\n")
    for line in _lines(report, request):
        say(line)
    return report.exit_code


def _progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    sys.stderr.write(f"\rMLflow: sent {done:,} of {total:,}{end}")
    sys.stderr.flush()


def _lines(report: SyncReport, request: SyncRequest) -> list[str]:
    verb = "to be sent" if request.dry_run else "sent"
    lines = [f"MLflow at {request.address.uri}: {len(report.sent):,} {verb}, {len(report.there):,} there already"
             + (f", {len(report.problems):,} not sent" if report.problems else "")]
    if request.dry_run:
        lines += report.sent
    reasons: dict[str, list[str]] = {}
    for run_id, why in report.problems.items():
        reasons.setdefault(why, []).append(run_id)
    for why, runs in reasons.items():
        more = f" and {len(runs) - _SHOWN:,} more" if len(runs) > _SHOWN else ""
        lines.append(f"not sent: {', '.join(runs[:_SHOWN])}{more}: {why}")
    return lines
