"""Scenarios out of lists: every combination of one value of each list, or a balanced choice of them by a seed.

The same lists and the same seed give the same scenarios, byte for byte, on every machine and under every Python: order
and choice come from SHA-256 over canonical JSON. Nothing here depends on ``hash()``, on ``random`` (whose methods have
changed between versions), on a locale or on the order of a set.

A choice of n takes, one after the other, the combination whose values were taken least often so far, and of equals the
one whose hash is lowest. So each value comes about equally often, no combination comes twice, and the first scenarios
of a larger choice are those of a smaller one.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod
from typing import Final

Scenario = dict[str, str]
"""Field → the text that a prompt shows for it."""

MOST_COMBINATIONS: Final = 50_000
MOST_WORK: Final = 2_000_000
"""Combinations looked at for a whole choice: seconds, not hours."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A pool of which every scenario shows some."""

    pool: Sequence[str]
    count: int


@dataclass(frozen=True, slots=True)
class Grid:
    """The lists, and how many scenarios to make of them."""

    lists: Mapping[str, Sequence[str]]
    """Field → its values, each once, at least one."""
    drawn: Mapping[str, Drawn] = field(default_factory=dict)
    """Further fields: some of a pool, other ones for each scenario."""
    count: int | None = None
    """How many scenarios; None: every combination, in the order of the lists."""
    seed: int = 0

    @property
    def combinations(self) -> int:
        """How many there are."""
        return prod(len(values) for values in self.lists.values())

    @property
    def is_bearable(self) -> bool:
        """Whether its scenarios are made within seconds."""
        found = self.combinations if self.count is None else self.count
        drawn = sum(len(each.pool) for each in self.drawn.values())
        return (self.combinations <= MOST_COMBINATIONS and self.combinations * (self.count or 1) <= MOST_WORK
                and found * drawn <= MOST_WORK)


def scenarios(grid: Grid) -> list[Scenario]:
    """As many as the grid says. The caller has seen to it that it ``is_bearable`` and no list is empty."""
    names = list(grid.lists)
    found = [dict(zip(names, values, strict=True)) for values in product(*grid.lists.values())]
    if grid.count is not None:
        found = _chosen(grid, found)
    uses = {name: Counter[str]() for name in grid.drawn}
    return [scenario | {name: _some(grid, name, uses[name], scenario) for name in grid.drawn} for scenario in found]


def canonical(found: Sequence[Mapping[str, str]]) -> bytes:
    """The scenarios as bytes that are the same everywhere: one JSON object a line, keys sorted, UTF-8, no spaces."""
    return b"".join(_json(scenario) + b"\n" for scenario in found)


def named(prefix: str, found: Sequence[Scenario]) -> list[str]:
    """An id for each: its place, and the hash of its bytes, so that other scenarios are other tasks."""
    hashes = (hashlib.sha256(_json(scenario)).hexdigest() for scenario in found)
    return [f"{prefix}/{place}-{digest[:8]}" for place, digest in enumerate(hashes)]


def listed(items: Sequence[str]) -> str:
    """Several texts as one: a line each."""
    return "\n".join(f"- {item}" for item in items)


def _chosen(grid: Grid, left: list[Scenario]) -> list[Scenario]:
    ranked = sorted(left, key=lambda scenario: _rank(grid.seed, scenario))
    uses: Counter[tuple[str, str]] = Counter()
    found = []
    for _ in range(min(grid.count or 0, len(ranked))):
        taken = min(ranked, key=lambda scenario: sum(uses[pair] for pair in scenario.items()))  # the first of equals
        ranked.remove(taken)
        uses.update(taken.items())
        found.append(taken)
    return found


def _some(grid: Grid, name: str, uses: Counter[str], scenario: Scenario) -> str:
    """Of the pool those shown least often so far; of equals, by hash."""
    drawn = grid.drawn[name]
    ranked = sorted(drawn.pool, key=lambda item: (uses[item], _rank(grid.seed, {**scenario, name: item})))
    taken = ranked[: drawn.count]
    uses.update(taken)
    return listed(taken)


def _rank(seed: int, scenario: Mapping[str, str]) -> bytes:
    return hashlib.sha256(str(seed).encode() + b"\n" + _json(scenario)).digest()


def _json(scenario: Mapping[str, str]) -> bytes:
    return json.dumps(scenario, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
