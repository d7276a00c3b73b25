"""What a plan will take, before it is begun: time, memory, disk, downloads. Nothing is loaded and nothing is fetched.

A data set that would have to be fetched is not opened: how many tasks it has is then what earlier runs say of it, and
what is known of neither is said to be unknown.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.pace import Asked, Pace, Paces
from core.errors import BadInput, BenchError, UsageError
from runner.cell_key import cell_key, model_identity
from runner.choosing import work_for
from runner.loading import settings
from runner.observer import Hooks, Quiet
from runner.plan import Cell, loads
from runner.sweep.building import Planned
from runner.sweep.document import Fault
from runner.sweep.units import Needs
from runner.work import Work
from servers.backends.hosted import is_hosted, key_of
from servers.foresee import is_local, memory_of
from servers.memory_plan import MemoryPlan
from servers.models import is_demo
from servers.spec import ServerSettings
from system.host import host_facts


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One unit's future."""

    planned: Planned
    memory: MemoryPlan | None
    tasks: Mapping[str, int | None]
    """By cell."""
    paces: Mapping[str, Pace | None]
    """By cell; one that is put to the samples of another takes no time of its own."""
    fetched: tuple[str, ...] = ()
    """What its data sets would fetch first."""


@dataclass(slots=True)
class Foresight:
    """All units' future, and what can be seen to go wrong."""

    units: list[Foreseen] = field(default_factory=list)
    faults: set[Fault] = field(default_factory=set)


class _WouldFetchError(Exception):
    """A data set is not here."""


class _Offline(Quiet):
    """Hears what a data set's reader says, and lets it fetch nothing."""

    def note(self, text: str) -> None:
        if text.startswith("fetching ") or "to download" in text:
            raise _WouldFetchError(text)


def foresee(planned: Iterable[Planned], records: Iterable[Mapping[str, Any]], *, here: bool = True) -> Foresight:
    """``records``: of the ledger. ``here``: the models are loaded on this machine, so that its memory has to do."""
    found, paces = Foresight(), Paces(records, host_facts())
    opened: dict[Any, tuple[Work | None, str]] = {}
    loaded: dict[Any, MemoryPlan | None] = {}
    for unit in planned:
        foreseen, works = _of(unit, paces, opened, found.faults)
        memory = None
        if here and works:
            load = settings(unit.request, works)
            if (key := (unit.named.spec, unit.line, load)) not in loaded:
                loaded[key] = _memory(unit, load, found.faults)
            memory = loaded[key]
        _key(unit, found.faults)
        found.units.append(replace(foreseen, memory=memory))
    return found


def _key(unit: Planned, faults: set[Fault]) -> None:
    """A night is lost on a key that is not there."""
    if is_hosted(unit.named.model):
        try:
            key_of(unit.named.model, unit.request.server)
        except UsageError as error:
            faults.add(Fault(unit.line, str(error)))


def _of(
    unit: Planned, paces: Paces, opened: dict[Any, tuple[Work | None, str]], faults: set[Fault]
) -> tuple[Foreseen, list[Work]]:
    """And its works, with their tasks where these are here."""
    request, works, fetched = unit.request, list[Work](), list[str]()
    cells = [cell for load in loads(request) for cell in load.cells]
    for cell, bare in zip(cells, unit.works, strict=False):  # fewer, where the plan is at fault
        unseen = cell.model.label if request.tasks.after_cutoff else None
        key = (cell.benchmark, cell.prompt_version, request.tasks, request.script, is_demo(cell.model), unseen)
        if key not in opened:
            opened[key] = _opened(unit, cell, faults)
        known, missing = opened[key]
        fetched += [missing] if missing else []
        works.append(bare if known is None else replace(bare, task_set=known.task_set, tasks=known.tasks))
    counted: dict[str, int | None] = {}
    timed: dict[str, Pace | None] = {}
    for work in works:
        asked = _asked(unit, work)
        for each in (work, *work.replays):
            cell_id = cell_key(request, each)
            counted[cell_id] = paces.tasks(asked)
            timed[cell_id] = paces.of(asked) if each is work else Pace(0.0, "from the samples of another")
    return Foreseen(unit, None, counted, timed, tuple(dict.fromkeys(fetched))), works


