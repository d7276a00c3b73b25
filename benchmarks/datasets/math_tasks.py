"""Maths word problems: our own ``math/basic.jsonl``, GSM8K's test set, or any file in GSM8K's format.

A line is ``{"question", "answer"}`` with ``#### <number>`` at the end of the answer.
"""

from __future__ import annotations

from pathlib import Path

from benchmarks.datasets.download import Fetched, Remote
from benchmarks.datasets.gold import gold_after_mark, plain_decimal
from benchmarks.datasets.lines import Line, read_lines, sha256_file, task_id
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table, local_file, refuse_dates
from benchmarks.datasets.sources import file_or_fetched
from core.records import Json, Task

OWN = Path(__file__).resolve().parents[1] / "math" / "basic.jsonl"
DEMO_NAME = "math_heldout.jsonl"
GSM8K = Remote(
    "GSM8K's test set",
    "https://raw.githubusercontent.com/openai/grade-school-math/3101c7d5072418e28b9008a6636bde82a006892c/"
    "grade_school_math/data/test.jsonl",
    "3730d312f6e3440559ace48831e51066acaca737f6eabec99bccb9e4b3c39d14",
)
"""As of 2021-11-19."""


def open_tasks(request: DatasetRequest) -> TaskSet:
    """All tasks in file order. Reference: ``answer``, the gold number as a plain decimal string."""
    refuse_dates(request, "math")
    path = local_file(request, OWN, DEMO_NAME)
    return _read(Fetched(path, sha256_file(path), str(path)))


def open_gsm8k(request: DatasetRequest) -> TaskSet:
    """The 1,319 of the test set, or those of a file. Reference: ``published`` too, the text after the mark."""
    return _read(file_or_fetched(request, "gsm8k", GSM8K))


def _read(file: Fetched) -> TaskSet:
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    seen: dict[str, int] = {}
    for line in read_lines(file.path):
        name = task_id(line, "gsm8k", seen)
        references[name] = _gold(line)
        difficulty = line.record.get("difficulty")
        tasks.append(
            Task(name, {"question": line.text("question")}, difficulty if isinstance(difficulty, str) else None)
        )
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def _gold(line: Line) -> dict[str, Json]:
    text = gold_after_mark(line.text("answer"))
    if text is None:
        raise line.bad("field 'answer' does not end in '#### <number>', as GSM8K's answers do; add the final answer")
    gold = plain_decimal(text)
    if gold is None:
        raise line.bad(f"{text[:40]!r} after '####' in 'answer' is not one number; write it in digits")
    return {"answer": gold, "published": text}
