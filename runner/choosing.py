"""A cell's benchmark, tasks, strategy and sampling, chosen from what was asked; flags that would mean nothing to it
are refused.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import DatasetRequest
from benchmarks.selection import Part, select
from benchmarks.table import BENCHMARKS, get, is_known, refuse_grading, refuse_without_needs
from core.errors import UsageError
from runner import script as script_process
from runner.cutoff import Cutoff, cutoff_of
from runner.diversity import refuse_unmeasurable
from runner.evidence_of_candidates import command_of, refuse_blind
from runner.judged import refuse_unjudgeable
from runner.observer import Hooks
from runner.plan import Cell, made
from runner.prompts import refuse_unshowable, version_of, with_prompts_of
from runner.request import Request, StrategyChoice, TaskChoice
from runner.work import Work
from servers.models import is_demo

_DEFAULT_MAX_TOKENS = 2048


def work_for(request: Request, cell: Cell, hooks: Hooks) -> Work:
    """Opens the dataset and selects tasks.

    Raises UsageError for an unknown benchmark, prompt version or task, or a flag that means nothing to this benchmark,
    BadInput for a dataset at fault.
    """
    work = unopened(request, cell)
    return work if work.benchmark is None else _opened(request, work, work.benchmark, hooks)


def unopened(request: Request, cell: Cell) -> Work:
    """The same, without its tasks: all that can be known, and refused, before a data set is read or fetched."""
    strategy = made(cell.strategy)
    if request.script is not None and not is_known(cell.benchmark):
        _refuse_choice_of_tasks(request, cell.benchmark)
        command = script_process.command_for(request.script)
        sampling = request.sampling.resolve(_DEFAULT_MAX_TOKENS)
        return Work(cell, None, tuple(command), None, (), sampling, strategy, cell.prompt_version or "own")
    benchmark = get(cell.benchmark)
    cell = replace(cell, benchmark=benchmark.name)
    benchmark = with_prompts_of(request, benchmark)
    own = request.script is not None
    version = cell.prompt_version or benchmark.default_prompt if own else version_of(benchmark, cell.prompt_version)
    refuse_without_needs(benchmark)
    _refuse_meaningless(request, benchmark)
    command = script_process.command_for(request.script or benchmark.script)
    sampling = request.sampling.resolve(benchmark.default_max_tokens, benchmark.temperature)
    work = Work(cell, benchmark, tuple(command), None, (), sampling, strategy, version, request.audit,
                budget=request.budget)
    work = _with_replays(work)
    command_of(work.selectors)
    refuse_unjudgeable(request, work)
    refuse_unmeasurable(request, work)
    return work


def _opened(request: Request, work: Work, benchmark: Benchmark, hooks: Hooks) -> Work:
    chosen, cell = request.tasks, work.cell
    cutoff = _cutoff(request, cell, benchmark, hooks)
    task_set = benchmark.open_tasks(
        DatasetRequest(
            problems_file=chosen.problems_file,
            start_date=cutoff.first_unseen if cutoff else chosen.start_date,
            end_date=chosen.end_date,
            prompt_version=work.prompt_version,
            demo=is_demo(cell.model),
            say=hooks.observer.note,
            confirm=hooks.confirm,
            progress=hooks.observer.transfer,
        )
    )
    part = Part(chosen.subjects, chosen.subset)
    tasks = select(
        task_set.tasks, chosen.limit, chosen.task_ids or None, chosen.start_problem, chosen.end_problem, part
    )
    work = _with_replays(replace(work, task_set=task_set, tasks=tasks, cutoff=cutoff))
    refuse_blind(work.selectors, benchmark.name, task_set)
    refuse_unshowable(request, work)
    return work


def _with_replays(work: Work) -> Work:
    return replace(work, replays=tuple(_replayed(work, choice) for choice in work.cell.replays))


def _replayed(work: Work, choice: StrategyChoice) -> Work:
    cell = replace(work.cell, strategy=choice, replays=())
    return replace(work, cell=cell, strategy=made(choice), audited=0, replays=())


def _refuse_meaningless(request: Request, benchmark: Benchmark) -> None:
    """A flag that would change nothing is a misunderstanding, not a wish."""
    refuse_grading(benchmark, request.verifying.grading)
    if request.tasks.constrained and "constrained" not in benchmark.options:
        raise UsageError(f"--constrained: {benchmark.name} has no schema to send; leave the flag out.")
    if request.tasks.subjects and "subjects" not in benchmark.options:
        raise UsageError(f"--subjects: the tasks of {benchmark.name} have no subjects; leave the flag out.")


def _cutoff(request: Request, cell: Cell, benchmark: Benchmark, hooks: Hooks) -> Cutoff | None:
    """Where only tasks later than the model's training data are wanted."""
    asked = request.tasks.after_cutoff
    if asked is None:
        return None
    if "start_date" not in benchmark.options:
        raise UsageError(f"--after-cutoff: the tasks of {benchmark.name} have no dates; leave the flag out.")
    if request.tasks.start_date is not None:
        raise UsageError("--after-cutoff: it says where the window begins, and so does --start-date; leave one out.")
    found = cutoff_of(asked, cell.model)
    hooks.observer.note(
        f"{benchmark.name}: tasks from {found.first_unseen} on; {cell.model.label} is trained until {found.last} "
        f"({found.source})"
    )
    return found


def _refuse_choice_of_tasks(request: Request, name: str) -> None:
    """A user's own benchmark has no tasks that we know of: flags that choose among them would be recorded as a lie."""
    unset = TaskChoice(prompt_versions=request.tasks.prompt_versions)
    chosen = [field for field, value in asdict(request.tasks).items() if value != getattr(unset, field)]
    chosen += ["grading"] if request.verifying.grading != "native" else []
    chosen += ["audit"] if request.audit else []
    chosen += ["budget_tokens"] if request.budget else []
    chosen += ["strategy"] if request.strategies != (StrategyChoice(),) else []
    if chosen:
        raise UsageError(
            f"--{chosen[0].replace('_', '-')}: '{name}' is a benchmark of your own, so there are no tasks to choose, "
            f"grade or ask twice; leave the flag out, or name a benchmark of the table ({', '.join(BENCHMARKS)})."
        )
