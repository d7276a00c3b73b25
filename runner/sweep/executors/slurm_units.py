"""Units as Slurm jobs, by submitit, where a cluster has no Ray (decision 0017).

Theory of operation. Machines of such a cluster share a file system, so a unit's folder lies in the runs' root
(``.slurm/<unit>/``): the job's command writes there, and this process reads there what has come. A job is asked to end
by a file in that folder, because a signal of Slurm's is followed by KILL whether or not a server has given its memory
back. The number of the job is in the folder too: whoever finds a job of a sweep that was killed ends it, and takes over
what it had written, before it begins another. Which jobs are alive is asked of ``squeue``, since ``sacct`` needs a data
base that not every cluster has.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from core.errors import BenchError, UsageError
from runner.cluster import code
from runner.request import Outputs
from runner.sweep.executors.attempt import Attempt
from runner.sweep.executors.base import WholeQueue
from runner.sweep.executors.hosted import Hosted, limited
from runner.sweep.executors.local import Local
from runner.sweep.executors.orders import absolute, gpus_of, ram_of
from runner.sweep.executors.parcels import UnitFolder
from runner.sweep.executors.unit_child import GRACE_S, UnitChild
from runner.sweep.executors.work_order import Begun, Ended
from runner.sweep.units import Unit
from system.clock import monotonic_s
from system.process import capture

_LOOK_S: Final = 2.0
_ASK_S: Final = 10.0
"""How often Slurm is asked which jobs are alive; its controller serves many."""
_AWAY: Final = "Unable to contact slurm controller"
_AGAIN_S: Final = 30.0
_MOST_JOBS: Final = 100
"""Waiting and running: Slurm queues them, and the rest of the sweep can still be taken by another."""
_MINUTES: Final = 1440
_FOLDER: Final = ".slurm"


@dataclass(frozen=True, slots=True)
class SlurmUnits:
    """The executor of a Slurm cluster. ``settings``: what sbatch is told beside what each unit needs."""

    settings: Mapping[str, str] = field(default_factory=dict)
    cluster: str = "slurm"
    """``local``: submitit's own, which starts jobs on this machine."""

    def run_units(self, units: Sequence[Unit], out: Outputs, queue: WholeQueue) -> None:
        """See ``executors.base``. Raises UsageError where there is no Slurm, or no submitit."""
        if find_spec("submitit") is None:
            raise UsageError("--executor slurm: submitit is not installed; ./setup --with slurm")
        if self.cluster == "slurm" and shutil.which("sbatch") is None:
            raise UsageError("--executor slurm: there is no sbatch here; start it on a login node of the cluster")
        local = [unit for unit in units if unit.needs.local_model]
        hosted = Hosted([unit for unit in units if not unit.needs.local_model and not limited(unit)], out, queue)
        jobs = _Jobs(self, local, out, queue)
        try:
            while not (jobs.done and hosted.done) and not queue.stop_requested():
                hosted.step()
                jobs.step()
        finally:
            try:
                jobs.stop()
            finally:
                hosted.stop()
        if not queue.stop_requested():
            Local().run_units([unit for unit in units if limited(unit)], out, queue)


@dataclass(slots=True)
class _Job:
    """A unit that was submitted."""

    attempt: Attempt
    place: Path
    folder: UnitFolder
    job: Any
    begun: bool = False


