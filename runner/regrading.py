"""``show RUN_ID --grading``: the answers of a run's folder, graded anew in both ways that its benchmark has.

Of programs the answer that stands in ``details.jsonl`` is graded, so the parser has no part in the difference; where
the published grader reads replies in another way, each stored reply is read in both. The two gradings run one after
the other, programs in the sandbox, on the same machine; nothing is written.
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
from core.lookup import number_at, text_at
from core.records import Verdict
from core.regraded import Regraded, Regrading
from evaluators.pool import GRADINGS, Programs, VerifierPool
from evaluators.registry import EVALUATORS
from ledger.folder import RunFolder
from ledger.run_id import is_run_id
from runner.script_request import ROOT
from runner.settle import after_verification, before_verification
from runner.stored_answers import Stored, programs, replies
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
    kind = "programs" if benchmark.upstream_parser is None else "replies"
    tasks = _tasks(request, benchmark, asking)
    folder = RunFolder(request.runs_root, run_id)
    stored = list(programs(details) if kind == "programs" else replies(folder, details, benchmark, tasks))
    if not stored:
        raise BadInput(f"--grading: no sample of {run_id} holds one of the {kind}, so there is nothing to grade")
    there = {task.task_id for task in tasks.tasks}
    missing = [one.sample.task_id for one in stored if one.sample.task_id not in there]
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
            futures = [_submit(pool, benchmark, tasks, one, grading) for one in stored]
            verdicts[grading] = []
            for one, future in zip(stored, futures, strict=True):
                verdict = future.result() if isinstance(future, Future) else future
                verdicts[grading].append(after_verification(one.sample, verdict))
                asking.progress(number * len(stored) + len(verdicts[grading]), 2 * len(stored))
            level = pool.isolation
    return Regrading(
        run_id, benchmark.name, text_at(record, "config", "grading"), level,
        tuple(Regraded(one.sample.task_id, one.sample.index, native, upstream, one.recorded)
              for one, native, upstream in zip(stored, verdicts["native"], verdicts["upstream"], strict=True)),
        len(details) - len(stored), kind)


def _benchmark(record: Mapping[str, Any]) -> Benchmark:
    name = text_at(record, "benchmark") or "?"
    found = BENCHMARKS.get(name)
    if found is None or not found.graded_two_ways:
        both = ", ".join(known.name for known in BENCHMARKS.values() if known.graded_two_ways)
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


def _submit(
    pool: VerifierPool, benchmark: Benchmark, tasks: TaskSet, stored: Stored, grading: str
) -> Future[Verdict] | Verdict:
    """The verdict, where it is certain without grading."""
    task, answer = stored.sample.task_id, stored.answers[grading]
    return before_verification(stored.sample, answer) or pool.submit(
        benchmark.evaluator, task, lambda: tasks.reference(task), answer)
