"""What a machine of the cluster does of a verification: a shard of samples, graded as the verify verb does it at home.

Run in a process of Ray's, which is used again for the next shard: its pool of verifiers stays up from one to the next.
Pools of several such processes on one machine take turns by a folder, so that what timed out is verified again with
nothing else running on that machine.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.errors import SandboxError
from evaluators.pool import VerifierPool
from runner.verify_grading import Asking, Graded, Item, Rules, grade
from system.user_cache import user_cache_folder

_POOLS: Final[dict[tuple[Asking, str], VerifierPool]] = {}
"""Of this process: one, unless several verifications have used it."""


@dataclass(frozen=True, slots=True)
class Graduated:
    """A shard that is done."""

    graded: tuple[Graded, ...]
    isolation: str


@dataclass(frozen=True, slots=True)
class Orders:
    """What is the same for all shards."""

    rules: Rules
    asking: Asking
    level: str | None
    """What every machine has to reach; None: programs are not run, or any level will do."""


def graded(
    orders: Orders, items: tuple[Item, ...], references: Mapping[str, Any], fetched: Callable[[Any], bytes]
) -> Graduated:
    """``references``: where each task's lies in the cluster; ``fetched`` brings one here.

    Raises SandboxError where this machine reaches another level than the rest, and what the pool raises.
    """
    pool = _pool(orders)
    if orders.level is not None and pool.isolation != orders.level:
        raise SandboxError(f"a machine that joined the cluster reaches isolation {pool.isolation}, the others "
                           f"{orders.level}; name the level with --isolation, or leave that machine out")
    known: dict[str, Mapping[str, Any]] = {}

    def reference(task_id: str) -> Mapping[str, Any]:
        if task_id not in known:
            known[task_id] = pickle.loads(fetched(references[task_id]))  # noqa: S301  (see above)
        return known[task_id]

    done = tuple(grade(items, orders.rules, reference, pool, orders.asking.count()))
    return Graduated(done, pool.isolation)


def _pool(orders: Orders) -> VerifierPool:
    key = (orders.asking, orders.rules.evaluator)
    if key not in _POOLS:
        while _POOLS:
            _POOLS.popitem()[1].close()
        _POOLS[key] = orders.asking.pool(orders.rules.evaluator, user_cache_folder() / "verify-turns")
    return _POOLS[key]
