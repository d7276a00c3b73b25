"""``show RUN_ID --grading``: the programs of a run's folder, graded anew in both ways that its benchmark has.

What is graded is the answer that stands in ``details.jsonl``, so the parser has no part in the difference. The two
gradings run one after the other, in the sandbox, on the same machine; nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.table import BENCHMARKS
from core.errors import BadInput, UsageError
from core.lookup import count_at, number_at, text_at
from core.records import Answer, Sample, Verdict
from core.regraded import Regraded, Regrading
from evaluators.pool import GRADINGS, Programs, VerifierPool
from evaluators.registry import EVALUATORS
from ledger.folder import RunFolder
from ledger.run_id import is_run_id
from runner.script_request import ROOT
from runner.settle import after_verification
from system.host import usable_cores


@dataclass(frozen=True, slots=True)
class RegradeRequest:
    """Which run, and with what."""

    record: Mapping[str, Any]
    runs_root: Path
    problems_file: str | None = None
    workers: int | None = None
    isolation: str = "auto"


@dataclass(frozen=True, slots=True)
class Asking:
    """Questions and progress, for whoever sits in front."""

    say: Callable[[str], None] = lambda _: None
    confirm: Callable[[str], bool] = lambda _: False
    progress: Callable[[int, int], None] = lambda _done, _total: None


def regrade(request: RegradeRequest, asking: Asking | None = None) -> Regrading:
    """Raises UsageError for a benchmark with one grading, BadInput without folder or tasks, SandboxError."""
    asking = asking or Asking()
    record = request.record
    benchmark = _benchmark(record)
    run_id, details = _details(request)
    programs = [line for line in details if isinstance(line.get("answer"), str)]
    if not programs:
        raise BadInput(f"--grading: no sample of {run_id} holds a program, so there is nothing to grade")
    tasks = _tasks(request, benchmark, asking)
    there = {task.task_id for task in tasks.tasks}
    missing = [line["task_id"] for line in programs if line.get("task_id") not in there]
    if missing:
        raise BadInput(f"--grading: {len(missing)} tasks of {run_id} are not in {tasks.source} (first {missing[0]!r}); "
                       "name the run's data set with --problems-file")
    verdicts: dict[str, list[Verdict]] = {}
    level = "none"
    for number, grading in enumerate(GRADINGS):
        with VerifierPool(
            workers=request.workers or max(1, min(8, usable_cores())), isolation=request.isolation, grading=grading,
            verify_timeout_s=number_at(record, "config", "verify_timeout_s"),
            programs=Programs(EVALUATORS[benchmark.evaluator].runs_code),
        ) as pool:
            futures = [_submit(pool, benchmark, tasks, line) for line in programs]
            verdicts[grading] = []
            for line, future in zip(programs, futures, strict=True):
                verdicts[grading].append(after_verification(_sample(line), future.result()))
                asking.progress(number * len(programs) + len(verdicts[grading]), 2 * len(programs))
            level = pool.isolation
    return Regrading(
        run_id, benchmark.name, text_at(record, "config", "grading"), level,
        tuple(Regraded(str(line["task_id"]), count_at(line, "sample") or 0, native, upstream, text_at(line, "outcome"))
              for line, native, upstream in zip(programs, verdicts["native"], verdicts["upstream"], strict=True)),
        len(details) - len(programs))


def _benchmark(record: Mapping[str, Any]) -> Benchmark:
    name = text_at(record, "benchmark") or "?"
    found = BENCHMARKS.get(name)
    if found is not None and found.upstream_parser is not None:
        raise UsageError(f"--grading: {name} reads replies in another way when it grades as published; "
                         f"bench_runner.py verify --grading upstream --samples RUN_FOLDER/samples.jsonl does both")
    if found is None or not found.graded_two_ways:
        both = ", ".join(known.name for known in BENCHMARKS.values()
                         if known.graded_two_ways and known.upstream_parser is None)
        raise UsageError(f"--grading: {name} has one way of grading, so there is no difference to list; two ways has: "
                         f"{both}")
    return found


def _details(request: RegradeRequest) -> tuple[str, Sequence[Mapping[str, Any]]]:
    run_id = text_at(request.record, "run_id") or ""
    folder = RunFolder(request.runs_root, run_id)
    if not is_run_id(run_id) or not folder.details_path.is_file():
        raise BadInput(f"--grading: the folder of {run_id or 'this run'} is not in {request.runs_root}, and its "
                       "programs are nowhere else; --runs-root names the place")
    return run_id, folder.details()


def _tasks(request: RegradeRequest, benchmark: Benchmark, asking: Asking) -> TaskSet:
    """The run's data set: what is named, what the run named, or the file it was read from."""
    record = request.record
    named = request.problems_file or text_at(record, "config", "problems_file")
    source = text_at(record, "provenance", "dataset_source")
    if named is None and source is not None and (ROOT / source).is_file():
        named = str(ROOT / source)
    tasks = benchmark.open_tasks(DatasetRequest(problems_file=named, say=asking.say, confirm=asking.confirm))
    wanted = text_at(record, "provenance", "dataset_sha256")
    if wanted is not None and tasks.sha256 != wanted:
        raise BadInput(f"--grading: {tasks.source} is not the data set of this run (another SHA-256); name that one "
                       "with --problems-file")
    return tasks


def _submit(pool: VerifierPool, benchmark: Benchmark, tasks: TaskSet, line: Mapping[str, Any]) -> Future[Verdict]:
    task = str(line["task_id"])
    return pool.submit(benchmark.evaluator, task, lambda: tasks.reference(task), Answer(line["answer"]))


def _sample(line: Mapping[str, Any]) -> Sample:
    return Sample(str(line["task_id"]), count_at(line, "sample") or 0, "", finish_reason=text_at(line, "finish_reason"))