class _Jobs:
    """The units that are loaded on machines of the cluster."""

    def __init__(self, how: SlurmUnits, units: Sequence[Unit], out: Outputs, queue: WholeQueue) -> None:
        self._how, self._out, self._queue = how, out, queue
        self._units: deque[Unit] = deque(units)
        self._jobs: list[_Job] = []
        self._root = out.runs_root.absolute() / _FOLDER
        self._alive: set[str] | None = None
        self._asked = 0.0
        self._answers = False
        """Whether Slurm has taken a job."""
        self._again_s = 0.0
        """Before which no job is submitted."""

    @property
    def done(self) -> bool:
        return not (self._units or self._jobs)

    def step(self) -> None:
        """Submits what may be submitted, hears what has come."""
        while self._may_submit() and not self._queue.stop_requested():
            unit = self._units.popleft()
            if cells := self._queue.begin(unit):
                attempt = Attempt(unit, cells, self._out, self._queue)
                try:
                    self._jobs.append(self._submitted(attempt))
                    self._answers = True
                except _AwayError as error:
                    self._wait_for_slurm(unit, error)
                except BenchError as error:
                    attempt.fail(attempt.left, error)
                    attempt.give_back()
        threading.Event().wait(_LOOK_S)
        self._hear()

    def _may_submit(self) -> bool:
        return bool(self._units) and len(self._jobs) < _MOST_JOBS and monotonic_s() >= self._again_s

    def _wait_for_slurm(self, unit: Unit, error: _AwayError) -> None:
        """The unit is not at fault; it waits again. Raises where Slurm did not answer before either."""
        self._queue.put_back(unit)
        self._queue.end(unit)
        if not self._answers:
            raise error
        self._units.appendleft(unit)
        self._again_s = monotonic_s() + _AGAIN_S
        self._queue.observer.note(f"{error}; trying again in {_AGAIN_S:g} s")

    def stop(self) -> None:
        """Ends what is under way; what was written is heard, then the claims are given back."""
        for job in self._jobs:
            with suppress(OSError):
                (job.place / "stop").touch()
            if not (job.place / "begun.json").exists():
                job.job.cancel()  # it waits in Slurm's queue
        ends = monotonic_s() + GRACE_S + 30
        while self._jobs and monotonic_s() < ends:
            threading.Event().wait(_LOOK_S)
            self._hear()
        for job in self._jobs:
            job.job.cancel()
            job.attempt.give_back()

    def _submitted(self, attempt: Attempt) -> _Job:
        place = self._root / attempt.unit.unit_id
        try:
            self._take_over(attempt, place)
            folder = UnitFolder(place)
            folder.unpack(attempt.unfinished())
            argv = absolute(attempt.unit.command(attempt.left))
            job = self._executor(attempt.unit).submit(SlurmWork(argv, str(place), code.digest()))
            (place / "job").write_text(f"{job.job_id}\n", "utf-8")
        except OSError as error:
            raise BenchError(f"{place}: the unit cannot be put there ({error.strerror}); see to the disk") from error
        except Exception as error:
            raise _refused(error) from error
        return _Job(attempt, place, folder, job)

    def _executor(self, unit: Unit) -> Any:
        """What submits a job with this unit's needs."""
        import submitit  # noqa: PLC0415  (an extra)

        if self._how.cluster != "slurm":
            here = submitit.AutoExecutor(folder=self._root / "jobs", cluster=self._how.cluster)
            here.update_parameters(timeout_min=_MINUTES)
            return here
        settings = dict(self._how.settings)
        asked: dict[str, Any] = {"time": int(settings.pop("time", _MINUTES)), "job_name": "bench-runner"}
        if "gres" not in settings and "gpus_per_node" not in settings:
            asked["gpus_per_node"] = gpus_of(unit)
        if (ram := ram_of(unit)) and "mem" not in settings:
            asked["mem"] = f"{ram // (1 << 20) + 1}M"
        known = submitit.SlurmExecutor._valid_parameters()  # noqa: SLF001  (nothing public names them)
        asked |= {key: value for key, value in settings.items() if key in known}
        more = {key: value for key, value in settings.items() if key not in known}
        made = submitit.SlurmExecutor(folder=self._root / "jobs", python=sys.executable)
        made.update_parameters(**asked, **({"additional_parameters": more} if more else {}))
        return made

    def _take_over(self, attempt: Attempt, place: Path) -> None:
        """What a sweep that was killed had under way: its job is ended, what it wrote is kept."""
        number = place / "job"
        if number.exists():
            former = number.read_text("utf-8").strip()
            if self._how.cluster == "slurm" and former.isdecimal():
                (place / "stop").touch()
                _end(former)
            for news in _left_in(UnitFolder(place)):
                attempt.hear(news)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)

    def _hear(self) -> None:
        if monotonic_s() - self._asked >= _ASK_S and self._how.cluster == "slurm":
            self._alive, self._asked = _alive(), monotonic_s()
        for job in list(self._jobs):
            try:
                self._hear_one(job)
            except BenchError as error:  # what came cannot be kept
                (job.place / "stop").touch()
                self._jobs.remove(job)
                job.attempt.fail(job.attempt.left, error)
                job.attempt.give_back()

    def _hear_one(self, job: _Job) -> None:
        if not job.begun and (job.place / "begun.json").exists():
            job.begun = True
            job.attempt.hear(Begun(f"{json.loads((job.place / 'begun.json').read_bytes())}, job {job.job.job_id}"))
        over = self._is_over(job)
        for each in job.folder.recorded():
            job.attempt.hear(each)
        if not over:
            return
        self._jobs.remove(job)
        for news in (*_left_in(job.folder), *job.folder.failed(job.attempt.left), _end_of(job)):
            job.attempt.hear(news)
        job.attempt.give_back()
        shutil.rmtree(job.place, ignore_errors=True)

    def _is_over(self, job: _Job) -> bool:
        if (job.place / "ended.json").exists():
            return True
        if self._how.cluster != "slurm":
            return bool(job.job.done())
        return self._alive is not None and str(job.job.job_id) not in self._alive and self._asked > 0


