"""A verification on all machines of a cluster: shards out, verdicts back in the samples' order (decision 0017).

Ray decides which machine takes which shard, and gives the shards of a machine that is lost to another. This end reads
the samples, has so many shards under way that no machine waits, and keeps what comes out of order. A task's reference
is handed to the cluster once, whatever the number of its samples; machines need no data set. What a sample comes to is
found by the same steps as here, at one level of isolation everywhere, and with time-outs verified again alone.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from types import TracebackType
from typing import Any, Final, Self

from evaluators.levels import CONFINED, FULL
from evaluators.registry import get as evaluator_named
from runner.cluster import shards
from runner.cluster.door import cause_of, joined, ray_or_refuse
from runner.cluster.machines import asked, common_level, least, look, machines, refuse_other_programs
from runner.verify_grading import Asking, Graded, Item, Set

SHARD: Final = 256
"""Samples: seconds of work, so that neither the wire nor the last shard of all matters."""
_AHEAD_PER_MACHINE: Final = 3
_TRIES: Final = 5
"""How often a shard is begun that its machine, or its process there, did not live through."""


class Spread:
    """Grades on a cluster. Use as a context manager. Raises as ``joined``, ``common_level`` and the pool do."""

    def __init__(self, address: str | None, stored: Set, asking: Asking, say: Callable[[str], None]) -> None:
        self._address, self._stored, self._asking, self._say = address, stored, asking, say
        self._held = ExitStack()
        self._ray: Any = None
        self._references: dict[str, Any] = {}
        self._levels: set[str] = set()

    def __enter__(self) -> Self:
        with ExitStack() as entering:
            self._ray = entering.enter_context(joined(self._address, self._say))
            there = machines(self._ray)
            refuse_other_programs(self._ray, there)
            asking, level = self._asking, None
            if evaluator_named(self._stored.rules.evaluator).runs_code:
                said = asked(self._ray, there, look, asking.isolation, asking.python, self._stored.needs)
                level = common_level(said, asking.isolation, self._say)
                if asking.isolation == "auto" and level in {FULL, CONFINED}:
                    asking = replace(asking, isolation=level)
                if asking.isolation == "weak":  # whatever each holds; the least of it is told
                    level = None
            workers = asking.workers or min(8, self._cpus())
            self._orders = shards.Orders(self._stored.rules, replace(asking, workers=workers), level)
            self._held = entering.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._held.close()

    @property
    def isolation(self) -> str:
        """The least that any machine has reached."""
        return least(self._levels)

    def grade(self, items: Iterable[Item]) -> Iterator[Graded]:
        """One for each item, in order."""
        ray = self._ray
        remote = ray.remote(_shard).options(num_cpus=self._cpus(), max_retries=_TRIES - 1,
                                            retry_exceptions=False, scheduling_strategy="SPREAD")
        under_way: deque[Any] = deque()
        rest = iter(items)
        try:
            while (some := tuple(islice(rest, SHARD))) or under_way:
                if some:
                    under_way.append(remote.remote(self._orders, some, self._references_of(some)))
                while under_way and (not some or len(under_way) >= self._most_under_way()):
                    yield from self._taken(under_way.popleft())
        finally:
            for each in under_way:
                ray.cancel(each, force=True)

    def _taken(self, answer: Any) -> tuple[Graded, ...]:
        try:
            found: shards.Graduated = self._ray.get(answer)
        except self._ray.exceptions.RayError as error:
            raise cause_of(error) from error
        self._levels.add(found.isolation)
        return found.graded

    def _references_of(self, items: tuple[Item, ...]) -> dict[str, Any]:
        for item in items:
            if item.lost is not None:
                continue
            task_id = item.sample.task_id
            if task_id not in self._references:
                self._references[task_id] = self._ray.put(pickle.dumps(dict(self._stored.references(task_id))))
        return {item.sample.task_id: self._references[item.sample.task_id] for item in items if item.lost is None}

    def _cpus(self) -> int:
        """Of a machine, what one shard takes: all of the smallest, so that larger ones take several at a time."""
        return min((max(1, machine.cpus) for machine in machines(self._ray)), default=1)

    def _most_under_way(self) -> int:
        there = machines(self._ray)
        return _AHEAD_PER_MACHINE * max(1, sum(machine.cpus for machine in there) // self._cpus())


def _shard(orders: shards.Orders, items: tuple[Item, ...], references: dict[str, Any]) -> shards.Graduated:
    """On a machine of the cluster."""
    return shards.graded(orders, items, references, ray_or_refuse().get)
