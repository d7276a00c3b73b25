"""The verify verb: stored responses, scored without any server.

Input: JSON lines with ``task_id`` and ``completion`` (continues the prompt, HumanEval's convention) or ``response`` (a
chat reply, parsed as in a run); of both, the response unless it is blank. A run folder's ``samples.jsonl`` is such a
file, and so is what a benchmark script prints: its ``start`` and ``end`` are passed over, an ``error`` is ``lost``.
Output: ``FILE_results.jsonl`` beside it, the input's fields plus ``outcome``, ``passed``, ``detail`` and ``answer``, in
the input's order.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.table import get, refuse_grading, refuse_without_needs
from core.errors import BadInput, UsageError
from core.outcomes import NOT_COUNTED, Outcome
from core.records import Answer, Sample, Task, Verdict
from evaluators.levels import SEATBELT
from evaluators.pool import Programs, VerifierPool
from evaluators.probe import gaps
from evaluators.registry import get as evaluator_named
from ledger.lines import line_of
from runner.parsing import parser_named
from runner.settle import after_verification, before_verification
from system.clock import monotonic_s
from system.host import usable_cores

_AHEAD_PER_WORKER = 16
"""Samples handed to the pool before the first of them is written: bounded memory for any file size."""

_NO_SAMPLE = frozenset({"start", "end"})
"""Events of a benchmark script that bring none."""


@dataclass(frozen=True, slots=True)
class VerifyRequest:
    """What to verify and how."""

    benchmark: str
    samples: Path
    problems_file: str | None = None
    workers: int | None = None
    timeout_s: float | None = None
    isolation: str = "auto"
    grading: str = "native"
    python: str | None = None
    preload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """What came of it."""

    benchmark: str
    total: int
    outcomes: Mapping[str, int]
    isolation: str
    seconds: float
    written: Path

    @property
    def passed(self) -> int:
        return self.outcomes.get(Outcome.CORRECT.value, 0)

    @property
    def whole(self) -> bool:
        """Whether every sample got a verdict: none lost, none spoilt by our own fault."""
        return not any(self.outcomes.get(outcome.value) for outcome in NOT_COUNTED)

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` prints."""
        return {
            "benchmark": self.benchmark,
            "total": self.total,
            "passed": self.passed,
            "outcomes": dict(self.outcomes),
            "isolation": self.isolation,
            "seconds": round(self.seconds, 3),
            "verified_per_second": round(self.total / self.seconds, 2) if self.seconds > 0 else None,
        }

    def sentence(self) -> str:
        """The same for people."""
        rest = ", ".join(f"{count} {name}" for name, count in self.outcomes.items() if name != Outcome.CORRECT.value)
        told = f" ({gaps(SEATBELT)})" if self.isolation == SEATBELT else ""
        share = f" ({100 * self.passed / self.total:.1f} %)" if self.total else ""
        return (
            f"{self.benchmark}: {self.passed} of {self.total} passed{share}{'; ' + rest if rest else ''}\n"
            f"{self.seconds:.1f} s, isolation {self.isolation}{told}; written to {self.written}"
        )


@dataclass(frozen=True, slots=True)
class _Line:
    """One sample on its way."""

    fields: Mapping[str, Any]
    sample: Sample
    answer: Answer
    verdict: Future[Verdict] | Verdict


def verify(request: VerifyRequest, progress: Callable[[int, int], None] | None = None) -> VerifyResult:
    """Raises UsageError, BadInput (file and line named) and SandboxError; the input is never written to."""
    benchmark = get(request.benchmark)
    refuse_without_needs(benchmark)
    refuse_grading(benchmark, request.grading)
    task_set = benchmark.open_tasks(DatasetRequest(problems_file=request.problems_file))
    tasks = {task.task_id: task for task in task_set.tasks}
    total = sum(1 for _ in _lines(request.samples))
    if total == 0:
        raise BadInput(f"{request.samples}: the file holds no samples.")
    workers = request.workers or max(1, min(8, usable_cores()))
    written = Path(f"{request.samples}_results.jsonl")
    outcomes: Counter[str] = Counter()
    began = monotonic_s()
    with VerifierPool(
        workers=workers, isolation=request.isolation, verify_timeout_s=request.timeout_s, grading=request.grading,
        programs=Programs(evaluator_named(benchmark.evaluator).runs_code, request.python, request.preload),
    ) as pool, _writing(written) as out:
        waiting: deque[_Line] = deque()
        for number, fields in _lines(request.samples):
            sample = _sample_of(fields, request.samples, number)
            task = tasks.get(sample.task_id)
            if task is None:
                raise BadInput(
                    f"{request.samples}:{number}: there is no task {sample.task_id!r} in {benchmark.name}; "
                    "--problems-file names the dataset the samples answer."
                )
            waiting.append(_submit(fields, sample, task, _Grader(benchmark, task_set, pool)))
            if len(waiting) >= workers * _AHEAD_PER_WORKER:
                _write(waiting.popleft(), out, outcomes)
                _tell(progress, outcomes, total)
        while waiting:
            _write(waiting.popleft(), out, outcomes)
            _tell(progress, outcomes, total)
        level = pool.isolation
    return VerifyResult(benchmark.name, total, dict(outcomes), level, monotonic_s() - began, written)


