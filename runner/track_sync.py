"""``track sync``: what a tracking server lacks of a ledger is sent to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.errors import BenchError
from ledger import store
from runner.tracked_records import Entry, entries_of
from tracking.mlflow.address import Address
from tracking.mlflow.child import Answer, Child, Patience

PATIENCE = Patience(timeout_s=20, retries=3)


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """One invocation of ``track sync``."""

    address: Address
    results: Path
    runs_root: Path
    experiment: str | None = None
    """Only runs of this one."""
    dry_run: bool = False


@dataclass(slots=True)
class SyncReport:
    """What became of the ledger's runs, by their ids."""

    there: list[str] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    """Of a dry run: what would be."""
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        return 1 if self.problems else 0

    def as_json(self) -> dict[str, Any]:
        return {"sent": self.sent, "there": self.there, "problems": self.problems}


def sync(request: SyncRequest, progress: Callable[[int, int], None] | None = None) -> SyncReport:
    """Sends what is missing, in the ledger's order. The same again sends nothing.

    ``progress`` is told how many of how many are sent. Raises BadInput for a ledger that cannot be read, BenchError
    where no process can be started.
    """
    found = entries_of(store.read(request.results))
    entries = [entry for entry in found.runs.values() if request.experiment in {None, _experiment(entry)}]
    report = SyncReport()
    if request.experiment is None:
        report.problems |= {str(each.get("run_id")): f"it judges {each['judgement_of']}, which is not in "
                            f"{request.results}" for each in found.astray}
    if not entries:
        return report
    try:
        child = Child(request.address, PATIENCE)
    except OSError as error:
        raise BenchError(f"the process that sends to MLflow cannot be started ({error.strerror}); see to this "
                         "machine's limits") from error
    with child:
        missing = _missing(child, entries, report)
        if request.dry_run:
            report.sent += [entry.run_id for entry in missing]
        else:
            _send(child, missing, request.runs_root, report, progress or (lambda *_: None))
    return report


def _experiment(entry: Entry) -> str | None:
    """The one that the record names."""
    config = entry.record.get("config")
    name = config.get("experiment") if isinstance(config, dict) else None
    return name if isinstance(name, str) else None


def _missing(child: Child, entries: Iterable[Entry], report: SyncReport) -> list[Entry]:
    """Those that the server has not, or not as they are now."""
    known: dict[str, Answer] = {}
    missing = []
    for entry in entries:
        name = entry.experiment
        if name not in known:
            known[name] = child.known(name)
        answer = known[name]
        if answer.problem is not None:
            report.problems[entry.run_id] = answer.problem
        elif answer.done.get(entry.run_id) == entry.digest:
            report.there.append(entry.run_id)
        else:
            missing.append(entry)
    return missing


def _send(
    child: Child, missing: list[Entry], runs_root: Path, report: SyncReport, progress: Callable[[int, int], None]
) -> None:
    lost: Answer | None = None
    for place, entry in enumerate(missing):
        progress(place, len(missing))
        answer = lost or child.send(entry.described(runs_root))
        if answer.problem is None:
            report.sent.append(entry.run_id)
        else:
            report.problems[entry.run_id] = answer.problem
            lost = answer if answer.is_final else None
    progress(len(missing), len(missing))
