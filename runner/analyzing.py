"""``analyze``: what runs came to and what they cost, read from their folders line by line, as a table."""

from __future__ import annotations

import glob
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.budgets import Run, rows
from analysis.curves import add_curves
from analysis.rows import Row
from analysis.spending import Samples, Spent, concluded
from core.errors import BadInput, BenchError, UsageError
from ledger.folder import RunFolder
from ledger.lines import numbered_lines
from reports.budget_csv import to_csv
from runner.run_view import scored_by
from system import files


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found."""

    rows: Sequence[Row]
    """See ``analysis.budgets``."""
    remarks: Sequence[str]
    """What was left out, and why; a sentence each."""


def analyze(pattern: str, out_csv: Path) -> Analysis:
    """Reads every ``details.jsonl`` that the pattern names and writes the table. Raises UsageError, BadInput."""
    found = analysis_of(_named(pattern))
    write(out_csv, to_csv(found.rows).encode(), "--out-csv")
    return found


def analysis_of(paths: Sequence[Path], refused: Callable[[BenchError], None] | None = None) -> Analysis:
    """``refused``: is told of folders that cannot be read, which are left out then; else the first one is raised."""
    runs, remarks = [], []
    for path in paths:
        try:
            run, remark = read_run(path)
        except BenchError as error:
            if refused is None:
                raise
            refused(error)
            continue
        runs += [run] if run else []
        remarks += [remark] if remark else []
    found, kept = rows(runs)
    add_curves(found, kept, random.Random(0))  # noqa: S311  # draws resamples, the same each time
    if older := len(runs) - len(kept):
        remarks.append(f"{older:,} earlier {'run was' if older == 1 else 'runs were'} left out: the latest of each "
                       "model, benchmark, strategy, budget and settings counts.")
    return Analysis(found, remarks)


def read_run(details: Path) -> tuple[Run | None, str | None]:
    """The run that this ``details.jsonl`` is of; or none, with the reason.

    Raises BadInput that names the file, and the line where one is at fault.
    """
    folder = RunFolder(details.parent.parent, details.parent.name)
    record = folder.summary() or folder.record() or _unfinished(folder)
    tasks: dict[str, Spent] = {}
    _each(folder.tasks_path, lambda line: tasks.update([concluded(line)]) if "outcome" in line else None)
    if not tasks:
        samples = Samples()
        _each(details, samples.add)
        if samples.most > 1:
            return None, (f"{folder.path} was left out: it has several samples a task and was not brought to its end, "
                          "so nothing says which answer counts.")
        tasks = samples.tasks()
    if not tasks:
        return None, f"{folder.path} was left out: none of its tasks was verified."
    return Run(record, tasks), None


def write(path: Path, data: bytes, flag: str) -> None:
    """Raises UsageError where it cannot be written."""
    try:
        files.atomic_write(path, data)
    except OSError as error:
        raise UsageError(f"{flag} {path}: cannot be written ({error.strerror}); name a file in a folder that is there "
                         "and yours.") from error


def _named(pattern: str) -> list[Path]:
    found = [Path(name) for name in sorted(glob.glob(pattern, recursive=True))]  # noqa: PTH207  # it may be absolute
    if not found:
        raise UsageError(f"--glob {pattern!r}: no file is called so; a run writes runs/<run_id>/details.jsonl.")
    for path in found:
        if path.name != "details.jsonl":
            raise UsageError(f"--glob {pattern!r}: {path} is no details.jsonl of a run; end the pattern in "
                             "/details.jsonl.")
    return found


def _unfinished(folder: RunFolder) -> dict[str, Any]:
    """What is known of a run that has no record: its settings."""
    whole = folder.config()
    settings = whole.get("settings")
    if not isinstance(settings, Mapping):
        raise BadInput(f"{folder.path}: run_config.json has no settings, so nobody knows what was run; leave that "
                       "folder out of --glob")
    return {"run_id": folder.run_id, "status": "incomplete", "config": dict(settings) | scored_by(whole),
            **{name: settings.get(name) for name in ("model", "benchmark", "tasks_sha256")}}


def _each(path: Path, take: Callable[[Mapping[str, Any]], object]) -> None:
    for number, line in numbered_lines(path):
        try:
            take(line)
        except BadInput as error:
            raise BadInput(f"{path}, line {number}: {error}; remove that line or leave the file out") from error
