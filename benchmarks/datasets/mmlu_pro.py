"""MMLU-Pro: ten-choice questions of 14 categories; the hub's Parquet file, or any file of its records.

The few-shot prompt has five worked examples of the question's category, from the validation file: fetched with the
default, or ``validation…`` beside a named ``test…``.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks.datasets.choices import LETTERS, prompt_of
from benchmarks.datasets.download import Fetched
from benchmarks.datasets.lines import Line
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import Hub, file_or_hub
from core.errors import UsageError
from core.records import Json, Task

_REPOSITORY, _REVISION = "TIGER-Lab/MMLU-Pro", "b189ec765aa7ed75c8acfea42df31fdae71f97be"
TEST = Hub(
    "MMLU-Pro's test set", _REPOSITORY, "data/test-00000-of-00001.parquet", _REVISION,
    "0e24a191921c2f453518a537a8b2117bd137e7714d4ef1565e9ba06c1ecb9ad8",
)
VALIDATION = Hub(
    "MMLU-Pro's validation set", _REPOSITORY, "data/validation-00000-of-00001.parquet", _REVISION,
    "139423c23722e480c807ac4a191409a710cfce4eba744c1d641cf88e730e2078",
)
FEW_SHOT = "5shot"
_SHOTS = 5
_MOST_CHOICES = 10


def open_tasks(request: DatasetRequest) -> TaskSet:
    """All questions in file order; ids are ``mmlu_pro/<question_id>``. Reference: ``answer``, the letter."""
    file = file_or_hub(request, "mmlu_pro", TEST)
    examples = _examples(_validation(request, file)) if request.prompt_version == FEW_SHOT else None
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    for line in read_records(file.path):
        name = _id(line)
        if name in references:
            raise line.bad(f"question_id {name!r} comes twice; remove one")
        prompt = prompt_of(line.text("question"), choices(line)) | {"subject": line.text("category")}
        if examples is not None:
            if line.text("category") not in examples:
                raise line.bad(f"the category {line.text('category')!r} has no examples in the validation file")
            prompt["examples"] = examples[line.text("category")]
        tasks.append(Task(name, prompt, line.text("category")))
        references[name] = {"answer": _letter(line)}
    return TaskSet(tuple(tasks), file.sha256, file.source, from_table(references))


def choices(line: Line) -> list[str]:
    """The texts of ``options``, without the ``N/A`` that fill some copies, as published; BadInput for anything else."""
    options = line.record.get("options")
    options = [option for option in options if option != "N/A"] if isinstance(options, list) else options
    if not isinstance(options, list) or not 2 <= len(options) <= _MOST_CHOICES:
        raise line.bad(f"field 'options' must be a list of 2 to {_MOST_CHOICES} texts; correct it")
    if not all(isinstance(option, str) and option.strip() for option in options):
        raise line.bad("field 'options' holds something that is no text; correct it")
    return [option.strip() for option in options]


def _id(line: Line) -> str:
    number = line.record.get("question_id")
    if isinstance(number, bool) or not isinstance(number, (int, str)) or not str(number):
        raise line.bad("field 'question_id' is missing; each record needs one")
    return f"mmlu_pro/{number}"


def _letter(line: Line) -> str:
    letter = line.text("answer").strip()
    if letter not in LETTERS[: len(choices(line))] or len(letter) != 1:
        raise line.bad(f"the answer {letter[:20]!r} is no letter of its options; correct it")
    return letter


def _validation(request: DatasetRequest, test: Fetched) -> Path:
    if request.problems_file is None:
        return file_or_hub(request, "mmlu_pro", VALIDATION).path
    beside = test.path.with_name(test.path.name.replace("test", "validation"))
    if beside == test.path or not beside.is_file():
        raise UsageError(
            f"--prompt-version {FEW_SHOT}: the examples come from the validation file, which is looked for as "
            f"{test.path.with_name('validation' + test.path.suffix)} beside a file named test{test.path.suffix}; "
            "put it there, or leave the flag out"
        )
    return beside


def _examples(path: Path) -> dict[str, str]:
    by_category: dict[str, list[str]] = {}
    for line in read_records(path):
        prompt = prompt_of(line.text("question"), choices(line))
        worked = line.text("cot_content").replace("A: Let's think step by step.", "Answer: Let's think step by step.")
        by_category.setdefault(line.text("category"), []).append(
            f"Question:\n{prompt['question']}\nOptions:\n{prompt['lines']}\n{worked.strip()}\n\n"
        )
    return {category: _joined(items) for category, items in by_category.items()}


def _joined(items: Iterable[str]) -> str:
    return "".join(list(items)[:_SHOTS])
