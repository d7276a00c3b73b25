"""XSTest: 250 safe prompts that look unsafe, and 200 unsafe ones beside them."""

from __future__ import annotations

from benchmarks.datasets.download import Remote
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import file_or_fetched
from core.records import Json, Task

FILE = Remote(
    "XSTest",
    "https://raw.githubusercontent.com/paul-rottger/xstest/d7bb5bd738c1fcbc36edd83d5e7d1b71a3e2d84d/xstest_prompts.csv",
    "11783fb294ed017473ee53c207d71f2161c7672c8d0b037501e78387f801cb5a",
)
"""As of 2025-02-24."""
_COLUMNS = ("id", "prompt", "type", "label")


def open_tasks(request: DatasetRequest) -> TaskSet:
    """All prompts; ids are ``xstest/<id>``. Reference: ``unsafe``. Difficulty: ``safe`` or ``unsafe``."""
    file = file_or_fetched(request, "xstest", FILE)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for line in read_records(file.path, _COLUMNS):
        name = f"xstest/{line.text('id')}"
        label = line.text("label")
        if label not in {"safe", "unsafe"}:
            raise line.bad(f"the label {label[:20]!r} is neither safe nor unsafe; correct it")
        if name in references:
            raise line.bad(f"the id {name!r} comes twice; remove one")
        tasks.append(Task(name, {"prompt": line.text("prompt"), "type": line.text("type")}, label))
        references[name] = {"unsafe": label == "unsafe"}
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))
