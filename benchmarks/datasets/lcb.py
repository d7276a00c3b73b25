"""LiveCodeBench code generation, from a local JSONL file or a release on the Hugging Face hub.

All releases together are about 4.5 GB, nearly all of it private tests. So the files are streamed once: of each record
the small fields and its place (file, offset, length) stay in memory. A record's tests are read and decoded when its
reference is asked for, and forgotten with it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.datasets.lcb_releases import DEFAULT, REPOSITORY, Shard, fetch, shards_of
from benchmarks.datasets.lcb_tests import BadTests, decode_private_tests, parse_tests
from benchmarks.datasets.lines import Line, parse_object, read_lines, task_id
from benchmarks.datasets.request import DEMO, DatasetRequest, TaskSet, demo_file
from benchmarks.doctests import MAX_EXAMPLES
from core.errors import BadInput, UsageError
from core.examples import Example, PublicExamples
from core.records import Json, Task
from core.task_ids import task_id_of

DEMO_NAME = "lcb_style.jsonl"
LINE_LIMIT_BYTES = 1 << 30
"""Records run to hundreds of MB of packed tests; beyond this the file is not what it says."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record's place and its small fields."""

    path: Path
    number: int
    offset: int
    length: int
    task: Task
    date: datetime | None
    fn_name: str | None

    def bad(self, what: str) -> BadInput:
        return BadInput(f"{self.path}:{self.number}: {what}")


def open_tasks(request: DatasetRequest) -> TaskSet:
    """The tasks of the window, sorted by ``question_id`` as upstream sorts.

    References: ``inputs`` and ``outputs`` (public tests, then private ones; the first ``n_public`` are public),
    ``fn_name`` (None: the program reads stdin), ``starter_code``. BadInput and UsageError as the readers below raise
    them.
    """
    window = _window(request)
    shards, source = _files(request)
    entries: dict[str, _Entry] = {}
    digests = [_index(shard, entries) for shard in shards]
    chosen = sorted(_within(entries, *window), key=lambda entry: entry.task.task_id)
    digest = (
        digests[0] if len(digests) == 1 else hashlib.sha256("".join(f"{d}\n" for d in digests).encode()).hexdigest()
    )
    return TaskSet(
        tuple(entry.task for entry in chosen), digest, source, lambda name: _reference(entries, name),
        lambda name: _public_examples(entries, name),
    )


def _files(request: DatasetRequest) -> tuple[tuple[Shard, ...], str]:
    if request.problems_file == DEMO or (request.problems_file is None and request.demo):
        path = demo_file(DEMO_NAME)
        return (Shard(path.name, path, "", None),), str(path)
    release = DEFAULT if request.problems_file is None else request.problems_file
    names = shards_of(release)
    if names is not None:
        shards = fetch(release, names, request)
        return shards, f"hf:{REPOSITORY}@{shards[0].commit} {'+'.join(names)}"
    path = Path(release)
    if path.suffix == ".gz":
        raise BadInput(
            f"{path}: tests are read by their place in the file, so it must not be packed; unpack it (gunzip -k)"
        )
    return (Shard(path.name, path, "", None),), str(path)


def _index(shard: Shard, entries: dict[str, _Entry]) -> str:
    """Adds the shard's records to ``entries``; returns the file's SHA-256."""
    digest = hashlib.sha256()
    seen: dict[str, int] = {}
    for line in read_lines(shard.path, limit_bytes=LINE_LIMIT_BYTES, on_bytes=digest.update):
        name = task_id(line, "lcb", seen)
        if name in entries:
            other = entries[name]
            raise line.bad(
                f"question_id {name!r} is already at {other.path}:{other.number}; ids must be unique, remove one"
            )
        entries[name] = _entry(line, name)
    if shard.sha256 not in {None, digest.hexdigest()}:
        raise BadInput(
            f"{shard.path}: the cached copy is damaged (its checksum is not the hub's); "
            f"delete {shard.path.resolve()} and run again to fetch it anew"
        )
    return digest.hexdigest()


def _entry(line: Line, name: str) -> _Entry:
    starter = line.text("starter_code", empty=True) if "starter_code" in line.record else ""
    metadata = _metadata(line)
    fn_name = metadata.get("func_name")
    if fn_name is not None and not (isinstance(fn_name, str) and fn_name.isidentifier()):
        raise line.bad("'func_name' in 'metadata' is not a Python name; correct it")
    _tests(line.bad, "public_test_cases", line.text("public_test_cases"), private=False)
    line.text("private_test_cases")
    difficulty = line.record.get("difficulty")
    task = Task(
        name,
        {"question_content": line.text("question_content"), "starter_code": starter},
        difficulty if isinstance(difficulty, str) and difficulty else None,
    )
    return _Entry(line.path, line.number, line.offset, line.length, task, _date(line), fn_name)


