"""A benchmark as a package: words to be spelled backwards."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from benchmarks.benchmark import PROMPTED, Benchmark
from benchmarks.datasets.request import DatasetRequest, TaskSet, from_table
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict
from parsers.answers.reply import reply_of

WORDS = ("stone", "river", "lamp", "window")


def open_tasks(request: DatasetRequest) -> TaskSet:
    """What a run is made of: tasks as a script may see them, and references that only the evaluator sees."""
    tasks = tuple(Task(f"reverse/{number}", {"word": word}) for number, word in enumerate(WORDS))
    references = {task.task_id: {"expected": word[::-1]} for task, word in zip(tasks, WORDS, strict=True)}
    return TaskSet(tasks, hashlib.sha256(repr(WORDS).encode()).hexdigest(), "bench-reverse 1.0", from_table(references))


def parse(sample: Sample, prompt: Mapping[str, Any], *, thinking_opened: bool = False) -> Answer:
    """Never raises; no answer has a reason."""
    reply = reply_of(sample, thinking_opened=thinking_opened)
    words = reply.text.split()
    return reply.answer(words[-1].strip(".").lower()) if words else reply.none("no word")


def evaluate(task_id: str, reference: Mapping[str, Any], answer: Answer, box: Any) -> Verdict:
    """The answer's value is not None here."""
    right = answer.value == reference["expected"]
    return Verdict(Outcome.CORRECT if right else Outcome.WRONG)


def benchmark() -> Benchmark:
    """The entry point."""
    return Benchmark(
        name="reverse", title="Words spelled backwards", script=PROMPTED, open_tasks=open_tasks,
        answer_parser="reverse_word", evaluator="reverse_exact", votes_by="text",
        licence="CC0-1.0", citation="an example", max_tokens=32,
        prompts={"v1": {"user": "Spell {word} backwards. Reply with the word alone."}},
    )
