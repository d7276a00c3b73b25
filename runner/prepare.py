"""A cell made ready: its tasks, its settings, its fingerprint, its run folder with the request file. No tokens yet."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from analysis.pairs import tasks_sha256
from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.selection import Part, select
from benchmarks.table import BENCHMARKS, get, is_known, refuse_grading, refuse_without_needs
from core.errors import UsageError
from core.records import Endpoint, Sampling, Task
from ledger.fingerprint import fingerprint
from ledger.folder import RunFolder
from ledger.run_id import make_run_id
from runner import script as script_process
from runner.budget import Budget
from runner.config import run_config
from runner.cutoff import Cutoff, cutoff_of
from runner.evidence_of_candidates import command_of, refuse_blind
from runner.observer import Hooks
from runner.plan import Cell, made
from runner.pooling import covering
from runner.request import Request, StrategyChoice, TaskChoice
from runner.resume import Earlier, TakenUp, how_to_go_on, take_up
from runner.script_request import Tell, Wording, told
from servers.backends.hosted import is_hosted
from servers.model_hash import model_sha256
from servers.models import is_demo
from strategies.base import Strategy
from strategies.selectors import LOGPROB
from system.clock import utc_timestamp
from system.files import sha256_file
from system.interpreter import ask

_DEFAULT_MAX_TOKENS = 2048
_DEFAULT_PROMPT = "v1"


@dataclass(frozen=True, slots=True)
class Work:
    """What a cell is about, before any server: the benchmark, its tasks, how they are asked."""

    cell: Cell
    benchmark: Benchmark | None
    """None for a user's own benchmark name together with ``--script``."""
    command: tuple[str, ...]
    task_set: TaskSet | None
    tasks: tuple[Task, ...]
    sampling: Sampling
    strategy: Strategy
    prompt_version: str
    audited: int = 0
    """How many tasks are asked twice."""
    replays: tuple[Work, ...] = ()
    """The same under other strategies, which are put to the same samples."""
    budget: Budget | None = None
    """What it may use in all."""
    after: str | None = None
    """The run whose tasks were passed on to this one, of chained models."""
    joined: Work | None = None
    """What both come to together."""
    cutoff: Cutoff | None = None
    """Until when the model is trained, where only later tasks are asked."""

    @property
    def selectors(self) -> tuple[str, ...]:
        """All that the strategies select by."""
        choices = [each.cell.strategy for each in (self, *self.replays)]
        return tuple(dict.fromkeys(name for choice in choices for name in choice.settings.selectors))

    @property
    def drawing(self) -> Strategy:
        """What draws, for this strategy and those that are put to its samples."""
        return covering(self.strategy, [each.strategy for each in self.replays])


@dataclass(frozen=True, slots=True)
class Prepared:
    """A cell that only needs its script started."""

    work: Work
    folder: RunFolder
    fingerprint: str
    model_sha256: str | None
    """Taken before the first question: the file may be gone when the run ends."""
    tell: Tell
    """Writes down what the script is to be asked of a server, and returns its environment."""
    earlier: Earlier
    """What the folder of a run that is taken up held."""
    go_on: str
    """How a person goes on with it, should it be stopped."""


