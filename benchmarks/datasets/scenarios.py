"""Scenario sets: a grid in a TOML file (``docs/prompts.md``), or one scenario a record of JSON lines, JSON or CSV.

A scenario is a few named texts that prompts show as ``{name}``. What is hashed and recorded is not the file but the
scenarios it comes to (``grid.canonical``): a comment or another spelling of the same lists is the same set.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.datasets.grid import Drawn, Grid, Scenario, canonical, listed, named, scenarios
from benchmarks.datasets.lines import Line
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DEMO, DatasetRequest, TaskSet, from_table, refuse_dates
from core.errors import BadInput, UsageError
from core.records import Task

TIPS = Path(__file__).resolve().parents[1] / "tips" / "scenarios.toml"
_IDS: Final = ("task_id", "question_id", "id")
_KEYS: Final = ("seed", "count", "lists", "draw")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_SIZE_LIMIT: Final = 1 << 20


def open_tips(request: DatasetRequest) -> TaskSet:
    """Our own scenarios, or those of the user's file."""
    refuse_dates(request, "tips")
    if request.problems_file == DEMO:
        raise UsageError("--problems-file demo: tips has no demo tasks; leave the flag out, its scenarios come along")
    return task_set("tips", TIPS if request.problems_file is None else Path(request.problems_file))


def task_set(prefix: str, path: Path) -> TaskSet:
    """The scenarios of a file as tasks, whose references are empty: a judge has the rubric. BadInput for any fault."""
    if path.suffix.lower() == ".toml":
        return of_grid(prefix, read_grid(path), str(path))
    lines = list(read_records(path))
    found = [_of_record(line) for line in lines]
    ids = [_own_id(line) or name for line, name in zip(lines, named(prefix, found), strict=True)]
    seen: set[str] = set()
    for line, name in zip(lines, ids, strict=True):
        if name in seen:
            raise line.bad(f"scenario {name[:80]!r} is there twice; give each an id of its own, or none an id")
        seen.add(name)
    return _tasks(found, ids, str(path))


def of_grid(prefix: str, grid: Grid, source: str) -> TaskSet:
    """The scenarios that a grid comes to, as tasks."""
    found = scenarios(grid)
    return _tasks(found, named(prefix, found), source)


def _tasks(found: Sequence[Scenario], ids: Sequence[str], source: str) -> TaskSet:
    """Tasks under these ids, and the hash of what they are."""
    tasks = tuple(Task(name, scenario) for name, scenario in zip(ids, found, strict=True))
    digest = hashlib.sha256(canonical(found)).hexdigest()
    return TaskSet(tasks, digest, source, from_table({name: {} for name in ids}))


def read_grid(path: Path) -> Grid:
    """The grid that a TOML file holds. BadInput says what is wrong in it."""
    try:
        with path.open("rb") as file:
            raw = file.read(_SIZE_LIMIT + 1)
        if len(raw) > _SIZE_LIMIT:
            raise BadInput(f"{path}: is larger than 1 MiB; write scenarios that long one a line into a .jsonl")
        table = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    except (ValueError, RecursionError) as error:  # no UTF-8, no TOML, a number of 5,000 digits
        raise BadInput(f"{path}: is no TOML ({str(error)[:200]}); correct it (docs/prompts.md)") from error
    return grid_of(table, path)