def _left_in(folder: UnitFolder) -> Iterator[Any]:
    yield from folder.recorded()
    yield from folder.unfinished()


def _end_of(job: _Job) -> Ended:
    """Its last word; of a job that was killed, what its log ends with."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads((job.place / "ended.json").read_bytes())
        return Ended(int(found["code"]), tuple(map(str, found["said"])))
    if (job.place / "stop").exists():
        return Ended(130, ())
    log = ""
    with suppress(OSError):
        log = Path(job.job.paths.stderr).read_text("utf-8", "replace")
    gone = f"Slurm's job {job.job.job_id} is gone: sacct -j {job.job.job_id} may say why"
    return Ended(-9, tuple(log.splitlines()[-12:]) or (gone,))


def _alive() -> set[str] | None:
    """The numbers of this user's jobs that wait or run; None where Slurm does not say."""
    try:
        said = capture(["squeue", "--me", "--noheader", "--format=%A"], timeout_s=60)
    except OSError:
        return None
    return set(said.stdout.split()) if said.code == 0 else None


def _end(number: str) -> None:
    """Waits until a job that was asked to end is gone, and ends it by force where it is not."""
    ends = monotonic_s() + GRACE_S
    while (alive := _alive()) is None or number in alive:
        if monotonic_s() > ends:
            capture(["scancel", number], timeout_s=60)
            return
        threading.Event().wait(_LOOK_S)


class _AwayError(UsageError):
    """Slurm does not answer, whatever it is asked."""


def _refused(error: Exception) -> BenchError:
    """What sbatch said, which submitit's error holds."""
    said = str(error).strip().splitlines() or [type(error).__name__]
    why = next((line for line in said if "error:" in line), said[-1])
    if _AWAY in why:
        return _AwayError(f"--executor slurm: its controller does not answer ({why.strip()[:300]}); what is done is "
                          "kept, and the same command goes on")
    return UsageError(f"the unit cannot be submitted ({why.strip()[:300]}); --slurm-arg KEY=VALUE says what this "
                      "cluster wants")


@dataclass(frozen=True, slots=True)
class SlurmWork:
    """What the job does, on a machine of the cluster. Pickled by submitit."""

    argv: tuple[str, ...]
    place: str
    digest: str

    def __call__(self) -> int:
        """The command's exit code. What it says is in the folder."""
        place = Path(self.place)
        if code.digest() != self.digest:
            other = f"{os.uname().nodename} has another version of bench_runner; all machines must have the same"
            return _said(place, 2, (other,))
        _write(place / "begun.json", os.uname().nodename)
        with UnitChild(self.argv, UnitFolder(place)) as child:
            while child.wait(1.0) is None and not (place / "stop").exists():
                pass
            ended = child.stop()
            return _said(place, 1 if ended is None else ended, child.last_lines())

    def checkpoint(self, *_: Any, **__: Any) -> Any:
        """At the end of its time, or when it is preempted: the job is queued again, and goes on with the folder."""
        from submitit.helpers import DelayedSubmission  # noqa: PLC0415  (an extra)

        return DelayedSubmission(self)


def _said(place: Path, ended: int, said: Sequence[str]) -> int:
    _write(place / "ended.json", {"code": ended, "said": list(said)})
    return ended


def _write(path: Path, value: Any) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value), "utf-8")
    part.replace(path)