@dataclass(frozen=True, slots=True)
class _Grader:
    benchmark: Benchmark
    tasks: TaskSet
    pool: VerifierPool


def _submit(fields: Mapping[str, Any], sample: Sample, task: Task, grader: _Grader) -> _Line:
    if _brought_no_reply(fields):
        return _Line(fields, sample, Answer(None), Verdict(Outcome.LOST, str(fields.get("message", "no reply"))[:300]))
    answer = parser_named(grader.benchmark.parser(grader.pool.grading))(sample, task.prompt)
    certain = before_verification(sample, answer)
    if certain is not None:
        return _Line(fields, sample, answer, certain)
    future = grader.pool.submit(
        grader.benchmark.evaluator, task.task_id, lambda: grader.tasks.reference(task.task_id), answer
    )
    return _Line(fields, sample, answer, future)


def _write(line: _Line, out: IO[bytes], outcomes: Counter[str]) -> None:
    verdict = line.verdict if isinstance(line.verdict, Verdict) else line.verdict.result()
    verdict = after_verification(line.sample, verdict)
    outcomes[verdict.outcome.value] += 1
    row = {
        **line.fields,
        "outcome": verdict.outcome.value,
        "passed": verdict.outcome is Outcome.CORRECT,
        "detail": verdict.detail,
        "answer": line.answer.value,
    }
    out.write(line_of(row))


def _tell(progress: Callable[[int, int], None] | None, outcomes: Counter[str], total: int) -> None:
    if progress is not None:
        progress(sum(outcomes.values()), total)


@contextmanager
def _writing(path: Path) -> Iterator[IO[bytes]]:
    """The results under a name of their own until they are whole; a run that is stopped leaves ``.part`` behind."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
        part.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: the results cannot be written ({error.strerror}).") from error


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number from 1, object) of each line that holds a sample. Raises BadInput that names the line."""
    if path.exists() and not path.is_file():
        raise BadInput(f"--samples {path}: it is no ordinary file; name a file of JSON lines.")
    try:
        with path.open(encoding="utf-8-sig") as lines:
            for number, text in enumerate(lines, 1):
                if text.strip() and (fields := _object(text, path, number)).get("event") not in _NO_SAMPLE:
                    yield number, fields
    except FileNotFoundError:
        raise UsageError(f"--samples {path}: there is no such file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"--samples {path}: it cannot be read as UTF-8 text ({error}).") from error


def _object(text: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f"{path}:{number}: this line is not JSON; samples are one JSON object a line.") from None
    if not isinstance(value, dict):
        raise BadInput(f"{path}:{number}: this line is not a JSON object.")
    return value


def _brought_no_reply(fields: Mapping[str, Any]) -> bool:
    return fields.get("event") == "error"


def _sample_of(fields: Mapping[str, Any], path: Path, number: int) -> Sample:
    task_id, completion, response = (fields.get(key) for key in ("task_id", "completion", "response"))
    if isinstance(task_id, bool) or not isinstance(task_id, str | int):
        raise BadInput(f"{path}:{number}: the sample has no task_id.")
    if not isinstance(completion, str) and not isinstance(response, str) and not _brought_no_reply(fields):
        raise BadInput(f"{path}:{number}: the sample has neither a completion nor a response (a string).")
    finish = fields.get("finish_reason")
    reasoning = fields.get("reasoning")
    has_response = isinstance(response, str) and (bool(response.strip()) or not isinstance(completion, str))
    return Sample(
        task_id=str(task_id),
        index=0,
        response=response if isinstance(response, str) else "",
        completion=completion if isinstance(completion, str) and not has_response else None,
        finish_reason=finish if isinstance(finish, str) else None,
        reasoning=reasoning if isinstance(reasoning, str) else None,
    )
