"""One run of the tool in a folder of its own, and what kills its processes at planned moments."""

from __future__ import annotations

import fcntl
import json
import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

ROOT = Path(__file__).resolve().parents[1]
TASKS = 200
"""In the demo model's own set of word problems."""

Place = tuple[str, int]
_FLAGS = ("--model", "demo:F16", "--benchmark", "math", "--server", "xllamacpp", "--parallel", "1", "--threads", "1",
          "--server-arg=cache_prompt=false")
_VICTIMS = {"script": "math_tasks.py", "server": "xllamacpp_host"}
_POLL_S = 0.002
_LONGEST_S = 120.0
_AT_ONCE_S, _START_S, _AGAIN_S, _END_S = 0.03, 1.5, 0.2, 0.15
"""How long after its number of samples a kill may come; after the kill of a runner, which starts meanwhile; of another;
after the last sample."""

_LOSSES_WITHOUT_REPLY = 2
"""Script and server are killed so often before a sample comes: a task lost three times is rightly set aside."""


@dataclass(frozen=True)
class Ended:
    """What a start of the tool came to."""

    code: int
    err: str


class Run:
    """The same command, whenever it is started."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self.flags = flags
        self.ledger = folder / "results.json"
        folder.mkdir(parents=True, exist_ok=True)

    def start(self) -> subprocess.Popen[str]:
        argv = [sys.executable, str(ROOT / "bench_runner.py"), *_FLAGS, *self.flags, "--results", str(self.ledger),
                "--runs-root", str(self.folder / "runs")]
        return subprocess.Popen(argv, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True, start_new_session=True)

    def whole(self) -> Ended:
        """Started and left alone."""
        process = self.start()
        _, err = process.communicate(timeout=10 * _LONGEST_S)
        return Ended(process.returncode, err)

    def records(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.ledger.read_text())["runs"] if self.ledger.exists() else []
        return found

    def written(self) -> int:
        """Samples on the disk."""
        return sum(path.read_bytes().count(b"\n") for path in self.folder.glob("runs/*/samples.jsonl"))

    def _samples(self) -> list[dict[str, Any]]:
        return [line for path in self.folder.glob("runs/*/samples.jsonl") for line in _objects(path)]

    def responses(self) -> dict[Place, str]:
        return {_place(line): line["response"] for line in self._samples()}

    def written_twice(self) -> list[Place]:
        places = [_place(line) for line in self._samples()]
        return [place for place in set(places) if places.count(place) > 1]

    def _printed(self) -> dict[Place, list[float]]:
        """Of each place the samples that scripts printed for it, told apart by the seconds they took."""
        found: dict[Place, list[float]] = {}
        for path in self.folder.glob("runs/*/script.out"):
            for event in _objects(path):
                if event.get("event") == "sample":
                    found.setdefault(_place(event), []).append(event["wall_s"])
        return found

    def printed(self) -> int:
        return sum(map(len, self._printed().values()))

    def asked_though_written(self) -> list[Place]:
        """The sample that was written must be the last one printed for its place."""
        written = {_place(line): line["wall_s"] for line in self._samples()}
        return [place for place, printed in self._printed().items() if place in written
                and printed[-1] != written[place]]

    def locked(self) -> list[Path]:
        return [path for path in (*self.folder.rglob(".lock"), *self.folder.glob(".*.lock")) if not _free(path)]


def _place(line: dict[str, Any]) -> Place:
    return line["task_id"], line["sample"]


def _objects(path: Path) -> list[dict[str, Any]]:
    """Lines that are whole; a kill may tear one, and what is printed next then stands on the same line."""
    found = []
    for line in path.read_text(errors="replace").splitlines():
        start = line.rfind('{"event": "sample"') if path.suffix == ".out" else 0
        try:
            found.append(json.loads(line[max(start, 0):]))
        except ValueError:
            continue
    return found


def _free(path: Path) -> bool:
    with path.open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


class Looking:
    """Reads the ledger all the time: at every look it must be JSON, and no record may have gone."""

    def __init__(self, run: Run) -> None:
        self._run, self._stop = run, threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.looks = 0
        self.problems: list[str] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        seen = 0
        while not self._stop.wait(_POLL_S):
            try:
                now = len(self._run.records())
            except (ValueError, KeyError) as error:
                self.problems.append(f"the ledger was no JSON: {error}")
                return
            if now < seen:
                self.problems.append("a record left the ledger")
            seen, self.looks = now, self.looks + 1


@dataclass(frozen=True)
class Kill:
    """When so many samples are written (None: after the kill before) and then a moment later."""

    who: str
    after_samples: int | None
    then_s: float


def plan(count: int, tasks: int, chance: random.Random) -> list[Kill]:
    """Kills in the order in which they are due."""
    victims = ["runner", *_VICTIMS] * (count // 3 + 1)
    soon, late = count // 6, count // 20
    middle = sorted(chance.sample(range(1, tasks), count - soon - late))
    due = [Kill(victims[n], samples, chance.uniform(0, _AT_ONCE_S)) for n, samples in enumerate(middle)]
    for n in range(soon):
        at = chance.randint(1, len(due))
        longest_s = _START_S if due[at - 1].who == "runner" else _AGAIN_S
        due.insert(at, Kill(victims[n], None, chance.uniform(0, longest_s)))
    return due + [Kill("runner", tasks, chance.uniform(0, _END_S)) for _ in range(late)]


@dataclass
class Done:
    """What became of the kills."""

    killed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """Processes that outlived their runner by two seconds."""
    starts: int = 0
    process: subprocess.Popen[str] | None = None

    def finish(self, run: Run) -> None:
        """Lets the run come to its end. Raises RuntimeError when it does not."""
        if self.process is not None:
            self.process.communicate(timeout=10 * _LONGEST_S)
        for _ in range(3):
            if run.records():
                return
            self.starts += 1
            ended = run.whole()
        raise RuntimeError(f"the run does not come to its end: exit code {ended.code}: {ended.err}")


def harry(run: Run, due: list[Kill]) -> Done:
    """Kills as planned, and starts the runner again whenever it is gone, until its record is in the ledger."""
    done = Done()
    last, losses = 0, 0
    for kill in due:
        before = run.written()
        losses = 0 if before > last else losses
        last = before
        wanted = kill.after_samples or 0
        if kill.who != "runner" and losses >= _LOSSES_WITHOUT_REPLY:
            wanted = max(wanted, before + 1)
        victim = _when_due(run, done, kill, min(wanted, TASKS))
        if victim is None:
            break
        losses = 0 if kill.who == "runner" else losses + 1
        _kill(done, kill.who, victim)
    return done


def _when_due(run: Run, done: Done, kill: Kill, samples: int) -> psutil.Process | None:
    """Waits for the moment; the victim, or None when the run has ended before."""
    deadline = time.monotonic() + _LONGEST_S
    moment: float | None = None
    while time.monotonic() < deadline:
        if run.records():
            return None
        if done.process is None or done.process.poll() is not None:
            if done.process is not None:
                done.process.communicate()
            done.process = run.start()
            done.starts += 1
        if moment is None and run.written() >= samples:
            moment = time.monotonic() + kill.then_s
        if moment is not None and time.monotonic() >= moment:
            victim = _find(done.process.pid, kill.who)
            if victim is not None:
                return victim
        time.sleep(_POLL_S)
    raise RuntimeError(f"no {kill.who} to kill, or not {samples} samples, within {_LONGEST_S:g} s")


def _find(runner: int, who: str) -> psutil.Process | None:
    try:
        process = psutil.Process(runner)
        if who == "runner":
            return process
        for child in process.children(recursive=True):
            line = " ".join(child.cmdline())
            if _VICTIMS[who] in line and "guard.py" not in line:
                return child
    except psutil.Error:
        pass
    return None


def _kill(done: Done, who: str, victim: psutil.Process) -> None:
    try:
        started = victim.children(recursive=True) if who == "runner" else []
        os.kill(victim.pid, 9)
    except (psutil.Error, ProcessLookupError):
        return
    done.killed.append(who)
    if who == "runner" and done.process is not None:
        done.process.communicate()
        done.process = None
        _, left = psutil.wait_procs(started, timeout=2)
        done.left += [str(process) for process in left if _lives(process)]


def _lives(process: psutil.Process) -> bool:
    """One that waits to be reaped does not."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
