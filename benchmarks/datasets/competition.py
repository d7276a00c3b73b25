"""Competition maths: MATH-500, whose answers are formulas, and AIME, whose answers are integers from 0 to 999."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from benchmarks.datasets.dates import window_of
from benchmarks.datasets.download import Fetched
from benchmarks.datasets.gold import plain_decimal
from benchmarks.datasets.lines import Line, sha256_file
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import Hub, file_or_hub
from core.errors import UsageError
from core.records import Json, Task
from core.task_ids import task_id_of

MATH500 = Hub(
    "MATH-500", "HuggingFaceH4/MATH-500", "test.jsonl", "6e4ed1a2a79af7d8630a6b768ec859cb5af4d3be",
    "35dc41080a3680858b27fa7e0533d2d547825316fc5dafe5d316f4ccc5a06132",  # as OpenAI's prm800k has it
)
AIME = {
    "2025": (
        Hub("AIME 2025", "math-ai/aime25", "test.jsonl", "563bb8404243c5f09de6ec262f2db674fe5bce9b",
            "b4e273c02d3e7fe1b74b59eae768fc8230bfb0f79539890cb56f4361caac0331"),
        date(2025, 2, 6),
    ),
    "2024": (
        Hub("AIME 2024", "HuggingFaceH4/aime_2024", "data/train-00000-of-00001.parquet",
            "2fe88a2f1091d5048c0f36abc874fb997b3dd99a",
            "26139847601a5037c237d5928b195e7260ca8074cf4f264b794af42847f79ccf"),
        date(2024, 1, 31),
    ),
}
"""Where a year's problems lie, and the day of the first of its two papers."""
_INTEGER = re.compile(r"\d{1,3}", re.ASCII)


def open_math500(request: DatasetRequest) -> TaskSet:
    """500 problems of MATH, called by their ``unique_id``. Reference: ``answer``, LaTeX. Difficulty: the level."""
    file = file_or_hub(request, "math500", MATH500)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for line in read_records(file.path):
        own = line.record.get("unique_id")
        name = own if isinstance(own, str) and own else task_id_of(line.record, "math500", line.number - 1)
        if name in references:
            raise line.bad(f"task id {name!r} comes twice; remove one")
        level = line.record.get("level")
        tasks.append(Task(name, {"question": line.text("problem")}, f"level {level}" if level is not None else None))
        references[name] = {"answer": line.text("answer").strip()}
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def open_aime(request: DatasetRequest) -> TaskSet:
    """One year's 30 problems (``--problems-file 2025``, the default, or ``2024``), or those of a file.

    A record's own ``date`` (or ``year``, its first of February) dates it; else the year's first paper does.
    """
    year = request.problems_file or "2025"
    file, day = _aime_file(year, request)
    window = window_of(request)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for line in read_records(file.path):
        name = f"aime/{year}/{line.number - 1}" if day is not None else task_id_of(line.record, "aime", line.number - 1)
        if name in references:
            raise line.bad(f"task id {name!r} comes twice; remove one")
        references[name] = {"answer": _integer(line)}
        if window.has(_date(line) or day, line):
            tasks.append(Task(name, {"question": line.text("problem" if "problem" in line.record else "question")}))
    window.refuse_nothing(tasks, file.source)
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def _aime_file(year: str, request: DatasetRequest) -> tuple[Fetched, date | None]:
    if year not in AIME:
        if year.isdecimal():
            raise UsageError(f"--problems-file {year}: there is {', '.join(AIME)}; name a file of another year")
        path = Path(year)
        return Fetched(path, sha256_file(path), str(path)), None
    hub, day = AIME[year]
    plain = DatasetRequest(say=request.say, progress=request.progress)
    return file_or_hub(plain, "aime", hub), day


def _integer(line: Line) -> str:
    answer = line.record.get("answer")
    text = plain_decimal(str(answer)) if isinstance(answer, (str, int)) and not isinstance(answer, bool) else None
    if text is None or not _INTEGER.fullmatch(text):
        raise line.bad(f"the answer {str(answer)[:20]!r} is no integer from 0 to 999, as AIME's are; correct it")
    return text


def _date(line: Line) -> date | None:
    own = line.record.get("date")
    if isinstance(own, str) and own:
        try:
            return date.fromisoformat(own[:10])
        except ValueError as error:
            raise line.bad(f"date {own[:40]!r} is not a day such as 2025-02-06; correct it") from error
    year = str(line.record.get("year") or "")
    return date(int(year), 2, 1) if year.isdecimal() and 1983 <= int(year) <= 9999 else None
