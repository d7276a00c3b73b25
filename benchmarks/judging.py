"""A model as judge, as a benchmark: ``judge auto`` writes its tasks into a file of its own, ``*.judging``.

A line: ``id``, ``instructions``, ``material`` and ``schema``, the JSON Schema of the reply. The score of such a run is
the share of replies that keep to it; what they say is read by who wrote the file.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.benchmark import SCRIPTS, Benchmark
from benchmarks.datasets.lines import read_lines, sha256_file
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from core.errors import BadInput
from core.records import Json, Task

SUFFIX: Final = ".judging"
NAME: Final = "judge"
MAX_TOKENS: Final = 512
"""Room for a few numbers, and for a model that explains itself where no schema is enforced."""


def read(path: Path) -> Benchmark:
    """The benchmark that puts this file's tasks."""
    return Benchmark(
        name=NAME,
        title="A model as judge",
        script=SCRIPTS / "judging.py",
        open_tasks=partial(open_tasks, path),
        answer_parser="json",
        evaluator="schema",
        votes_by="json",
        licence="that of the judged texts",
        citation="docs/judging.md",
        max_tokens=MAX_TOKENS,
        files=(path,),
    )


def open_tasks(path: Path, request: DatasetRequest) -> TaskSet:  # noqa: ARG001  # one signature for all
    """All tasks in file order. Raises BadInput for a file that ``judge auto`` did not write."""
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for line in read_lines(path):
        task_id, schema = line.text("id"), line.record.get("schema")
        if not isinstance(schema, dict):
            raise line.bad("has no 'schema'; judge auto writes such files")
        if task_id in references:
            raise line.bad(f"task id {task_id!r} comes twice")
        references[task_id] = {"schema": schema}
        prompt = {"instructions": line.text("instructions"), "material": line.text("material"), "schema": schema}
        tasks.append(Task(task_id, prompt))
    if not tasks:
        raise BadInput(f"{path} holds nothing to judge; judge auto writes such files")
    return TaskSet(tuple(tasks), sha256_file(path), str(path), from_table(references))