def _metadata(line: Line) -> dict[str, Json]:
    if "metadata" not in line.record or not line.text("metadata", empty=True).strip():
        return {}
    try:
        return parse_object(line.path, line.number, line.text("metadata").encode("utf-8", "replace"))
    except BadInput as error:
        raise line.bad("field 'metadata' is not the text of a JSON object; correct it, or leave it out") from error


def _date(line: Line) -> datetime | None:
    if "contest_date" not in line.record:
        return None
    text = line.text("contest_date")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError as error:
        raise line.bad(f"contest_date {text[:40]!r} is not a date such as 2025-01-31T00:00:00; correct it") from error


def _window(request: DatasetRequest) -> tuple[datetime | None, datetime | None]:
    ends: list[datetime | None] = []
    for flag, text in (("--start-date", request.start_date), ("--end-date", request.end_date)):
        try:
            # Both ends are midnights, as upstream has them: later hours of the end date lie outside.
            ends.append(None if text is None else datetime.strptime(text, "%Y-%m-%d"))  # noqa: DTZ007  (contest dates bear no zone)
        except ValueError as error:
            raise UsageError(f"{flag} {text!r} is not a date; write it as 2025-01-31") from error
    start, end = ends
    if start is not None and end is not None and start > end:
        raise UsageError(f"--start-date {start:%Y-%m-%d} lies after --end-date {end:%Y-%m-%d}; swap them")
    return start, end


def _within(entries: Mapping[str, _Entry], start: datetime | None, end: datetime | None) -> list[_Entry]:
    if start is None and end is None:
        return list(entries.values())
    for entry in entries.values():
        if entry.date is None:
            raise BadInput(
                f"{entry.path}:{entry.number}: has no contest_date, which --start-date and --end-date need; "
                "add it, or leave the dates out"
            )
    chosen = [
        entry
        for entry in entries.values()
        if entry.date is not None and (start is None or start <= entry.date) and (end is None or entry.date <= end)
    ]
    if not chosen:
        dates = sorted(entry.date for entry in entries.values() if entry.date is not None)
        raise UsageError(
            f"no task lies between --start-date and --end-date; the tasks run from {dates[0]:%Y-%m-%d} "
            f"to {dates[-1]:%Y-%m-%d}"
        )
    return chosen


def _reference(entries: Mapping[str, _Entry], name: str) -> Mapping[str, Json]:
    entry = _known(entries, name)
    record = _read_again(entry)
    public = _tests(entry.bad, "public_test_cases", record.get("public_test_cases"), private=False)
    tests = public + _tests(entry.bad, "private_test_cases", record.get("private_test_cases"), private=True)
    return {
        "inputs": [test["input"] for test in tests],
        "outputs": [test["output"] for test in tests],
        "fn_name": entry.fn_name,
        "starter_code": entry.task.prompt["starter_code"],
        "n_public": len(public),
    }


def _public_examples(entries: Mapping[str, _Entry], name: str) -> PublicExamples | None:
    """The public tests, which are the samples in the problem's text. The private ones are not even decoded."""
    entry = _known(entries, name)
    tests = _tests(entry.bad, "public_test_cases", _read_again(entry).get("public_test_cases"), private=False)
    try:
        found = tuple(_example(test, entry.fn_name) for test in tests[:MAX_EXAMPLES])
    except (ValueError, RecursionError):
        return None  # arguments that are no JSON: the tests themselves will say so
    return PublicExamples(entry.fn_name, found, prelude=True, rows=True) if found else None


def _example(test: Mapping[str, str], fn_name: str | None) -> Example:
    if fn_name is None:
        return Example(test["input"], test["output"])
    return Example(tuple(json.loads(line) for line in test["input"].split("\n")), json.loads(test["output"]))


def _known(entries: Mapping[str, _Entry], name: str) -> _Entry:
    entry = entries.get(name)
    if entry is None:
        raise UsageError(f"no task {name!r} in this dataset; check the task id")
    return entry


def _read_again(entry: _Entry) -> dict[str, Json]:
    changed = BadInput(f"{entry.path}:{entry.number}: the file changed while it was in use; start again")
    try:
        with entry.path.open("rb") as file:
            file.seek(entry.offset)
            raw = file.read(entry.length)
        record = parse_object(entry.path, entry.number, raw)
    except (OSError, BadInput) as error:
        raise changed from error
    if len(raw) != entry.length or task_id_of(record, "lcb", entry.number - 1) != entry.task.task_id:
        raise changed
    return record


def _tests(bad: Callable[[str], BadInput], key: str, text: Json, *, private: bool) -> list[dict[str, str]]:
    if not isinstance(text, str):
        raise bad(f"field {key!r} must be a string; correct it")
    try:
        return decode_private_tests(text) if private else parse_tests(text)
    except BadTests as error:
        raise bad(f"field {key!r} {error}; fetch the file again or correct it") from error
