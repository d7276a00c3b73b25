"""Units as Ray tasks, on several GPUs and machines (decision 0017).

Theory of operation. A unit is one task that asks Ray for a GPU, or more, and for memory; Ray says where it runs and
which GPU is its own (``CUDA_VISIBLE_DEVICES``). There are as many tasks under way as the machines have GPUs, so that
units are claimed when their turn comes and not before. A task is a generator of news (``work_order``); they are heard
in this process, by one thread, which alone writes the ledger. The task of a machine that is lost raises here: its cells
that have no record go on elsewhere with what had come home of them, until that has happened three times.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.errors import BenchError
from runner.cluster import desk as desks
from runner.cluster.door import cause_of, joined, lost, ray_or_refuse
from runner.cluster.machines import machines, places, refuse_other_programs
from runner.request import Outputs
from runner.sweep.executors.attempt import Attempt
from runner.sweep.executors.base import Queue, WholeQueue
from runner.sweep.executors.hosted import Hosted, limited
from runner.sweep.executors.local import Local
from runner.sweep.executors.orders import Packed, argv_here, gpus_of, packed, ram_of, refuse_impossible
from runner.sweep.executors.parcels import Unfinished
from runner.sweep.executors.unit_child import GRACE_S
from runner.sweep.executors.work_order import News, WorkOrder, carried_out
from runner.sweep.units import Unit
from system.clock import monotonic_s

_LOOK_S: Final = 0.5
_LOSSES: Final = 3
"""After so many machines were lost with it, a unit counts as what brings them down."""


@dataclass(frozen=True, slots=True)
class RayUnits:
    """The executor of a cluster, or of one machine's GPUs."""

    address: str | None = None

    def run_units(self, units: Sequence[Unit], out: Outputs, queue: WholeQueue) -> None:
        """See ``executors.base``. Raises UsageError for a cluster that is none, or runs another program."""
        with joined(self.address, queue.observer.note) as ray:
            refuse_other_programs(ray, machines(ray))
            local = [unit for unit in units if unit.needs.local_model]
            hosted = Hosted([unit for unit in units if not unit.needs.local_model and not limited(unit)], out, queue)
            running = _Running(ray, local, out, queue)
            try:
                while not (running.done and hosted.done) and not queue.stop_requested():
                    hosted.step()
                    running.step()
            finally:
                try:
                    running.stop()
                finally:
                    hosted.stop()
        if not queue.stop_requested():
            Local().run_units([unit for unit in units if limited(unit)], out, queue)


