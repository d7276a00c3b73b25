"""GPQA: graduate questions with four choices, from the hub (gated: its authors ask that nobody republishes it).

The choices stand in an order that only the task's id decides, so every model sees the same one.
"""

from __future__ import annotations

from benchmarks.datasets.choices import prompt_of, shuffled
from benchmarks.datasets.lines import Line
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import Hub, file_or_hub
from core.records import Json, Task

DIAMOND = Hub(
    "GPQA's diamond set", "Idavidrein/gpqa", "gpqa_diamond.csv", "633f5ee89ab8ad4522a9f850766b73f62147ffdd",
    "41d1213cd7a4998605a26c2798500652572007161b3a92817ba46b35befcd305",
)
_COLUMNS = ("Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3")


def open_tasks(request: DatasetRequest) -> TaskSet:
    """The diamond set, or a file of its columns; ids are the ``Record ID``, else ``gpqa/<row from 0>``."""
    file = file_or_hub(request, "gpqa", DIAMOND)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for number, line in enumerate(read_records(file.path, _COLUMNS)):
        name = _id(line, number)
        if name in references:
            raise line.bad(f"Record ID {name!r} comes twice; remove one")
        order, letter = shuffled(name, [line.text(column).strip() for column in _COLUMNS[1:]])
        domain = line.record.get("High-level domain")
        tasks.append(
            Task(name, prompt_of(line.text("Question").strip(), order), domain if isinstance(domain, str) else None)
        )
        references[name] = {"answer": letter}
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def _id(line: Line, number: int) -> str:
    own = line.record.get("Record ID")
    return own if isinstance(own, str) and own else f"gpqa/{number}"
