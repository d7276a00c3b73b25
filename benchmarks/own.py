"""A benchmark of one's own in a TOML file: ``--benchmark my.toml`` (``docs/own-benchmark.md``).

Every mistake is told with the file, the line of its key, and what to write instead; what is wrong in the data set is
told with the data set's line, when it is read (``own_tasks``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.benchmark import DEFAULT_PROMPT, JUDGED, PROMPTED, Benchmark
from benchmarks.entries.judged import TEMPERATURE
from benchmarks.own_file import OwnFile
from benchmarks.own_tasks import EVALUATORS, Fields, open_tasks
from benchmarks.prompt_folder import Sections, placeholders, read_folder

PARSERS: Final = ("text", "first_line", "last_line", "after", "math", "choice", "formula", "json", "code")
_VOTES: Final = {"math": "number", "choice": "choice", "formula": "formula", "json": "json", "code": "program"}
"""What makes two answers the same, by parser; of all others, the text."""
_KEYS: Final[Mapping[str, Mapping[str, type]]] = {
    "": {"name": str, "title": str, "licence": str, "citation": str, "tasks": dict, "scenarios": dict, "prompt": dict,
         "answer": dict, "limits": dict},
    "tasks": {"file": str, "id": str, "difficulty": str, "date": str},
    "scenarios": {"seed": int, "count": int, "lists": dict, "draw": dict},
    "prompt": {"system": str, "user": str, "stop": list, "folder": str},
    "answer": {"parser": str, "evaluator": str, "expected": str, "choices": str, "schema": str, "tests": str,
               "setup": str, "code": str, "after": str, "ignore_case": bool},
    "limits": {"max_tokens": int, "tasks": int},
}
_NEEDED: Final = (("", "name"), ("answer", "parser"), ("answer", "evaluator"))
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_MOST: Final = (1 << 31) - 1
"""Tokens, or tasks: servers count in 32 bits, and refuse a request that wants more."""


def read(path: Path, taken: Collection[str]) -> Benchmark:
    """The benchmark that the file describes. ``taken``: names of the table's. BadInput for whatever is wrong."""
    file = OwnFile(path)
    _check_keys(file)
    name = file.get("", "name")
    if not _NAME.fullmatch(name):
        raise file.bad("", "name", f"{name[:50]!r} is no name; small letters, digits and _, e.g. my_questions")
    if name in taken:
        raise file.bad("", "name", f"{name!r} is a benchmark of the table; choose another name")
    prompts = _prompts(file)
    fields = _fields(file, prompts)
    answer = dict(sorted(file.table["answer"].items()))
    graded = {"answer": json.dumps(answer)}  # no role: not sent; but another way of grading is another run
    parser, limit = str(answer["parser"]), _positive(file, "tasks")
    return Benchmark(
        name=name,
        title=file.get("", "title") or name,
        script=PROMPTED,
        open_tasks=partial(open_tasks, fields, limit),
        answer_parser=parser,
        evaluator=EVALUATORS[str(answer["evaluator"])].evaluator,
        votes_by=_VOTES.get(parser, "caseless" if answer.get("ignore_case") else "text"),
        licence=file.get("", "licence") or "not stated",
        citation=file.get("", "citation") or "not stated",
        options=_options(fields),
        max_tokens=_positive(file, "max_tokens") or 2048,
        prompts={version: {**sections, **graded} for version, sections in prompts.items()},
        temperature=TEMPERATURE if answer["evaluator"] == JUDGED else 0.0,
        needs=("math_verify",) if answer["evaluator"] == "formula" else (),
        files=(path, fields.path),
    )


def _prompts(file: OwnFile) -> dict[str, Sections]:
    """Version → templates: those of a folder, or the one that stands in the file."""
    folder = file.get("prompt", "folder")
    if folder is None:
        templates = {role: file.get("prompt", role) for role in ("system", "user") if file.get("prompt", role)}
        if file.get("prompt", "stop"):
            templates["stop"] = "\n".join(_stops(file))
        return {DEFAULT_PROMPT: templates}
    for role in ("user", "system", "stop"):
        if file.get("prompt", role):
            raise file.bad("prompt", role, "stands in the files of [prompt] folder; leave one of the two out")
    return read_folder(file.path.parent / folder)


def _options(fields: Fields) -> frozenset[str]:
    found = {"subjects"} if fields.difficulty else set()
    return frozenset(found | ({"start_date", "end_date"} if fields.date else set()))


