"""From a plan and what its names came to, to units with the keys of their cells; nothing is loaded or fetched."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Any, Final

from core.errors import BenchError
from runner.cell_key import cell_key
from runner.choosing import unopened
from runner.from_flags import request_of
from runner.plan import loads
from runner.request import Request
from runner.sweep.blocks import Block, blocks, names_of
from runner.sweep.document import Fault, near
from runner.sweep.flags import parsed
from runner.sweep.named import Found, Named
from runner.sweep.plan import MOST_CELLS, Plan
from runner.sweep.units import PlannedCell, Unit, unit_id_of
from runner.work import Work
from servers.model_list import Listed

_FLAG: Final = re.compile(r"--([a-z][a-z-]*)")
_OF_STRATEGY: Final = frozenset({"strategy", "n", "max-n", "confidence", "window", "batch", "selector", "n-candidates"})


@dataclass(frozen=True, slots=True)
class Planned:
    """A unit, and what is known of it beside its flags."""

    unit: Unit
    named: Named
    request: Request
    works: tuple[Work, ...]
    """Of its cells, without their tasks."""

    @property
    def line(self) -> int:
        """Where its model stands in the plan."""
        return self.named.entry.line


@dataclass(slots=True)
class Built:
    """All units, and all that kept some from being made."""

    planned: list[Planned] = field(default_factory=list)
    faults: set[Fault] = field(default_factory=set)


def build(plan: Plan, found: Found) -> Built:
    """The units in the order in which they are to be done. A model's file is hashed, unless its hash is known."""
    built = Built(faults={*plan.faults, *found.faults, *_excludes_of_nobody(plan, found)})
    used: set[int] = set()
    seen: set[str] = set()
    if (count := plan.cells_of(len(found.models))) > MOST_CELLS:
        built.faults.add(Fault(1, f"the plan comes to {count:,} cells, more than {MOST_CELLS:,}; plan fewer"))
        return built
    for block in blocks(plan, found.models, found.benchmarks, used):
        _make(block, built, seen)
    if not built.faults:
        built.faults |= {Fault(each.line, "exclude: no cell is like this, so nothing is left out; check its words")
                         for each in plan.excludes if id(each) not in used}
        if not built.planned and not built.faults:
            built.faults.add(Fault(1, "every cell is excluded, so nothing is left to do"))
    return built


def _excludes_of_nobody(plan: Plan, found: Found) -> Iterator[Fault]:
    """Words of excludes that fit nothing that the plan names, found or not."""
    there = {
        "model": [*(name for each in found.models for name in names_of(each)),
                  *(word for each in plan.models for word in (each.name, PurePath(each.name).name))],
        "benchmark": [word for each in plan.benchmarks for word in (each.name, PurePath(each.name).name)],
        "strategy": [name for each in plan.strategies for name in each.names],
        "prompt-version": [each.name for each in plan.versions],
    }
    for exclude in plan.excludes:
        for key, pattern in exclude.names.items():
            if not any(fnmatchcase(name, pattern) for name in there[key]):
                known = list(dict.fromkeys(there[key])) or ["none"]
                yield Fault(exclude.line, f"exclude: no {key} of the plan is called {pattern[:60]!r}; "
                                          f"{near(pattern, known)}")


def _make(block: Block, built: Built, seen: set[str]) -> None:
    argv = block.argv()
    request = _request(block, argv, built)
    if request is None:  # what else is wrong is found all the same
        plain = _request(block, block.argv(with_strategy=False), built)
        if plain is not None:
            _works(block, plain, built)
        return
    works = _works(block, request, built)
    varied = ", ".join(f"{name} {_short(setting.value)}" for name, setting in block.corner.varied.items())
    named, cells = replace(block.corner.named, model=request.models[0]), []
    for each in (each for work in works for each in (work, *work.replays)):
        key = cell_key(request, each)
        if key not in seen:
            seen.add(key)
            cells.append(PlannedCell(key, named.model.label if named.model.path else named.spec, each.cell.benchmark,
                                     each.prompt_version, strategy_label(each), varied))
    if cells:
        unit = Unit(unit_id_of(argv), argv, tuple(cells), model=named.spec, load=block.start)
        built.planned.append(Planned(unit, named, request, tuple(works)))


def _request(block: Block, argv: tuple[str, ...], built: Built) -> Request | None:
    known = None if "base-url" in block.settings else Listed((block.corner.named.model,))
    try:
        return request_of(parsed(argv), known=known)
    except BenchError as error:
        built.faults.add(_told(error, block, None))
        return None


def _works(block: Block, request: Request, built: Built) -> list[Work]:
    works: list[Work] = []
    for cell in (cell for load in loads(request) for cell in load.cells):
        try:
            works.append(unopened(request, cell))
        except BenchError as error:
            built.faults.add(_told(error, block, cell.benchmark))
    return works


def _told(error: BenchError, block: Block, benchmark: str | None) -> Fault:
    """With the line of what the message is about, as far as a flag in it tells."""
    said, strategy = str(error), block.corner.strategy
    for name in _FLAG.findall(said):
        if name in block.settings and name not in strategy.settings:
            return Fault(block.settings[name].line, said)
        if name in _OF_STRATEGY:
            return Fault(strategy.settings[name].line if name in strategy.settings else strategy.line, said)
        if name == "prompt-version" and block.versions:
            told = next((each for each in block.versions if f" {each.name}:" in said), block.versions[0])
            return Fault(told.line, said)
        if name == "model":
            return Fault(block.corner.named.entry.line, said)
    entry = next((each for each in block.benchmarks if each.name == benchmark), None)
    return Fault(entry.line if entry else block.corner.named.entry.line, said)


def strategy_label(work: Work) -> str:
    """For people: ``sc_fixed n=4``."""
    settings = [f"{name}={_short(value)}" for name, value in work.strategy.settings().items()
                if value not in (None, [], ())]
    return " ".join((work.strategy.name, *settings)) if work.strategy.name != "single" else "single"


def _short(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "+".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