def work_for(request: Request, cell: Cell, hooks: Hooks) -> Work:
    """Opens the dataset and selects tasks.

    Raises UsageError for an unknown benchmark, prompt version or task, or a flag that means nothing to this benchmark,
    BadInput for a dataset at fault.
    """
    strategy = made(cell.strategy)
    if request.script is not None and not is_known(cell.benchmark):
        _refuse_choice_of_tasks(request, cell.benchmark)
        command = script_process.command_for(request.script)
        sampling = request.sampling.resolve(_DEFAULT_MAX_TOKENS)
        return Work(cell, None, tuple(command), None, (), sampling, strategy, "own")
    benchmark = get(cell.benchmark)
    cell = replace(cell, benchmark=benchmark.name)
    version = request.tasks.prompt_version or _DEFAULT_PROMPT
    if request.script is None and version not in benchmark.prompt_versions:
        there = ", ".join(benchmark.prompt_versions)
        raise UsageError(f"--prompt-version {version}: {benchmark.name} has no such prompt; there is: {there}.")
    refuse_without_needs(benchmark)
    _refuse_meaningless(request, benchmark)
    command = script_process.command_for(request.script or benchmark.script)
    chosen = request.tasks
    cutoff = _cutoff(request, cell, benchmark, hooks)
    task_set = benchmark.open_tasks(
        DatasetRequest(
            problems_file=chosen.problems_file,
            start_date=cutoff.first_unseen if cutoff else chosen.start_date,
            end_date=chosen.end_date,
            prompt_version=version,
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
    sampling = request.sampling.resolve(benchmark.default_max_tokens)
    work = Work(cell, benchmark, tuple(command), task_set, tasks, sampling, strategy, version, request.audit,
                budget=request.budget, cutoff=cutoff)
    work = replace(work, replays=tuple(_replayed(work, choice) for choice in cell.replays))
    refuse_blind(work.selectors, benchmark.name, task_set)
    command_of(work.selectors)
    return work


def _replayed(work: Work, choice: StrategyChoice) -> Work:
    cell = replace(work.cell, strategy=choice, replays=())
    return replace(work, cell=cell, strategy=made(choice), audited=0)


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
    unset = TaskChoice(prompt_version=request.tasks.prompt_version)
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


def prepare(request: Request, work: Work, endpoint: Endpoint, say: Callable[[str], None]) -> Prepared:
    """Fingerprint, run folder (a new one, or that of the same run if it did not finish) and the script's request."""
    if request.tasks.constrained and "json_schema" not in endpoint.capabilities:
        raise UsageError(f"--constrained: {endpoint.backend} cannot enforce a schema; leave the flag out.")
    parts = fingerprint_parts(request, work, endpoint)
    mark = fingerprint(parts)
    taken = None
    if request.outputs.resume and work.benchmark is not None:
        asked = frozenset(task.task_id for task in work.tasks)
        taken = take_up(request.outputs.runs_root, mark, parts, asked, say)
    if taken is None:
        run_id = make_run_id(utc_timestamp(), work.cell.benchmark, work.cell.model.label, secrets.token_hex(3))
        config = {"fingerprint": mark, "settings": parts, **run_config(request, endpoint)}
        taken = TakenUp(RunFolder.create(request.outputs.runs_root, run_id, config), Earlier())
    folder, earlier = taken.folder, taken.earlier
    try:
        if earlier.record is None:  # else they are there, with what became of them
            folder.write_tasks(work.tasks)
    except BaseException:
        folder.close()
        raise
    tell = partial(told, request, folder, _wording(work))
    go_on = how_to_go_on(resume=request.outputs.resume)
    return Prepared(work, folder, mark, parts["model_sha256"], tell, earlier, go_on)


def fingerprint_parts(request: Request, work: Work, endpoint: Endpoint) -> dict[str, Any]:
    """Everything that decides a result; an equal fingerprint means the same run."""
    return {
        "model_sha256": model_sha256(work.cell.model) if work.cell.model.path else work.cell.model.sha256,
        "model": work.cell.model.label,
        "benchmark": work.cell.benchmark,
        "dataset_sha256": work.task_set.sha256 if work.task_set else None,
        "tasks_sha256": tasks_sha256(task.task_id for task in work.tasks),
        "prompt_version": work.prompt_version,
        "prompt_sha256": _prompt_sha256(request, work),
        "constrained": request.tasks.constrained,
        "script_sha256": sha256_file(request.script) if request.script else None,
        "sampling": asdict(work.sampling),
        "loop": asdict(request.sampling.loop) if request.sampling.loop else None,
        "strategy": work.strategy.name,
        **work.strategy.settings(),
        "pool": _pool(work),
        "after": work.after,
        "budget": asdict(work.budget) if work.budget else None,
        "backend": endpoint.backend,
        "base_url": endpoint.base_url if is_hosted(work.cell.model) else None,
        "server_build": endpoint.build,
        "ctx_size": endpoint.ctx_size,
        "slots": None if is_hosted(work.cell.model) else endpoint.slots,
        "gpu_layers": endpoint.effective.get("gpu_layers"),
        "server_args": list(request.server.server_args),
        "grading": request.verifying.grading if work.benchmark and work.benchmark.graded_two_ways else None,
        **({"verify_python": ask(request.verifying.python).version} if request.verifying.python else {}),
        **({"until_decided": _until_decided(request)} if request.until_decided else {}),
    }


def _wording(work: Work) -> Wording:
    own = work.benchmark is not None and work.benchmark.prompts is not None
    templates = work.benchmark.prompt(work.prompt_version).sections if work.benchmark and own else {}
    return Wording(work.sampling, work.cell.benchmark, work.prompt_version, templates,
                   logprobs=LOGPROB in work.drawing.merits(), n=work.drawing.first())


def _pool(work: Work) -> list[Any] | None:
    """The strategies that draw beside this one, where that makes more samples than it draws by itself."""
    if work.drawing.budget() == work.strategy.first():
        return None
    return [{"strategy": each.strategy.name, **each.strategy.settings()} for each in work.replays] or None


def _until_decided(request: Request) -> dict[str, Any]:
    """A run that is asked by turns belongs to a pair: with another partner it is another run."""
    asked = asdict(request.until_decided) if request.until_decided else {}
    return {**asked, "models": " and ".join(model.label for model in request.models)}


def _prompt_sha256(request: Request, work: Work) -> str | None:
    if work.benchmark is None or request.script is not None:
        return None
    return work.benchmark.prompt_sha256(work.prompt_version)