def _opened(unit: Planned, cell: Cell, faults: set[Fault]) -> tuple[Work | None, str]:
    """The cell with its tasks, or what would be fetched."""
    told: list[str] = []

    def refuse(question: str) -> bool:
        told.append(question)
        raise _WouldFetchError(question)

    try:
        return work_for(unit.request, cell, Hooks(_Offline(), lambda: False, refuse)), ""
    except _WouldFetchError as would:
        return None, str(would)
    except BenchError as error:
        if isinstance(error.__cause__, _WouldFetchError) or told:
            return None, str(error.__cause__ or told[0])
        faults.add(Fault(unit.line, str(error)))
        return None, ""


def _asked(unit: Planned, work: Work) -> Asked:
    model = unit.named.model
    identity = None
    if model.path or model.sha256:  # others are known to earlier records by their names
        with suppress(BenchError):
            identity = model_identity(model)
    limit = unit.request.tasks.limit
    tasks = len(work.tasks) if work.task_set is not None else limit
    return Asked(identity, model.label, model.size_bytes, work.cell.benchmark, tasks, work.drawing.budget())


def _memory(unit: Planned, load: ServerSettings, faults: set[Fault]) -> MemoryPlan | None:
    try:
        return memory_of(unit.named.model, load)
    except BadInput as error:
        faults.add(Fault(unit.line, str(error)))
    except UsageError as error:
        own = unit.named.entry.settings
        line = own["ctx-size"].line if "ctx-size" in own else unit.line
        faults.add(Fault(line, f"{unit.named.model.label}: {error}"))
    except BenchError as error:
        faults.add(Fault(unit.line, str(error)))
    return None


def with_needs(planned: Sequence[Planned]) -> list[Planned]:
    """With what each unit needs of a machine, as far as this one can tell."""
    return [replace(each, unit=replace(each.unit, needs=_needs(each))) for each in planned]


def _needs(unit: Planned) -> Needs:
    model, asked = unit.named.model, unit.request.server
    if not is_local(model, asked):
        return Needs(local_model=False)
    plan = None
    with suppress(BenchError):
        plan = memory_of(model, settings(unit.request, unit.works))
    if plan is None:
        return Needs(gpus=0 if asked.gpu_layers == 0 else 1, ram_bytes=model.size_bytes)
    on_gpu = plan.needs.vram.needed > 0
    return Needs(_gpus(plan) if on_gpu else 0, plan.needs.vram.needed if on_gpu else None, plan.needs.ram.needed)


def _gpus(plan: MemoryPlan) -> int:
    """As few as hold it; those of a machine are taken to be alike."""
    if not plan.room.vram_bytes or plan.room.gpus < 2:
        return 1
    return min(plan.room.gpus, -(-plan.needs.vram.needed * plan.room.gpus // plan.room.vram_bytes))


@dataclass(frozen=True, slots=True)
class Disk:
    """What is to be fetched, and what room there is."""

    missing_bytes: int
    free_bytes: int
    where: str

    @property
    def is_enough(self) -> bool:
        return self.missing_bytes <= self.free_bytes


def disk_for(planned: Sequence[Planned]) -> Disk | None:
    """Of the models that are to be fetched, each once; None where none is."""
    missing = {each.named.spec: each.named.missing_bytes for each in planned if each.named.missing_bytes}
    if not missing:
        return None
    from huggingface_hub import constants  # noqa: PLC0415  (half a second)

    home = Path(constants.HF_HUB_CACHE)
    there = next(each for each in (home, *home.parents) if each.exists())
    return Disk(sum(missing.values()), shutil.disk_usage(there).free, str(home))