def _check_keys(file: OwnFile) -> None:
    """Sections and keys that are known, of the type they must have, and those that are needed."""
    for section, known in _KEYS.items():
        table = file.table.get(section, {}) if section else file.table
        for key, value in table.items():
            if key not in known:
                near = get_close_matches(key, known, n=2) or list(known)
                raise file.bad(section, key, f"there is no such key; did you mean {' or '.join(near)}?")
            wanted = known[key]
            if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
                kinds = {str: "text in quotes", dict: "a section", int: "a whole number", list: "a list of texts",
                         bool: "true or false"}
                raise file.bad(section, key, f"must be {kinds[wanted]}")
    for section, key in _NEEDED:
        if not file.get(section, key):
            raise file.bad(section, key, "is missing; every benchmark needs it")
    if not file.get("prompt", "user") and not file.get("prompt", "folder"):
        raise file.bad("prompt", "user", "is missing; every benchmark needs it, or [prompt] folder with several "
                                         "versions")
    if bool(file.get("tasks", "file")) == ("scenarios" in file.table):
        raise file.bad("tasks", "file", "is missing; every benchmark needs it, or [scenarios] in its place"
                       if "scenarios" not in file.table else "and [scenarios] both say what is asked; leave one out")


def _fields(file: OwnFile, prompts: Mapping[str, Sections]) -> Fields:
    parser, kind = file.get("answer", "parser"), file.get("answer", "evaluator")
    _one_of(file, "parser", parser, PARSERS)
    _one_of(file, "evaluator", kind, EVALUATORS)
    evaluator = EVALUATORS[kind]
    for key in evaluator.needed:
        if not file.get("answer", key):
            raise file.bad("answer", key, f"is missing; evaluator {kind!r} needs the field of the tasks that holds it")
    if (parser == "after") != bool(file.get("answer", "after")):
        raise file.bad("answer", "after", 'goes with parser = "after": the text behind which the answer stands')
    if parser not in evaluator.parsers:
        raise file.bad("answer", "parser", f"{parser!r} gives no answer that evaluator {kind!r} can judge; "
                                           f"take {' or '.join(evaluator.parsers)}")
    shown = _placeholders(file, prompts)
    for key in ("expected", "code"):
        name = file.get("answer", key)
        if name in shown:
            raise file.bad("prompt", "user", f"shows {{{name}}}, which holds the answer ([answer] {key}); take it out")
    data = file.path.parent / (file.get("tasks", "file") or file.path.name)
    _check_scenarios(file, data)
    return Fields(
        path=data, source=file.path, line=file.line("tasks", "file"), shown=shown, evaluator=kind,
        answer=file.table["answer"], scenarios=file.table.get("scenarios"),
        task_id=file.get("tasks", "id"), difficulty=file.get("tasks", "difficulty"), date=file.get("tasks", "date"),
    )


def _check_scenarios(file: OwnFile, data: Path) -> None:
    """What is judged has scenarios for tasks, which have no right answer; and nothing else has."""
    kind = file.get("answer", "evaluator")
    if kind != JUDGED and ("scenarios" in file.table or data.suffix == ".toml"):
        raise file.bad("answer", "evaluator", f"{kind!r} needs a right answer for each task, and scenarios made from "
                                              f'lists have none; take evaluator = "{JUDGED}"')
    for key in ("id", "difficulty", "date"):
        if kind == JUDGED and file.get("tasks", key):
            raise file.bad("tasks", key, "means nothing for scenarios, whose id is in their field id; leave it out")


def _placeholders(file: OwnFile, prompts: Mapping[str, Sections]) -> tuple[str, ...]:
    """The fields that the templates show, all versions together."""
    key, found = "folder" if file.get("prompt", "folder") else "user", dict[str, None]()
    for version, sections in prompts.items():
        shown = placeholders(sections)
        if not shown:
            which = f"the prompt {version} " if key == "folder" else ""
            raise file.bad("prompt", key, f"{which}shows no field of the tasks; write its name in braces, e.g. "
                                          "{question}")
        found |= dict.fromkeys(shown)
    return tuple(found)


def _one_of(file: OwnFile, key: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        near = get_close_matches(value, known, n=2) or list(known)
        raise file.bad("answer", key, f"there is no {value!r}; there is {', '.join(near)}")


def _positive(file: OwnFile, key: str) -> int | None:
    value = file.get("limits", key)
    if value is not None and value < 1:
        raise file.bad("limits", key, f"{value} is too small; give 1 or more, or leave it out")
    if value is not None and value > _MOST:
        raise file.bad("limits", key, f"{str(value)[:20]} is too large; at most {_MOST}, or leave it out")
    return value if isinstance(value, int) else None


def _stops(file: OwnFile) -> list[str]:
    stops = file.get("prompt", "stop")
    if not all(isinstance(stop, str) and stop and "\n" not in stop for stop in stops):
        raise file.bad("prompt", "stop", "must be a list of texts of one line each")
    return list(stops)
