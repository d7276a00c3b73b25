"""HumanEval+ and MBPP+ (evalplus): the tasks of HumanEval and MBPP with many more inputs.

A record's inputs run to megabytes, so records stay packed in memory and are unpacked when one is judged.
"""

from __future__ import annotations

import json
import keyword
import zlib
from collections.abc import Mapping

from benchmarks.datasets.download import Remote
from benchmarks.datasets.lines import Line, read_lines, task_id
from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.datasets.sources import file_or_fetched
from benchmarks.doctests import examples_of
from core.errors import UsageError
from core.records import Json, Task

_RELEASES = "https://github.com/evalplus"
HUMAN_EVAL_PLUS = Remote(
    "HumanEval+ v0.1.10", f"{_RELEASES}/humanevalplus_release/releases/download/v0.1.10/HumanEvalPlus.jsonl.gz",
    "272720b90ac375502c8ed23cd791c2a93dfb22a911641a494da74a426c09f101",
)
MBPP_PLUS = Remote(
    "MBPP+ v0.2.0", f"{_RELEASES}/mbppplus_release/releases/download/v0.2.0/MbppPlus.jsonl.gz",
    "af43697e8791c4c149bdfd6b489d8b5412507551ac20e28a439f650b8225db63",
)
_NEEDED = ("prompt", "entry_point", "canonical_solution", "base_input", "plus_input", "atol")


def open_human_eval_plus(request: DatasetRequest) -> TaskSet:
    """The 164 tasks, or those of a file of that schema."""
    return _open(request, "human_eval_plus", HUMAN_EVAL_PLUS)


def open_mbpp_plus(request: DatasetRequest) -> TaskSet:
    """The 378 tasks, or those of a file of that schema."""
    return _open(request, "mbpp_plus", MBPP_PLUS)


def _open(request: DatasetRequest, benchmark: str, remote: Remote) -> TaskSet:
    file = file_or_fetched(request, benchmark, remote)
    tasks: list[Task] = []
    packed: dict[str, bytes] = {}
    seen: dict[str, int] = {}
    for line in read_lines(file.path, constants=True):
        name = task_id(line, benchmark, seen)
        entry = _entry_point(line)
        _check(line)
        packed[name] = zlib.compress(json.dumps({key: line.record[key] for key in _NEEDED}).encode(), 1)
        prompt = {"prompt": line.text("prompt"), "entry_point": entry, "task": line.text("prompt").strip()}
        if benchmark == "mbpp_plus":
            prompt["starter_code"] = f"def {entry}(*arguments):"  # for the parser, to choose among several blocks
        tasks.append(Task(name, prompt))
    prompts = {task.task_id: task.prompt for task in tasks}
    return TaskSet(
        tuple(tasks), file.sha256, file.source, lambda name: _unpacked(packed, name),
        lambda name: examples_of(prompts[name]["prompt"], prompts[name]["entry_point"]),
    )


def _unpacked(packed: Mapping[str, bytes], name: str) -> Mapping[str, Json]:
    if name not in packed:
        raise UsageError(f"no task {name!r} in this dataset; check the task id")
    record: dict[str, Json] = json.loads(zlib.decompress(packed[name]))
    return record


def _check(line: Line) -> None:
    for key in ("base_input", "plus_input"):
        given = line.record.get(key)
        if key == "plus_input" and given == {}:
            line.record[key] = given = []  # evalplus's own spelling of none
        if not isinstance(given, list) or not all(isinstance(item, list) for item in given):
            raise line.bad(f"field {key!r} must be a list of argument lists; correct it")
    if not line.record["base_input"]:
        raise line.bad("field 'base_input' is empty; a task needs an input")
    line.text("canonical_solution")
    if isinstance(line.record.setdefault("atol", 0), bool) or not isinstance(line.record["atol"], (int, float)):
        raise line.bad("field 'atol' must be a number; correct it, or leave it out")


def _entry_point(line: Line) -> str:
    name = line.text("entry_point")
    if not name.isidentifier() or keyword.iskeyword(name):
        raise line.bad(f"entry_point {name[:40]!r} is not a Python name; give the name of the function under test")
    return name
