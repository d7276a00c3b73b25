"""MBPP: short programs, each with three asserts that the prompt shows and that judge the answer.

``--problems-file`` takes a file, or one of: ``test`` (the default: the 500 tasks 11 to 510 that are published results),
``all`` (974), ``sanitized`` (of the 427 tasks that were looked through by hand, the 257 of the test numbers),
``sanitized-all`` (427). The few-shot prompt shows tasks 2, 3 and 4, as published; they are looked for in the same file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.asserts import examples_of
from benchmarks.datasets.download import Fetched, Remote, fetch
from benchmarks.datasets.lines import Line, sha256_file, task_id
from benchmarks.datasets.records import read_records
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from benchmarks.datasets.sources import refuse_others
from core.errors import UsageError
from core.records import Json, Task

_WHERE = (
    "https://raw.githubusercontent.com/google-research/google-research/8dadc6c56e2c2e51a9dd7e0d4bf2840922b4b6c0/mbpp/"
)
FULL = Remote("MBPP", f"{_WHERE}mbpp.jsonl", "ccf64ceae9c5403bf50a044cb6d505bfd2a2963ee58338ba268fd65beab92a9f")
SANITIZED = Remote("MBPP, sanitized", f"{_WHERE}sanitized-mbpp.json")
"""Its checksum is not known beforehand: the first download's holds for all later ones."""
FEW_SHOT = "3shot"
_SHOWN = ("2", "3", "4")


@dataclass(frozen=True, slots=True)
class _Set:
    remote: Remote
    only_test: bool


SETS = {
    "test": _Set(FULL, True), "all": _Set(FULL, False),
    "sanitized": _Set(SANITIZED, True), "sanitized-all": _Set(SANITIZED, False),
}


def open_tasks(request: DatasetRequest) -> TaskSet:
    """Tasks in file order, called by their numbers. References: what ``evaluators/mbpp`` says."""
    refuse_others(request, "mbpp")
    file, wanted = _file(request)
    tasks: list[Task] = []
    references: dict[str, dict[str, Json]] = {}
    shown: dict[str, str] = {}
    seen: dict[str, int] = {}
    for line in read_records(file.path):
        name = task_id(line, "mbpp", seen)
        prompt = _prompt(line)
        if name in _SHOWN:
            shown[name] = f"{_asked(prompt)}\n[BEGIN]\n{_plain(line.text('code'))}\n[DONE]\n\n"
        if wanted(name):
            tasks.append(Task(name, prompt))
            references[name] = {
                key: line.record.get(key) for key in ("code", "test_list", "test_setup_code", "test_imports")
            }
    if request.prompt_version == FEW_SHOT:
        tasks = [Task(task.task_id, {**task.prompt, "examples": _examples(shown, file)}) for task in tasks]
    # The prompt shows the tests that grade: programs may be tried on their calls, and what they expect is kept back.
    return TaskSet(
        tuple(tasks), file.sha256, file.source, from_table(references),
        lambda name: examples_of(list(references[name]["test_list"]), judged=False),
    )


def _file(request: DatasetRequest) -> tuple[Fetched, Callable[[str], bool]]:
    named = SETS.get(request.problems_file or "test")
    if named is None:
        path = Path(str(request.problems_file))
        return Fetched(path, sha256_file(path), str(path)), lambda _name: True
    file = fetch(named.remote, request)
    return file, (lambda name: name.isdecimal() and 11 <= int(name) <= 510) if named.only_test else (lambda _name: True)


def _prompt(line: Line) -> dict[str, Json]:
    tests = line.record.get("test_list")
    if not isinstance(tests, list) or not tests or not all(isinstance(test, str) and test.strip() for test in tests):
        raise line.bad("field 'test_list' must be a list of assert statements; add them")
    text = line.text("text" if "text" in line.record else "prompt")
    line.text("code")
    return {"text": _plain(text), "tests": "\n".join(_plain(test) for test in tests)}


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _asked(prompt: dict[str, Json]) -> str:
    return (
        f"You are an expert Python programmer, and here is your task: {prompt['text']} "
        f"Your code should pass these tests:\n\n{prompt['tests']}"
    )


def _examples(shown: dict[str, str], file: Fetched) -> str:
    if len(shown) < len(_SHOWN):
        raise UsageError(
            f"--prompt-version {FEW_SHOT}: {file.path} lacks tasks 2, 3 and 4, which that prompt shows; "
            "leave the flag out"
        )
    return "".join(shown[name] for name in _SHOWN)
