"""What a run's folder holds to be graded anew: programs as they were taken out, or replies to be read in either way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import TaskSet
from core.lookup import count_at, text_at
from core.records import Answer, Sample
from evaluators.pool import GRADINGS
from ledger.folder import RunFolder
from runner.parsing import parser_named
from runner.run_view import thinking_opened


@dataclass(frozen=True, slots=True)
class Stored:
    """One sample of the run."""

    sample: Sample
    recorded: str | None
    """The outcome that the run recorded."""
    answers: Mapping[str, Answer]
    """By grading."""


def programs(details: Sequence[Mapping[str, Any]]) -> Iterator[Stored]:
    """Of a benchmark whose parser is the same in both ways: the answers that stand in ``details.jsonl``."""
    for line in details:
        if isinstance(line.get("answer"), str):
            sample = Sample(*_place(line), "", finish_reason=text_at(line, "finish_reason"))
            answer = Answer(line["answer"])
            yield Stored(sample, text_at(line, "outcome"), dict.fromkeys(GRADINGS, answer))


def replies(
    folder: RunFolder, details: Sequence[Mapping[str, Any]], benchmark: Benchmark, tasks: TaskSet
) -> Iterator[Stored]:
    """Of one whose published grader reads replies in another way: each stored reply, read in both."""
    prompts = {task.task_id: task.prompt for task in tasks.tasks}
    recorded = {_place(line): text_at(line, "outcome") for line in details}
    parsers = {grading: parser_named(benchmark.parser(grading)) for grading in GRADINGS}
    begun = thinking_opened(folder.config())
    for sample in folder.samples():
        place = (sample.task_id, sample.index)
        if place in recorded:
            prompt = prompts.get(sample.task_id, {})
            yield Stored(sample, recorded.pop(place), {
                grading: parse(sample, prompt, thinking_opened=begun) for grading, parse in parsers.items()})


def _place(line: Mapping[str, Any]) -> tuple[str, int]:
    return str(line["task_id"]), count_at(line, "sample") or 0
