"""TruthfulQA's multiple choice with one right answer (MC1), as lettered choices in a chat.

As published, MC1 compares the likelihood that a model gives to each choice, which a chat server does not say. So here
the same choices (the best answer, and every incorrect one) are lettered and asked for: scores are comparable with one
another, not with published MC1 numbers. The order of the choices is decided by the task's id alone.
"""

from __future__ import annotations

from benchmarks.datasets.choices import LETTERS, prompt_of, shuffled
from benchmarks.datasets.download import Remote
from benchmarks.datasets.lines import Line
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import file_or_fetched
from core.records import Json, Task

FILE = Remote(
    "TruthfulQA",
    "https://raw.githubusercontent.com/sylinrl/TruthfulQA/d71c110897f5d31c5d7f309e7bc316c152f6f031/TruthfulQA.csv",
    "b8d8ef1e12f98b4f2a9f47abc9765da0640b182b6c5d9b92f0c1a1f2f1e02e5c",
)
"""As of 2025-01-16: the 790 questions that its authors keep of the 817 published in 2021."""
_COLUMNS = ("Category", "Question", "Best Answer", "Incorrect Answers")


def open_tasks(request: DatasetRequest) -> TaskSet:
    """All questions in file order; ids are ``truthfulqa/<row from 0>``. Reference: ``answer``, the letter."""
    file = file_or_fetched(request, "truthfulqa", FILE)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for number, line in enumerate(read_records(file.path, _COLUMNS)):
        name = f"truthfulqa/{number}"
        order, letter = shuffled(name, _choices(line))
        tasks.append(Task(name, prompt_of(line.text("Question").strip(), order), line.text("Category")))
        references[name] = {"answer": letter}
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def _choices(line: Line) -> list[str]:
    """The best answer first, then the incorrect ones, each once."""
    best = line.text("Best Answer").strip()
    others = [text.strip() for text in line.text("Incorrect Answers").split(";") if text.strip()]
    found = list(dict.fromkeys([best, *others]))
    if not 2 <= len(found) <= len(LETTERS):
        raise line.bad(f"has {len(found)} choices; there must be 2 to {len(LETTERS)}")
    return found
