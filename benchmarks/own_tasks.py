"""The tasks of a benchmark of one's own: a data file whose fields the TOML file names."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from benchmarks.datasets import scenarios
from benchmarks.datasets.choices import LETTERS
from benchmarks.datasets.dates import window_of
from benchmarks.datasets.lines import Line, sha256_file
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DEMO, DatasetRequest, TaskSet, from_table
from core.errors import BadInput, UsageError
from core.records import Json, Task
from core.task_ids import task_id_of


@dataclass(frozen=True, slots=True)
class Kind:
    """An evaluator as a TOML file may name it."""

    evaluator: str
    """Its name in the registry."""
    needed: Mapping[str, str]
    """Keys of [answer] that must name a field → the key that the evaluator's reference has for it."""
    parsers: tuple[str, ...]
    optional: Mapping[str, str]


_TEXTS: Final = ("text", "first_line", "last_line", "after")
EVALUATORS: Final[Mapping[str, Kind]] = {
    "exact": Kind("exact", {"expected": "expected"}, (*_TEXTS, "math", "choice", "formula"), {}),
    "math": Kind("math", {"expected": "answer"}, ("math", *_TEXTS), {}),
    "choice": Kind("choice", {"expected": "answer", "choices": "choices"}, ("choice",), {}),
    "formula": Kind("formula", {"expected": "answer"}, ("formula", *_TEXTS), {}),
    "extraction": Kind("extraction", {"expected": "expected", "schema": "schema"}, ("json",), {}),
    "judged": Kind("judged", {}, (*_TEXTS, "code"), {}),
    "asserts": Kind("mbpp", {"tests": "test_list"}, ("code",), {"code": "code", "setup": "test_setup_code"}),
}


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a record are what."""

    path: Path
    source: Path
    """The TOML file."""
    line: int
    """Of its ``[tasks] file``."""
    shown: tuple[str, ...]
    """Those that the prompt shows."""
    evaluator: str
    answer: Mapping[str, Any]
    task_id: str | None = None
    difficulty: str | None = None
    date: str | None = None
    scenarios: Mapping[str, Any] | None = None
    """The grid that the TOML file itself holds."""

    @property
    def is_judged(self) -> bool:
        """Whether its tasks are scenarios, without a right answer."""
        return self.evaluator == "judged"


def open_tasks(fields: Fields, limit: int | None, request: DatasetRequest) -> TaskSet:
    """All tasks in file order, at most ``limit``. BadInput names the data file and its line."""
    if request.problems_file == DEMO:
        raise UsageError(f"{fields.source} has no demo tasks; leave --problems-file out")
    window = window_of(request)
    if (window.first or window.last) and fields.date is None:
        raise UsageError(
            f"--start-date, --end-date and --after-cutoff need tasks with dates; name their field in {fields.source} "
            '([tasks] date = "…"), or leave them out'
        )
    path = fields.path if request.problems_file is None else Path(request.problems_file)
    if fields.is_judged and (path == fields.source or os.path.isfile(path)):  # noqa: PTH113
        return _scenarios(fields, limit, path)
    if request.problems_file is None and not os.path.isfile(path):  # noqa: PTH113  (False, too, for a name too long)
        raise BadInput(
            f"{fields.source}:{fields.line}: [tasks] file: there is no file {str(path)[:300]}; "
            "write its path from the TOML's folder"
        )
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for line in read_records(path, _columns(fields)):
        if limit is not None and len(tasks) >= limit:
            break
        name = _id(fields, line)
        if name in references:
            raise line.bad(f"task id {name!r} comes twice; ids must be unique, rename one")
        prompt, reference = _prompt(fields, line), _reference(fields, line)
        references[name] = reference
        if fields.date is None or window.has(_day(fields, line), line):
            tasks.append(Task(name, prompt, _optional(fields.difficulty, line)))
    window.refuse_nothing(tasks, str(path))
    return TaskSet(tuple(tasks), sha256_file(path), str(path), from_table(references))


def _scenarios(fields: Fields, limit: int | None, path: Path) -> TaskSet:
    """Those of the TOML file itself, or of a file of their own."""
    name = fields.source.stem
    if path == fields.source:
        found = scenarios.of_grid(name, scenarios.grid_of(fields.scenarios or {}, path), str(path))
    else:
        found = scenarios.task_set(name, path)
    beside = {"answer_after": fields.answer["after"]} if fields.answer["parser"] == "after" else {}
    tasks = (replace(task, prompt={**task.prompt, **beside}) for task in found.tasks[:limit])
    return replace(found, tasks=tuple(tasks))


def _columns(fields: Fields) -> tuple[str, ...]:
    kind = EVALUATORS[fields.evaluator]
    return (*fields.shown, *(str(fields.answer[key]) for key in kind.needed))


def _id(fields: Fields, line: Line) -> str:
    if fields.task_id is None:
        return task_id_of(line.record, fields.source.stem, line.number - 1)
    return _text(fields, line, fields.task_id, "[tasks] id")


def _prompt(fields: Fields, line: Line) -> dict[str, Json]:
    found: dict[str, Json] = {name: _text(fields, line, name, "[prompt]", empty=True) for name in fields.shown}
    if fields.answer["parser"] == "after":
        found["answer_after"] = fields.answer["after"]
    if fields.evaluator == "choice":
        found["choices"] = _choices(fields, line)
    return found


def _reference(fields: Fields, line: Line) -> dict[str, Json]:
    kind = EVALUATORS[fields.evaluator]
    found: dict[str, Json] = {}
    for key, ours in {**kind.needed, **kind.optional}.items():
        name = fields.answer.get(key)
        if name is None:
            continue
        if name not in line.record:
            raise _missing(fields, line, name, f"[answer] {key}")
        found[ours] = line.record[name]
    if fields.evaluator in {"math", "formula"}:
        found["answer"] = _text(fields, line, fields.answer["expected"], "[answer] expected")
    if fields.evaluator == "choice":
        found["answer"] = _letter(fields, line)
    if fields.evaluator == "exact":
        found |= {"expected": _accepted(fields, line), "ignore_case": bool(fields.answer.get("ignore_case"))}
    if fields.evaluator == "asserts":
        found["test_list"] = _tests(fields, line)
    return found


def _accepted(fields: Fields, line: Line) -> list[str]:
    """The right answer, or a list of those that are."""
    value = line.record[fields.answer["expected"]]
    values = value if isinstance(value, list) else [value]
    if not values or not all(_is_plain(item) and str(item).strip() for item in values):
        raise line.bad(f"field {fields.answer['expected']!r} must be a text, a number, or a list of them")
    return [str(item) for item in values]


def _choices(fields: Fields, line: Line) -> list[str]:
    value = line.record.get(fields.answer["choices"])
    if not isinstance(value, list) or not 2 <= len(value) <= len(LETTERS) or not all(
        isinstance(item, str) for item in value
    ):
        raise line.bad(f"field {fields.answer['choices']!r} must be a list of 2 to {len(LETTERS)} texts")
    return value


def _letter(fields: Fields, line: Line) -> str:
    """Of the right choice, which a record may name by its letter, its place from 0, or its text."""
    value, choices = line.record[fields.answer["expected"]], _choices(fields, line)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(choices):
        return LETTERS[value]
    if isinstance(value, str) and len(value) == 1 and value.upper() in LETTERS[: len(choices)]:
        return value.upper()
    if value in choices:
        return LETTERS[choices.index(value)]
    raise line.bad(f"{str(value)[:40]!r} is no letter, place or text of its choices; correct it")


def _tests(fields: Fields, line: Line) -> list[str]:
    value = line.record[fields.answer["tests"]]
    if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
        raise line.bad(f"field {fields.answer['tests']!r} must be a list of assert statements")
    return value


def _day(fields: Fields, line: Line) -> date:
    text = _text(fields, line, str(fields.date), "[tasks] date")
    try:
        return date.fromisoformat(text[:10])
    except ValueError as error:
        raise line.bad(f"{text[:40]!r} is not a day such as 2025-02-06; correct it") from error


def _text(fields: Fields, line: Line, name: str, named_by: str, *, empty: bool = False) -> str:
    """A text or a number; BadInput for anything else."""
    value = line.record.get(name)
    if isinstance(value, (dict, list)) and empty:
        return json.dumps(value, ensure_ascii=False)
    if _is_plain(value) and (empty or str(value).strip()):
        return str(value)
    if name in line.record:
        raise line.bad(f"has no text or number in its field {name!r}, which {fields.source} names ({named_by}); add it")
    raise _missing(fields, line, name, named_by)


def _missing(fields: Fields, line: Line, name: str, named_by: str) -> BadInput:
    near = get_close_matches(name, line.record, n=1) or list(line.record)[:8]
    return line.bad(
        f"has no field {name!r}, which {fields.source} names ({named_by}); add it, or name another there "
        f"(it has {', '.join(near)[:200] or 'none'})"
    )


def _is_plain(value: Json) -> bool:
    """A text or a number; 1e999 is none that could be asked or answered."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    return not isinstance(value, float) or math.isfinite(value)


def _optional(name: str | None, line: Line) -> str | None:
    value = line.record.get(name) if name is not None else None
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else None
