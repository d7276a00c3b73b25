"""A plan: models by benchmarks by strategies by prompt versions by matrix, less what is excluded. Names and values.

Where a setting is given in several places, the narrower one counts: ``[settings]``, then a strategy's, a benchmark's, a
model's own, and over all of them ``[matrix]``, which is what is being varied. Paths are told from the plan's folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from runner.chain import CASCADE
from runner.sweep.document import Document, Fault
from runner.sweep.flags import Setting, Settings, fault_of, is_sound

MOST_CELLS: Final = 100_000
_PATHS: Final = frozenset({"problems-file", "script", "prompts-dir", "server-bin", "prices", "python"})
"""Settings that may be a path."""
_NO_PATH: Final = re.compile(r"(?:hf|ollama|openai|gemini|transformers):|demo(?:-[0-9]+M)?(?::|\Z)", re.IGNORECASE)
"""Specs of models that are no path, folder or pattern."""
_NAMES: Final = ("model", "benchmark", "strategy", "prompt-version")


@dataclass(frozen=True, slots=True)
class Entry:
    """A model, a benchmark, a strategy or a prompt version, with settings of its own."""

    names: tuple[str, ...]
    """One; of a strategy, several that are put to the same samples."""
    line: int
    settings: Settings

    @property
    def name(self) -> str:
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Exclude:
    """Cells that are left out: those of which all of it is true."""

    line: int
    names: Mapping[str, str]
    """Of: model, benchmark, strategy, prompt-version."""
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the file says, as far as it makes sense."""

    path: Path
    name: str
    models: tuple[Entry, ...]
    benchmarks: tuple[Entry, ...]
    strategies: tuple[Entry, ...]
    versions: tuple[Entry, ...]
    """None: each benchmark's default."""
    settings: Settings
    matrix: tuple[tuple[str, tuple[Setting, ...]], ...]
    excludes: tuple[Exclude, ...]
    faults: tuple[Fault, ...]

    def cells_of(self, models: int) -> int:
        """How many there are at most, of so many models: an entry may be a folder of them."""
        found = models * len(self.benchmarks) * len(self.strategies) * max(1, len(self.versions))
        for _, values in self.matrix:
            found *= len(values)
        return found


def plan_of(document: Document) -> Plan:
    """The plan, with everything that is wrong with its words and values."""
    table = document.table
    name = table.get("name")
    title = name if isinstance(name, str) else document.path.stem
    if (count := _combinations(table)) > MOST_CELLS:
        fault = Fault(1, f"the plan comes to {count:,} cells, more than {MOST_CELLS:,}; plan fewer")
        return Plan(document.path, title, (), (), (), (), {}, (), (), tuple(sorted({*document.faults, fault})))
    reading = _Reading(document)
    if not title.isprintable():
        reading.faults.add(Fault(document.line("name"), "name: holds what is no letter or sign"))
    plan = Plan(
        document.path, title,
        tuple(reading.entries("models", "model")), tuple(reading.entries("benchmarks", "benchmark")),
        tuple(reading.entries("strategies", "strategy")) if "strategies" in table
        else (Entry(("single",), document.line("strategies"), {}),),
        tuple(reading.entries("prompt-versions", "prompt-version")),
        reading.settings("settings"), tuple(reading.matrix()), tuple(reading.excludes()), (),
    )
    return replace(plan, faults=tuple(sorted({*document.faults, *reading.faults})))


def _combinations(table: Mapping[str, Any]) -> int:
    """How many cells there are at most, of models that are one each; what is nonsense counts as one."""
    lists = [table.get(key) for key in ("models", "benchmarks", "strategies", "prompt-versions")]
    matrix = table.get("matrix")
    found = 1
    for each in (*lists, *(matrix.values() if isinstance(matrix, dict) else ())):
        found *= max(1, len(each)) if isinstance(each, list) else 1
    return found


class _Reading:
    """One pass over a document; what does not make sense is left out, and told."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.faults: set[Fault] = set()

    def entries(self, section: str, key: str) -> Iterator[Entry]:
        """The elements of a list."""
        for index, element in enumerate(_list(self._document.table.get(section))):
            line = self._document.line(section, index)
            if isinstance(element, str) and element and self._is_sound(key, (element,), line):
                yield Entry(self._named(key, (element,), {}), line, {})
            elif isinstance(element, dict):
                names = [element.get(key)] if not isinstance(element.get(key), list) else element[key]
                texts = tuple(name for name in names if isinstance(name, str) and name)
                if texts and len(texts) == len(names) and self._is_sound(key, texts, line):
                    own = {name: value for name, value in element.items() if name != key}
                    yield Entry(self._named(key, texts, own), line, self._sound(own, (section, index)))

    def _is_sound(self, key: str, names: tuple[str, ...], line: int) -> bool:
        said = None
        if any(name.startswith("-") or not name.isprintable() for name in names):
            said = f"{key}: a name begins with a dash, or holds what is no letter or sign"
        elif key == "strategy" and CASCADE in names:
            said = "strategy: cascade asks two models in a row, which is a command of its own and no plan's cell"
        if said is not None:
            self.faults.add(Fault(line, said))
        return said is None

    def settings(self, section: str) -> Settings:
        """Those of a table."""
        table = self._document.table.get(section)
        return self._sound(table, (section,)) if isinstance(table, dict) else {}

    def matrix(self) -> Iterator[tuple[str, tuple[Setting, ...]]]:
        """The settings that are varied."""
        table = self._document.table.get("matrix")
        for name, values in (table if isinstance(table, dict) else {}).items():
            found = [self._sound({name: value}, ("matrix",), (name, index))
                     for index, value in enumerate(_list(values))]
            if sound := tuple(each[name] for each in found if name in each):
                yield name, sound

    def excludes(self) -> Iterator[Exclude]:
        """What is left out."""
        for index, table in enumerate(_list(self._document.table.get("exclude"))):
            if isinstance(table, dict) and table:
                names = {key: value for key, value in table.items() if key in _NAMES and isinstance(value, str)}
                others = {key: value for key, value in table.items() if key not in _NAMES}
                yield Exclude(self._document.line("exclude", index), names, others)

    def _sound(
        self, table: Mapping[str, Any], place: Sequence[str | int], exactly: Sequence[str | int] = ()
    ) -> dict[str, Setting]:
        found = {}
        for name, value in table.items():
            line = self._document.line(*place, *(exactly or (name,)))
            if (said := fault_of(name, value)) is not None:
                self.faults.add(Fault(line, said))
            elif is_sound(name, value):
                found[name] = Setting(self._placed(name, value), line)
        return found

    def _named(self, key: str, names: tuple[str, ...], own: Mapping[str, Any]) -> tuple[str, ...]:
        if key == "benchmark":
            return tuple(self._path(name) if name.endswith(".toml") else name for name in names)
        if key == "model" and "base-url" not in own:
            return tuple(map(self._model, names))
        return names

    def _model(self, spec: str) -> str:
        prefix, colon, name = spec.partition(":")
        if colon and prefix == "transformers" and Path(self._path(name)).is_dir():
            return f"{prefix}:{self._path(name)}"
        return spec if _NO_PATH.match(spec) else self._path(spec)

    def _placed(self, name: str, value: Any) -> Any:
        """Files that lie where the plan says, of settings that may be something else too."""
        if name in _PATHS and isinstance(value, str) and Path(self._path(value)).exists():
            return self._path(value)
        return value

    def _path(self, text: str) -> str:
        if text.startswith(("/", "~")) or "\0" in text:
            return text
        return str(self._document.path.absolute().parent / text)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
