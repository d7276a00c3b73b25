"""Request → ordered cells. Pure: a model is loaded once, for all the benchmarks and prompts it is asked with.

Several strategies on one benchmark are one cell: a pool of samples is drawn once, and each strategy is put to it. The
pool is drawn as the one that never stops early and draws most, where it draws as much as any other may want. Without
such a one every strategy draws from the pool what it still lacks (``runner.pooling``).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from core.records import ModelInfo
from runner.request import Request, StrategyChoice
from strategies import registry
from strategies.base import Strategy


@dataclass(frozen=True, slots=True)
class Cell:
    """One run as planned: a model on a benchmark under the request's settings."""

    model: ModelInfo
    benchmark: str
    strategy: StrategyChoice = field(default_factory=StrategyChoice)
    """The one whose samples are drawn."""
    replays: tuple[StrategyChoice, ...] = ()
    """Those that are put to the same samples, in the order given."""
    prompt_version: str | None = None
    """None: the benchmark's default."""


@dataclass(frozen=True, slots=True)
class Load:
    """One start of a server, and the cells that are run on it."""

    model: ModelInfo
    cells: tuple[Cell, ...]


def loads(request: Request) -> tuple[Load, ...]:
    """Models in the order given, each once; a benchmark or a prompt named twice is run once."""
    benchmarks = tuple(dict.fromkeys(request.benchmarks))
    versions = tuple(dict.fromkeys(request.tasks.prompt_versions)) or (None,)
    drawn, others = drawn_and_replayed(request.strategies)
    unique = {(model.name, model.quantization, model.identity): model for model in request.models}
    return tuple(
        Load(model, tuple(Cell(model, benchmark, drawn, others, version)
                          for benchmark in benchmarks for version in versions))
        for model in unique.values()
    )


def drawn_and_replayed(asked: tuple[StrategyChoice, ...]) -> tuple[StrategyChoice, tuple[StrategyChoice, ...]]:
    """The strategy whose samples are drawn, and the others."""
    drawn = max(asked, key=lambda choice: _draws(made(choice)))  # the first of equals
    return drawn, tuple(choice for choice in asked if choice != drawn)


def made(choice: StrategyChoice) -> Strategy:
    """Raises UsageError as the registry does."""
    return registry.make(choice.name, choice.settings)


def _draws(strategy: Strategy) -> tuple[int, bool]:
    return strategy.budget(), strategy.first() == strategy.budget()