class _Running:
    """The units that are loaded on machines of the cluster."""

    def __init__(self, ray: Any, units: Sequence[Unit], out: Outputs, queue: Queue) -> None:
        self._ray, self._out, self._queue = ray, out, queue
        self._units: deque[Unit] = deque(units)
        self._again: deque[Attempt] = deque()
        self._tasks: dict[Any, Attempt] = {}
        self._told = False
        self._desk = desks.opened(ray)
        self._remote = ray.remote(_unit)

    @property
    def done(self) -> bool:
        return not (self._units or self._again or self._tasks)

    def step(self) -> None:
        """Begins what there is room for, hears what has come within half a second."""
        self._tell_of_no_places()
        while self._has_room() and not self._queue.stop_requested() and (attempt := self._next()) is not None:
            self._submit(attempt)
        self._hear(_LOOK_S)

    def stop(self) -> None:
        """Ends what is under way, in order: what was written comes home, then the claims are given back."""
        if self._tasks:
            self._desk.stop.remote()
            ends = monotonic_s() + GRACE_S + 30
            while self._tasks and monotonic_s() < ends:
                self._hear(_LOOK_S)
        for task in list(self._tasks):
            self._ray.cancel(task, force=True)
            self._tasks.pop(task).give_back()
        while self._again:
            self._again.popleft().give_back()

    def _tell_of_no_places(self) -> None:
        none = places(self._ray) == 0
        if none and not self._told and not self.done:
            self._queue.observer.note("no machine of the cluster has a GPU: waiting for one (`ray start --num-gpus=1 "
                                      "--address=...` on it; 1 is also right where its processor computes)")
        self._told = none

    def _has_room(self) -> bool:
        taken = sum(gpus_of(attempt.unit) for attempt in self._tasks.values())
        return taken < max(1, places(self._ray))

    def _next(self) -> Attempt | None:
        """The next unit that is to be run and can be; None when there is none."""
        if self._again:
            return self._again.popleft()
        while self._units:
            unit = self._units.popleft()
            if cells := self._queue.begin(unit):
                attempt = Attempt(unit, cells, self._out, self._queue)
                if (error := refuse_impossible(unit, machines(self._ray))) is None:
                    return attempt
                self._settle(attempt, error)
        return None

    def _submit(self, attempt: Attempt) -> None:
        unit = attempt.unit
        try:
            sent = packed(unit, attempt.left)
            self._ray.get(self._desk.lend.remote(sent.paths))
        except BenchError as error:
            self._settle(attempt, error)
            return
        needs = {"num_returns": "streaming", "max_retries": 0, "num_gpus": gpus_of(unit), "num_cpus": 1}
        if ram := ram_of(unit):
            needs["memory"] = ram
        order = (sent, attempt.left, attempt.unfinished(), self._desk)
        self._tasks[self._remote.options(**needs).remote(*order)] = attempt

    def _hear(self, timeout_s: float) -> None:
        if not self._tasks:
            threading.Event().wait(timeout_s)
            return
        ready, _ = self._ray.wait(list(self._tasks), num_returns=len(self._tasks), timeout=timeout_s,
                                  fetch_local=False)
        for task in ready:
            attempt = self._tasks[task]
            try:
                attempt.hear(self._ray.get(next(task)))
            except StopIteration:
                del self._tasks[task]
                self._over(attempt)
            except self._ray.exceptions.RayError as error:
                del self._tasks[task]
                self._broken(attempt, error)
            except BenchError as error:  # what came home cannot be kept
                del self._tasks[task]
                self._ray.cancel(task, force=True)
                self._settle(attempt, error)

    def _over(self, attempt: Attempt) -> None:
        if not attempt.ended:
            attempt.fail(attempt.left, BenchError("its task ended without a word"))
        attempt.give_back()

    def _broken(self, attempt: Attempt, error: Exception) -> None:
        """A machine that is lost, or a fault of the task itself."""
        if not lost(error, self._ray):
            self._settle(attempt, cause_of(error))
            return
        attempt.losses += 1
        if attempt.losses >= _LOSSES:
            self._settle(attempt, BenchError(
                f"{_LOSSES} machines were lost with it, so no other is tried; run it alone, and watch the memory"))
        elif attempt.left:
            self._queue.observer.note(f"{attempt.name()}: its machine was lost; going on elsewhere")
            self._again.append(attempt)
        else:
            attempt.give_back()

    def _settle(self, attempt: Attempt, error: BenchError) -> None:
        attempt.fail(attempt.left, error)
        attempt.give_back()


def _unit(sent: Packed, cells: tuple[str, ...], unfinished: tuple[Unfinished, ...], desk: Any) -> Iterator[News]:
    """On a machine of the cluster."""
    ray = ray_or_refuse()
    argv = argv_here(sent, lambda path, offset, size: bytes(ray.get(desk.read.remote(path, offset, size))))
    context = ray.get_runtime_context()
    here: dict[str, Any] = next((node for node in ray.nodes() if node["NodeID"] == context.get_node_id()), {})
    gpu = [int(number) for number in context.get_accelerator_ids().get("GPU", ()) if str(number).isdecimal()]
    name = f"{here.get('NodeManagerHostname', '?')} ({here.get('NodeManagerAddress', '?')}), GPU {gpu or 'none'}"
    share = _share(gpu, int(here.get("Resources", {}).get("GPU", 1)))
    yield from carried_out(WorkOrder(argv, cells, unfinished), name, lambda: _stopped(ray, desk), share)


def _stopped(ray: Any, desk: Any) -> bool:
    try:
        return bool(ray.get(desk.stopped.remote(), timeout=30))
    except ray.exceptions.GetTimeoutError:
        return False
    except ray.exceptions.RayError:  # whoever asked for this is gone
        return True


def _share(gpu: Sequence[int], gpus: int) -> tuple[int, ...]:
    """The processors of a unit on a machine with several GPUs, so that each server's threads have their own."""
    if gpus < 2 or not gpu or not hasattr(os, "sched_getaffinity"):
        return ()
    cores = sorted(os.sched_getaffinity(0))
    each = len(cores) // gpus
    return tuple(core for number in gpu for core in cores[number * each:(number + 1) * each])
