"""What the data set of a run knows of its tasks beside their prompts, where it is on this machine; never fetched."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.datasets.request import DatasetRequest
from benchmarks.table import BENCHMARKS
from core.errors import BenchError
from core.lookup import text_at
from runner.script_request import ROOT


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the tasks."""

    reference: Callable[[str], str | None] = lambda _: None
    """From a task's id to the right answer as text; None where there is none to show."""
    difficulties: Mapping[str, str] = field(default_factory=dict)
    why_not: str = ""
    """Why there are no right answers, in a sentence, where the benchmark would let them be shown."""


def known(record: Mapping[str, Any]) -> Known:
    """Of a benchmark whose right answers may be shown; nothing of any other."""
    benchmark = BENCHMARKS.get(text_at(record, "benchmark") or "")
    source = text_at(record, "provenance", "dataset_source")
    wanted = text_at(record, "provenance", "dataset_sha256")
    if benchmark is None or benchmark.shown_reference is None or source is None or wanted is None:
        return Known()
    path, key = ROOT / source, benchmark.shown_reference  # an absolute path stays as it is
    if not _is_file(path):
        return Known(why_not=f"Right answers are not shown: the data set {source} is not on this machine.")
    try:
        tasks = benchmark.open_tasks(DatasetRequest(problems_file=str(path)))
    except BenchError as error:
        return Known(why_not=f"Right answers are not shown: {error}.")
    if tasks.sha256 != wanted:
        return Known(why_not=f"Right answers are not shown: the data set {source} is not what it was when the run was "
                             "made.")

    def reference(task_id: str) -> str | None:
        try:
            value = tasks.reference(task_id).get(key)
        except BenchError:
            return None
        return value if isinstance(value, str) or value is None else json.dumps(value, ensure_ascii=False, indent=1)

    return Known(reference, {task.task_id: task.difficulty for task in tasks.tasks if task.difficulty})


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that no system has
        return False
