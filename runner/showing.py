"""show: one run in full, as a model card's entry, or with its programs under both gradings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from core.errors import UsageError
from ledger import store
from ledger.folder import RunFolder
from ledger.run_id import is_run_id
from reports import grading, model_card
from reports import show as showing
from runner.evidence import evidence_in
from runner.regrading import Asking, RegradeRequest, regrade


@dataclass(frozen=True, slots=True)
class ShowRequest:
    """One invocation of the ``show`` verb; what is None was not given."""

    results: Path
    runs_root: Path
    run_id: str
    model_card: bool = False
    source_url: str | None = None
    grading: bool = False
    problems_file: str | None = None
    workers: int | None = None
    isolation: str = "auto"
    as_json: bool = False


def show(request: ShowRequest, asking: Asking) -> RenderableType:
    """What is to be printed; a str goes out as it is.

    Raises UsageError for flags that do not go together and for a run that is not there, BadInput for a damaged ledger
    or folder, what ``regrade`` raises.
    """
    record = store.lookup(request.results, request.run_id)
    _check(request)
    if request.model_card:
        return model_card.to_model_index(record, request.source_url)
    if request.grading:
        wanted = RegradeRequest(
            record, request.runs_root, request.problems_file, request.workers, request.isolation)
        found = regrade(wanted, asking)
        return f"{json.dumps(grading.to_values(found))}\n" if request.as_json else grading.to_rich(found)
    return f"{json.dumps(dict(record))}\n" if request.as_json else _in_full(request, record)


def _check(request: ShowRequest) -> None:
    for flag, value, wants, given in (
        ("--source-url", request.source_url, "--model-card", request.model_card),
        ("--workers", request.workers, "--grading", request.grading),
        ("--problems-file", request.problems_file, "--grading", request.grading),
    ):
        if value is not None and not given:
            raise UsageError(f"{flag} goes with {wants}; leave it out.")


def _in_full(request: ShowRequest, record: Mapping[str, Any]) -> RenderableType:
    run_id = str(record.get("run_id", ""))
    folder = RunFolder(request.runs_root, run_id)
    there = is_run_id(run_id) and folder.path.is_dir()
    return showing.to_rich(record, str(folder.path) if there else None, evidence_in(folder) if there else None)
