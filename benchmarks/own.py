"""A benchmark of one's own in a TOML file: ``--benchmark my.toml`` (``docs/own-benchmark.md``).

Every mistake is told with the file, the line of its key, and what to write instead; what is wrong in the data set is
told with the data set's line, when it is read (``own_tasks``).
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final

from benchmarks.benchmark import PROMPTED, Benchmark
from benchmarks.own_tasks import EVALUATORS, Fields, open_tasks
from core.errors import BadInput

PARSERS: Final = ("text", "first_line", "last_line", "after", "math", "choice", "formula", "json", "code")
_VOTES: Final = {"math": "number", "choice": "choice", "formula": "formula", "json": "json", "code": "program"}
"""What makes two answers the same, by parser; of all others, the text."""
_KEYS: Final[Mapping[str, Mapping[str, type]]] = {
    "": {"name": str, "title": str, "licence": str, "citation": str, "tasks": dict, "prompt": dict, "answer": dict,
         "limits": dict},
    "tasks": {"file": str, "id": str, "difficulty": str, "date": str},
    "prompt": {"system": str, "user": str, "stop": list},
    "answer": {"parser": str, "evaluator": str, "expected": str, "choices": str, "schema": str, "tests": str,
               "setup": str, "code": str, "after": str, "ignore_case": bool},
    "limits": {"max_tokens": int, "tasks": int},
}
_NEEDED: Final = (("", "name"), ("tasks", "file"), ("prompt", "user"), ("answer", "parser"), ("answer", "evaluator"))
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_SIZE_LIMIT: Final = 1 << 20


class _File:
    """The TOML file's text and what was read of it; makes the errors."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                raw = file.read(_SIZE_LIMIT + 1)
            self.text = raw.decode("utf-8-sig")
            self.table: dict[str, Any] = tomllib.loads(self.text)
        except OSError as error:
            raise BadInput(f"--benchmark {path}: cannot be read ({error.strerror or error}); check the path") from error
        except UnicodeDecodeError as error:
            raise BadInput(f"{path}: byte {error.start} is not UTF-8; save the file as UTF-8") from error
        except (ValueError, RecursionError) as error:  # TOMLDecodeError is one; a number of 5,000 digits another
            where = re.search(r"line (\d+)", str(error))
            line = f":{where[1]}" if where else ""
            raise BadInput(f"{path}{line}: is no TOML ({error}); correct it (docs/own-benchmark.md)") from error
        if len(raw) > _SIZE_LIMIT:
            raise BadInput(f"{path}: is larger than 1 MiB; put the tasks into a data file and name it under [tasks]")

    def bad(self, section: str, key: str, what: str) -> BadInput:
        """The error that says so, with the line where ``key`` stands, or else its section."""
        named = f"[{section}] {key}" if section and key else f"[{section}]" if section else key
        return BadInput(f"{self.path}:{self.line(section, key)}: {named}: {what} (docs/own-benchmark.md)")

    def line(self, section: str, key: str) -> int:
        """Where the key stands, or else its section; 1 where neither is found."""
        inside, found = section == "", 1
        for number, line in enumerate(self.text.split("\n"), 1):
            head = re.match(r"\s*\[\s*\"?([A-Za-z0-9_-]+)\"?\s*\]", line)
            if head is not None:
                inside = head[1] == section
                if inside and section:
                    found = number
                elif not section and head[1] == key:
                    return number
            elif inside and key and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
                return number
        return found

    def get(self, section: str, key: str) -> Any:
        """The value, None where it is not given."""
        table = self.table.get(section, {}) if section else self.table
        return table.get(key)


def read(path: Path, taken: Collection[str]) -> Benchmark:
    """The benchmark that the file describes. ``taken``: names of the table's. BadInput for whatever is wrong."""
    file = _File(path)
    _check_keys(file)
    name = file.get("", "name")
    if not _NAME.fullmatch(name):
        raise file.bad("", "name", f"{name[:50]!r} is no name; small letters, digits and _, e.g. my_questions")
    if name in taken:
        raise file.bad("", "name", f"{name!r} is a benchmark of the table; choose another name")
    fields = _fields(file)
    answer = dict(sorted(file.table["answer"].items()))
    templates = {role: file.get("prompt", role) for role in ("system", "user") if file.get("prompt", role)}
    if file.get("prompt", "stop"):
        templates["stop"] = "\n".join(_stops(file))
    templates["answer"] = json.dumps(answer)  # no role: not sent; but another way of grading is another run
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
        prompts={"v1": templates},
        needs=("math_verify",) if answer["evaluator"] == "formula" else (),
        files=(path, fields.path),
    )


def _options(fields: Fields) -> frozenset[str]:
    found = {"subjects"} if fields.difficulty else set()
    return frozenset(found | ({"start_date", "end_date"} if fields.date else set()))


def _check_keys(file: _File) -> None:
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


def _fields(file: _File) -> Fields:
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
    shown = _placeholders(file)
    for key in ("expected", "code"):
        name = file.get("answer", key)
        if name in shown:
            raise file.bad("prompt", "user", f"shows {{{name}}}, which holds the answer ([answer] {key}); take it out")
    data = file.path.parent / file.get("tasks", "file")
    return Fields(
        path=data, source=file.path, line=file.line("tasks", "file"), shown=shown, evaluator=kind,
        answer=file.table["answer"],
        task_id=file.get("tasks", "id"), difficulty=file.get("tasks", "difficulty"), date=file.get("tasks", "date"),
    )


def _placeholders(file: _File) -> tuple[str, ...]:
    """The fields that the templates show."""
    found = [name for role in ("system", "user") for name in _PLACE.findall(file.get("prompt", role) or "")]
    if not found:
        raise file.bad("prompt", "user", "shows no field of the tasks; write its name in braces, e.g. {question}")
    return tuple(dict.fromkeys(found))


def _one_of(file: _File, key: str, value: str, known: Collection[str]) -> None:
    if value not in known:
        near = get_close_matches(value, known, n=2) or list(known)
        raise file.bad("answer", key, f"there is no {value!r}; there is {', '.join(near)}")


def _positive(file: _File, key: str) -> int | None:
    value = file.get("limits", key)
    if value is not None and value < 1:
        raise file.bad("limits", key, f"{value} is too small; give 1 or more, or leave it out")
    return value if isinstance(value, int) else None


def _stops(file: _File) -> list[str]:
    stops = file.get("prompt", "stop")
    if not all(isinstance(stop, str) and stop and "\n" not in stop for stop in stops):
        raise file.bad("prompt", "stop", "must be a list of texts of one line each")
    return list(stops)
