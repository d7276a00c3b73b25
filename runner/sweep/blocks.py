"""What a plan's combinations come to as commands: blocks of benchmarks and prompt versions under one setting.

All that is asked of a model stands together, and together again what one start of its server can serve. What cannot be
one command (another sampling, another strategy, a benchmark with settings of its own, an exclude that leaves no
rectangle) is a block of its own on the same start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import product
from pathlib import PurePath
from typing import Any, Final

from runner.spending_asked import unheeded_by
from runner.sweep.flags import Setting, flags_of
from runner.sweep.named import Named
from runner.sweep.plan import Entry, Exclude, Plan

OF_A_START: Final = frozenset({
    "server", "server-bin", "base-url", "api-key-env", "gpu-layers", "ctx-size", "parallel", "threads", "server-arg",
    "reserve-ram", "startup-timeout", "pull", "max-model-b",
})
"""Settings that a running server cannot change."""


@dataclass(frozen=True, slots=True)
class Corner:
    """One model under one strategy and one combination of what is varied."""

    named: Named
    strategy: Entry
    varied: Mapping[str, Setting]


@dataclass(frozen=True, slots=True)
class Block:
    """Benchmarks and prompt versions that one command can ask for together."""

    corner: Corner
    settings: Mapping[str, Setting]
    benchmarks: tuple[Entry, ...]
    versions: tuple[Entry, ...]

    @property
    def start(self) -> str:
        """Equal for blocks that one start of a server can serve."""
        of_start = {name: setting.value for name, setting in self.settings.items() if name in OF_A_START}
        return " ".join((self.corner.named.spec, *flags_of(of_start)))

    def argv(self, *, with_strategy: bool = True) -> tuple[str, ...]:
        """The flags of the command; without its strategy what is wrong with the rest can be found."""
        strategy = self.corner.strategy
        versions = ("--prompt-version", *(version.name for version in self.versions)) if self.versions else ()
        named = ("--strategy", *strategy.names) if with_strategy and strategy.names != ("single",) else ()
        chosen = {name: setting.value for name, setting in self.settings.items()
                  if with_strategy or name not in strategy.settings}
        return ("--model", self.corner.named.spec, "--benchmark", *(entry.name for entry in self.benchmarks), *versions,
                *named, *flags_of(chosen))


def blocks(plan: Plan, models: Sequence[Named], benchmarks: Sequence[Entry], used: set[int]) -> Iterator[Block]:
    """In the order in which they are to be done; ``used`` gets the ids of the excludes that left something out.

    Models that are here come before those that have to be fetched, so that the first ones are at work while the others
    come.
    """
    for named in sorted(models, key=lambda named: named.missing_bytes > 0):
        starts: dict[str, list[Block]] = {}
        for block in _of_model(_heeded(plan, named, models), benchmarks, named, used):
            starts.setdefault(block.start, []).append(block)
        for together in starts.values():
            yield from together


def _heeded(plan: Plan, named: Named, models: Sequence[Named]) -> Plan:
    """Without what stands in ``[settings]`` for other kinds of models than this one; what is for none stays a fault."""
    if "base-url" in {**plan.settings, **named.entry.settings}:
        return plan
    nobodys = frozenset.intersection(*(unheeded_by(each.model) for each in models))
    others = unheeded_by(named.model) - nobodys
    return replace(plan, settings={name: setting for name, setting in plan.settings.items() if name not in others})


def _of_model(plan: Plan, benchmarks: Sequence[Entry], named: Named, used: set[int]) -> Iterator[Block]:
    for strategy in plan.strategies:
        for values in product(*(values for _, values in plan.matrix)):
            varied = dict(zip((name for name, _ in plan.matrix), values, strict=True))
            corner = Corner(named, strategy, varied)
            alike: dict[tuple[Any, ...], list[Entry]] = {}
            for benchmark in benchmarks:
                settings = _settings(plan, corner, benchmark)
                left = tuple(place for place, version in enumerate(plan.versions or (None,))
                             if not _excluded(plan, corner, (benchmark, version, settings), used))
                if left:
                    flags = flags_of({name: setting.value for name, setting in settings.items()})
                    alike.setdefault((left, flags), []).append(benchmark)
            for (left, _), together in alike.items():
                versions = tuple(plan.versions[place] for place in left) if plan.versions else ()
                yield Block(corner, _settings(plan, corner, together[0]), tuple(together), versions)


def _settings(plan: Plan, corner: Corner, benchmark: Entry) -> dict[str, Setting]:
    return {**plan.settings, **corner.strategy.settings, **benchmark.settings, **corner.named.entry.settings,
            **corner.varied}


def _excluded(
    plan: Plan, corner: Corner, rest: tuple[Entry, Entry | None, Mapping[str, Setting]], used: set[int]
) -> bool:
    like = [exclude for exclude in plan.excludes if _is_like(exclude, corner, *rest)]
    used.update(map(id, like))
    return bool(like)


def _is_like(
    exclude: Exclude, corner: Corner, benchmark: Entry, version: Entry | None, settings: Mapping[str, Setting]
) -> bool:
    names = {
        "model": names_of(corner.named), "benchmark": (benchmark.name, PurePath(benchmark.name).name),
        "strategy": corner.strategy.names, "prompt-version": (version.name,) if version else (),
    }
    named = all(any(fnmatchcase(name, pattern) for name in names[key]) for key, pattern in exclude.names.items())
    return named and all(
        name in settings and settings[name].value == value for name, value in exclude.settings.items())


def names_of(named: Named) -> tuple[str, ...]:
    """What an exclude may call it."""
    model = named.model
    return (named.spec, named.entry.name, model.label, PurePath(model.path or named.spec).name)
