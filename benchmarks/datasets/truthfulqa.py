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

FILE = Remote("TruthfulQA", "https://raw.githubusercontent.com/sylinrl/TruthfulQA/main/TruthfulQA.csv")
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
