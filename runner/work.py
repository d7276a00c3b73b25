"""What a cell is about, and what it is once it is made ready."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.benchmark import Benchmark
from benchmarks.datasets.request import TaskSet
from core.records import ModelInfo, Sampling, Task
from ledger.folder import RunFolder
from runner.budget import Budget
from runner.cutoff import Cutoff
from runner.plan import Cell
from runner.pooling import covering
from runner.resume import Earlier
from runner.script_request import Tell
from strategies.base import Strategy


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
    asked: ModelInfo | None = None
    """The model as it was asked for, where its server has described it meanwhile."""

    @property
    def title(self) -> str:
        """What is asked, for people: ``tips``, or ``tips v2-mentor`` where the prompt was named."""
        version = self.cell.prompt_version
        return self.cell.benchmark if version is None else f"{self.cell.benchmark} {version}"

    @property
    def is_judged(self) -> bool:
        """Whether its texts wait for a judge."""
        return self.benchmark is not None and self.benchmark.is_judged

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
    cell: str
    """The key of the cell (``runner.cell_key``)."""
    model_sha256: str | None
    """Taken before the first question: the file may be gone when the run ends."""
    tell: Tell
    """Writes down what the script is to be asked of a server, and returns its environment."""
    earlier: Earlier
    """What the folder of a run that is taken up held."""
    go_on: str
    """How a person goes on with it, should it be stopped."""
    request_timeout_s: float
    """Without a token, a request is given up; so is a script without any sign of life."""
