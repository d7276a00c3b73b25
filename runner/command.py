"""A command of several runs: which of them are done, when it was stopped half-way and is given again.

Theory of operation. A run that ended is never taken up, so that the same command may measure anew. Of a command with
several runs that would be wrong while it is not through: stopped in its fifth run, it would begin with the first. So it
notes each run whose record is in the ledger in a file of its own (``.command-….jsonl`` beside the run folders, locked
while it works) and removes that file when all are there. Who finds the file goes on: the runs noted are not asked
again, as long as what decides them is what it was. A second runner with the same command at the same time runs all of
them, and notes nothing. Nor does a command that is told which of its cells to run (``--cells``): who tells it has read
in the ledger which of them are done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from core.errors import BadInput, BenchError
from core.records import Endpoint
from ledger import store
from ledger.folder import RunFolder
from ledger.lines import LineFile, read_lines
from runner.cell_key import cell_key
from runner.prepare import fingerprint_parts
from runner.request import Request
from runner.resume import differences
from runner.wanted import recorded
from runner.work import Work
from system import files

_NOT_ASKED_FOR = frozenset({
    "model", "backend", "base_url", "server_build", "ctx_size", "slots", "gpu_layers", "replayed_from", "joined_from",
})
"""Known, or certain, when a server is up, and none is started to find out that nothing is left to ask it; and whose
samples a run was put to.
"""


class Command:
    """The runs of one request, for as long as the block lasts. Entering reads what an earlier try came to."""

    def __init__(self, request: Request, works: Iterable[Work]) -> None:
        self._request = request
        every = [each for work in works for each in (work, *work.replays)]
        self._cells = set(map(_cell, every))
        self._others = set[str]() if request.cells is None else {cell_key(request, each) for each in every}
        self._others.difference_update(request.cells or ())
        self._root = request.outputs.runs_root
        self._path = self._root / f".command-{_mark(request)}.jsonl"
        self._held = ExitStack()
        self._file: LineFile | None = None
        self._done: dict[str, str] = {}
        self._recorded: dict[str, Mapping[str, Any]] = {}
        """Of a command that is asked for some of its cells: what the ledger has of the others."""

    def __enter__(self) -> Self:
        if self._request.cells is not None:
            self._recorded = recorded(store.where(self._request.outputs.results, "cell", self._others))
            return self
        if len(self._cells) > 1:
            try:
                self._held.enter_context(files.lock(self._path, timeout_s=0))
            except (OSError, TimeoutError):
                return self
            if self._request.outputs.resume:
                self._done = dict(_noted(line, self._path) for line in read_lines(self._path))
            else:
                self._path.write_bytes(b"")
            self._file = LineFile(self._path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._held:
            if self._file is not None:
                self._file.close()
                if self._cells <= self._done.keys():
                    self._path.unlink(missing_ok=True)

    def record_of(self, work: Work) -> Mapping[str, Any] | None:
        """The record of a run that an earlier try of this command brought to its end; None where it is to be run."""
        run_id = self._done.get(_cell(work))
        if run_id is None:
            return self._recorded.get(cell_key(self._request, work)) if self._recorded else None
        folder = RunFolder(self._root, run_id)
        try:
            before, record = folder.config()["settings"], folder.summary()
        except (BenchError, KeyError):
            return None  # taken away or damaged meanwhile
        now = fingerprint_parts(self._request, work, Endpoint("", "", ""))
        if work.cell.model.path is None:  # its digest is its server's to tell, which is not started to find out
            before.pop("model_sha256", None)
        changed = differences(_without_server(before), _without_server(now))
        return record if not changed else None

    def note(self, work: Work, run_id: str) -> None:
        """The record of ``work`` is in the ledger."""
        self._done[_cell(work)] = run_id
        if self._file is not None:
            self._file.append({"cell": _cell(work), "run_id": run_id})
            self._file.sync()


def _noted(line: Mapping[str, Any], path: Path) -> tuple[str, str]:
    match line:
        case {"cell": str(cell), "run_id": str(run_id)}:
            return cell, run_id
        case _:
            raise BadInput(f"{path}: a line names no run; remove it or start afresh with --no-resume")


def _without_server(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in settings.items() if key not in _NOT_ASKED_FOR}


def _cell(work: Work) -> str:
    """By the file and not by the name, which a server that runs already may tell us later."""
    settings = work.strategy.settings()
    drawn = "" if work.strategy.name == "single" else f" {work.strategy.name} {json.dumps(settings, sort_keys=True)}"
    version = "" if work.cell.prompt_version is None else f" {work.cell.prompt_version}"
    return f"{work.cell.model.identity} {work.cell.benchmark}{version}{drawn}"


def _mark(request: Request) -> str:
    """The same for the same request; files that could not be read are another time's business."""
    another_times = {"refused", "outputs", "spending", "cells"}
    asked = {key: value for key, value in asdict(request).items() if key not in another_times}
    asked["results"] = str(Path(request.outputs.results).resolve())
    return hashlib.sha256(json.dumps(asked, default=str, sort_keys=True).encode()).hexdigest()[:16]
