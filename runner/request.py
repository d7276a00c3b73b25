"""What the user asked for, parsed and resolved."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from core.errors import BadInput
from core.records import ModelInfo, Sampling
from core.repetition import LoopRule
from core.strategy import StrategySettings
from runner.budget import Budget
from runner.chain import Chain
from servers.spec import ServerSettings


@dataclass(frozen=True, slots=True)
class TaskChoice:
    """Which tasks of a benchmark, and how they are put."""

    problems_file: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    limit: int | None = None
    task_ids: tuple[str, ...] = ()
    start_problem: int | None = None
    end_problem: int | None = None
    prompt_versions: tuple[str, ...] = ()
    """A run each; none: the benchmark's default."""
    constrained: bool = False
    subjects: tuple[str, ...] = ()
    """Of a data set that has subjects, those wanted."""
    subset: int | None = None
    """So many tasks, every subject's share alike."""
    after_cutoff: str | None = None
    """Only tasks later than a model's training data: a day, or ``card``."""
    prompts_dir: Path | None = None
    """A folder of the user's prompts, in place of the benchmark's own."""


@dataclass(frozen=True, slots=True)
class SamplingChoice:
    """Sampling flags as given; None leaves a setting to the benchmark, then to the server."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    max_tokens: int | None = None
    seed: int = 0
    request_timeout_s: float = 600.0
    loop: LoopRule | None = field(default_factory=LoopRule)
    """What is cut short as a loop; None: nothing."""

    def resolve(self, default_max_tokens: int, default_temperature: float = 0.0) -> Sampling:
        """The settings to send: greedy unless a temperature was given, or the benchmark is none for greedy replies."""
        return Sampling(
            temperature=default_temperature if self.temperature is None else self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            max_tokens=default_max_tokens if self.max_tokens is None else self.max_tokens,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True)
class Verifying:
    """How answers are verified. ``workers`` None: one a core, at most 8, at least 1."""

    workers: int | None = None
    timeout_s: float | None = None
    isolation: str = "auto"
    grading: str = "native"
    python: str | None = None
    """The CPython that runs programs; None: our own."""
    preload: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where results go."""

    results: Path = Path("benchmark_results.json")
    runs_root: Path = Path("runs")
    resume: bool = True
    """Whether a run that did not finish is taken up."""


@dataclass(frozen=True, slots=True)
class StrategyChoice:
    """A strategy with the settings that were given for it."""

    name: str = "single"
    settings: StrategySettings = field(default_factory=StrategySettings)


@dataclass(frozen=True, slots=True)
class UntilDecided:
    """Two models are asked in turns until it is clear which is better, or that they are equivalent."""

    margin_points: float = 5.0
    """Differences below it do not matter."""
    alpha: float = 0.05
    """The chance of a wrong word."""


@dataclass(frozen=True, slots=True)
class Spending:
    """How models that providers serve may be asked. None is no limit."""

    most_usd: float | None = None
    """What the command's runs may cost together."""
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One invocation of the ``run`` verb."""

    models: tuple[ModelInfo, ...]
    """Those that can be loaded, at least one."""
    benchmarks: tuple[str, ...]
    server: ServerSettings
    script: Path | None = None
    strategies: tuple[StrategyChoice, ...] = (StrategyChoice(),)
    """Several are put to the same samples, each for a record of its own."""
    budget: Budget | None = None
    """What each run may use in all."""
    chain: Chain | None = None
    """The second of two models is asked the tasks that the first one passes on."""
    audit: int = 0
    """How many tasks are asked twice."""
    until_decided: UntilDecided | None = None
    tasks: TaskChoice = TaskChoice()
    sampling: SamplingChoice = SamplingChoice()
    verifying: Verifying = Verifying()
    outputs: Outputs = Outputs()
    measure_energy: bool = False
    spending: Spending = Spending()
    prices: Path | None = None
    """The user's own table, before ours."""
    refused: tuple[BadInput, ...] = ()
    """What was wrong with the files of the other models: failures that do not keep these from running."""
    experiment: str | None = None
    """The name under which its runs belong together, whatever they are of."""
    diversity: bool = False
    """Whether to say how much the texts of each task differ."""
    cells: frozenset[str] | None = None
    """Keys of those of its cells that are wanted; None: all."""
    notes: tuple[str, ...] = ()
    """What is to be told before anything else: which files of a folder are no models, and the like."""