def grid_of(table: Mapping[str, Any], path: Path) -> Grid:
    """The grid of a table that was read from ``path``. BadInput says what is wrong in it."""
    for key in table:
        if key not in _KEYS:
            raise _bad(path, key, f"there is no such key; there are {', '.join(_KEYS)}")
    lists, draw = table.get("lists"), table.get("draw", {})
    if not isinstance(lists, dict) or not lists:
        raise _bad(path, "[lists]", 'is missing; name at least one list, e.g. persona = ["a nurse", "a student"]')
    if not isinstance(draw, dict):
        raise _bad(path, "[draw]", "must be sections such as [draw.tasks] with from and count")
    if twice := sorted(lists.keys() & draw.keys()):
        raise _bad(path, f"[draw.{twice[0]}]", "is a list as well; give one of them another name")
    count, seed = table.get("count"), table.get("seed", 0)
    if not _is_whole(seed):
        raise _bad(path, "seed", "must be a whole number")
    grid = Grid({name: _values(path, name, given) for name, given in lists.items()},
                {name: _drawn(path, name, given) for name, given in draw.items()}, count, seed)
    if count is not None and (not _is_whole(count) or not 1 <= count <= grid.combinations):
        raise _bad(path, "count", f"must be from 1 to {grid.combinations:,}, the combinations there are; leave it out "
                                  "for all of them")
    if not grid.is_bearable:
        raise _bad(path, "[lists]", f"come to {grid.combinations:,} combinations, too many to choose from or to draw "
                                    "for; shorten them, or write the scenarios one a line into a .jsonl")
    return grid


def _values(path: Path, name: str, given: Any) -> list[str]:
    """A list's values as texts; one that is itself a list is shown a line each."""
    where = f"[lists] {name}"
    _refuse_name(path, where, name)
    if not isinstance(given, list) or not given:
        raise _bad(path, where, "must be a list of at least one text")
    values = [listed(item) if isinstance(item, list) and _are_texts(item) else item for item in given]
    if not _are_texts(values):
        raise _bad(path, where, "must hold texts, or lists of texts, and none of them empty")
    return _each_once(path, where, values)


def _drawn(path: Path, name: str, given: Any) -> Drawn:
    where = f"[draw.{name}]"
    _refuse_name(path, where, name)
    if not isinstance(given, dict) or set(given) != {"from", "count"}:
        raise _bad(path, where, "must have from (a list of texts) and count (how many of them a scenario shows)")
    pool, count = given["from"], given["count"]
    if not isinstance(pool, list) or not _are_texts(pool):
        raise _bad(path, where, "from must be a list of texts, none of them empty")
    if not _is_whole(count) or not 1 <= count <= len(pool):
        raise _bad(path, where, f"count must be from 1 to {len(pool)}, as many as from has")
    return Drawn(_each_once(path, where, pool), count)


def _refuse_name(path: Path, where: str, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise _bad(path, where, "is no name that a prompt can show; letters, digits and _, e.g. time_slot")


def _each_once(path: Path, where: str, values: list[str]) -> list[str]:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise _bad(path, where, f"has {value[:40]!r} twice; take one out")
        seen.add(value)
    return values


def _are_texts(given: Sequence[Any]) -> bool:
    return bool(given) and all(isinstance(item, str) and item.strip() for item in given)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63


def _of_record(line: Line) -> Scenario:
    """Its texts, numbers and lists of texts, by name; its own id is no part of what is put to a model."""
    found: Scenario = {}
    for name, value in line.record.items():
        if name in _IDS:
            continue
        if not _NAME.fullmatch(name):
            raise line.bad(f"field {name[:40]!r} has no name that a prompt can show; letters, digits and _")
        if isinstance(value, list) and _are_texts(value):
            found[name] = listed(value)
        elif isinstance(value, (str, int, float)) and not isinstance(value, bool) and _is_finite(value):
            found[name] = str(value)
        else:
            is_it = json.dumps(value)[:40]
            raise line.bad(f"field {name!r} must be a text, a number or a list of texts, and is {is_it}")
    if not any(text.strip() for text in found.values()):
        raise line.bad("holds nothing that a prompt could show; give it fields such as persona, time_slot, tasks")
    return found


def _own_id(line: Line) -> str | None:
    for key in _IDS:
        value = line.record.get(key)
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return None


def _is_finite(value: Any) -> bool:
    return isinstance(value, str) or math.isfinite(value)


def _bad(path: Path, where: str, what: str) -> BadInput:
    """``where`` may hold a key that somebody else chose: control characters show as escapes, and a long one is cut."""
    shown = where if where.isprintable() else ascii(where)[1:-1]
    return BadInput(f"{path}: {shown[:80]}: {what} (docs/prompts.md)")
