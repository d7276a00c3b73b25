"""From a unit to what another machine is told: its flags with files by full paths, and which files those are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BenchError, UsageError
from runner.cluster.files import Reader, Wanted, WantedModel, files_here, model_here
from runner.cluster.machines import Machine
from runner.sweep.units import Unit
from servers.models import resolve

_MODEL: Final = "--model"
_CARRIED: Final = frozenset({"--problems-file", "--prices"})
"""Flags whose files stand for themselves; others (a benchmark's TOML, a script) may name further files beside them."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A unit as it is sent."""

    argv: tuple[str, ...]
    """With ``--cells``; the model and the files as they are called where the sweep is."""
    model: WantedModel | None = None
    """None: the machine gets it by its name (a hub, a daemon), or none is loaded there."""
    files: tuple[Wanted, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """All files that may be asked for."""
        return tuple(each.path for each in (*(self.model.parts if self.model else ()), *self.files))


def packed(unit: Unit, cells: Sequence[str]) -> Packed:
    """Hashes the files. Raises BadInput for one that cannot be read."""
    argv = absolute(unit.command(cells))
    spec = next((value for flag, value in _values(argv) if flag == _MODEL), unit.model)
    model = None
    if unit.needs.local_model and not spec.startswith("hf:"):
        parts = resolve(spec).parts
        model = WantedModel(spec, tuple(Wanted.of(Path(part)) for part in parts)) if parts else None
    named = [value for flag, value in _values(argv) if flag in _CARRIED and Path(value).is_file()]
    return Packed(argv, model, tuple(Wanted.of(Path(value)) for value in named))


def absolute(argv: Sequence[str]) -> tuple[str, ...]:
    """Files by their full paths: another machine's command runs in another folder."""
    return tuple(_replaced(argv, _absolute))


def argv_here(sent: Packed, read: Reader) -> tuple[str, ...]:
    """The flags on the machine that carries it out, its files there. Raises BenchError where one cannot be had."""
    names = {each.path: files_here((each,), read)[0] for each in sent.files}
    if sent.model is not None:
        names[sent.model.spec] = model_here(sent.model, read)
    carried = _CARRIED | {_MODEL}
    return tuple(_replaced(sent.argv, lambda flag, value: names.get(value, value) if flag in carried else value))


def provider_of(unit: Unit) -> str:
    """Who answers for a model that is loaded nowhere here: units of one are asked one after the other."""
    found = dict(_values(unit.argv)).get("--base-url")
    return found or unit.model.partition(":")[0] or "provider"


def refuse_impossible(unit: Unit, there: Sequence[Machine]) -> BenchError | None:
    """What none of these machines could ever do, though it has GPUs or memory."""
    gpus, ram = max((each.gpus for each in there), default=0), max((each.ram_bytes for each in there), default=0)
    if 0 < gpus < gpus_of(unit):  # without any, one may join
        return UsageError(f"it needs {gpus_of(unit)} GPUs on one machine, and no machine of the cluster has more than "
                          f"{gpus} (`ray start --num-gpus=N` declares them)")
    if 0 < ram < (ram_of(unit) or 0):
        return UsageError(f"it needs {(ram_of(unit) or 0) / 1e9:.1f} GB of memory, and no machine of the cluster has "
                          f"more than {ram / 1e9:.1f} GB")
    return None


def ram_of(unit: Unit) -> int | None:
    """What to ask of a machine's memory. None where it was foreseen for a machine without a GPU, which is where the
    sweep is, and the unit may well have one where it runs.
    """
    stays = dict(_values(unit.argv)).get("--gpu-layers") == "0"
    return unit.needs.ram_bytes if stays or unit.needs.gpus else None


def gpus_of(unit: Unit) -> int:
    """One place for a model, be it a GPU or a processor that was declared as one: never two models on it at once."""
    return max(1, unit.needs.gpus) if unit.needs.local_model else 0


def _values(argv: Sequence[str]) -> list[tuple[str, str]]:
    """(flag, value) of each value of each flag."""
    found, flag = [], ""
    for word in argv:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            if equals:
                found.append((flag, value))
        else:
            found.append((flag, word))
    return found


def _replaced(argv: Sequence[str], change: Callable[[str, str], str]) -> list[str]:
    found, flag = [], ""
    for word in argv:
        if word.startswith("--"):
            flag, equals, value = word.partition("=")
            found.append(f"{flag}={change(flag, value)}" if equals else word)
        else:
            found.append(change(flag, word))
    return found


def _absolute(_: str, value: str) -> str:
    try:
        return str(Path(value).absolute()) if Path(value).is_file() else value
    except (OSError, ValueError):
        return value
