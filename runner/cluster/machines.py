"""The machines of a cluster, and what each is asked before it gets work: is it the same program, what does it hold?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final

from core.errors import BenchError, SandboxError, UsageError
from evaluators import levels
from evaluators.levels import CONFINED, FULL, NONE, SEATBELT
from runner.cluster import code
from runner.cluster.door import cause_of, lost, one_line

PATIENCE_S: Final = 120.0
"""For an answer to a question that takes a second; a machine may have to start a process for it."""
_FROM_BEST: Final = (FULL, CONFINED, SEATBELT, NONE)


@dataclass(frozen=True, slots=True)
class Machine:
    """One node of the cluster."""

    node_id: str
    name: str
    """For people: its host's name and address."""
    cpus: int
    gpus: int
    ram_bytes: float


def machines(ray: Any) -> list[Machine]:
    """Those that are there now, in an order that stays."""
    found = [
        Machine(node["NodeID"], f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})",
                int(node["Resources"].get("CPU", 0)), int(node["Resources"].get("GPU", 0)),
                node["Resources"].get("memory", 0.0))
        for node in ray.nodes() if node["Alive"]
    ]
    return sorted(found, key=lambda machine: (machine.name, machine.node_id))


def places(ray: Any) -> int:
    """How many models the machines that are there now can have loaded at once: one on each GPU."""
    return sum(machine.gpus for machine in machines(ray))


def refuse_other_programs(ray: Any, there: Sequence[Machine]) -> None:
    """UsageError that names the machines which run another program than this one, or none."""
    here = code.digest()
    wrong: list[str] = []
    for machine, said in asked(ray, there, code.digest):
        if isinstance(said, Exception):
            wrong.append(f"{machine.name} cannot run it ({one_line(said)})")
        elif said != here:
            wrong.append(f"{machine.name} has another version ({said})")
    if wrong:
        raise UsageError(f"all machines must run the same bench_runner ({here} here): {'; '.join(wrong)}. Bring each "
                         "to the same commit, `./setup --with ray` there, and start its Ray from that environment")


@dataclass(frozen=True, slots=True)
class Holds:
    """What a machine says of its sandbox."""

    level: str | None
    """The best that it holds of what was asked; None: none of it."""
    why: str = ""
    missing: tuple[str, ...] = ()
    """Modules that judging takes and that it has not."""


def look(isolation: str, python: str | None, needs: Sequence[str]) -> Holds:
    """Run on the machine that is asked: builds the sandbox, as a run there would."""
    missing = tuple(name for name in needs if find_spec(name) is None)
    try:
        reached = levels.reach(isolation, python, ())
    except BenchError as error:
        return Holds(None, str(error), missing)
    if (worker := reached.take_worker()) is not None:
        worker.close()
    better = reached.detail.get("not_held")
    why = "; ".join(f"{level}: {reason}" for level, reason in better.items()) if better else ""
    return Holds(reached.level, why, missing)


def common_level(
    there: Sequence[tuple[Machine, Any]], isolation: str, say: Callable[[str], None]
) -> str:
    """Of what machines answered to ``look``: the level that all reach. Says so where that is less than one holds.

    Raises SandboxError that names a machine which does not hold what was asked, UsageError for a package it lacks.
    """
    for machine, said in there:
        if isinstance(said, Exception):
            raise cause_of(said) from said
        if said.missing:
            raise UsageError(f"{machine.name}: {', '.join(said.missing)} is not installed there, and answers are "
                             "judged with it; ./setup --with benchmarks there")
        if said.level is None:
            raise SandboxError(f"{machine.name}: {said.why} Leave that machine out, or ask less of all by --isolation.")
    lowest = least(said.level for _, said in there)
    weak = [(machine.name, said.why) for machine, said in there if said.level == lowest]
    if isolation == "auto" and len(weak) < len(there):
        say(f"{', '.join(name for name, _ in weak)} {'holds' if len(weak) == 1 else 'hold'} only isolation {lowest} "
            f"({weak[0][1]}): so it is {lowest} on every machine")
    return lowest


def least(reached: Iterable[str]) -> str:
    """The weakest of these levels; ``none`` of none."""
    return max(reached, key=_FROM_BEST.index, default=NONE)


def asked(
    ray: Any, there: Sequence[Machine], question: Callable[..., Any], *arguments: Any
) -> list[tuple[Machine, Any]]:
    """Each machine's answer, or the exception; a machine that went away meanwhile is left out."""
    affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
    remote = ray.remote(question)
    under_way = [
        (machine, remote.options(num_cpus=0, max_retries=0, scheduling_strategy=affinity(machine.node_id, soft=False))
         .remote(*arguments)) for machine in there
    ]
    found: list[tuple[Machine, Any]] = []
    for machine, answer in under_way:
        try:
            found.append((machine, ray.get(answer, timeout=PATIENCE_S)))
        except ray.exceptions.GetTimeoutError:
            raise UsageError(f"{machine.name} did not answer within {PATIENCE_S:g} s; look at its Ray with `ray "
                             "status`, or take it out of the cluster with `ray stop` there") from None
        except ray.exceptions.TaskUnschedulableError:
            continue
        except ray.exceptions.RayError as error:
            if not lost(error, ray):
                found.append((machine, error))
    return found


