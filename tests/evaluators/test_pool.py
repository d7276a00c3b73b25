"""The pool: order, depth, cancelling, workers that die, verdicts that do not depend on load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.errors import BadInput, Interrupted, SandboxError, UsageError
from core.outcomes import Outcome
from core.records import Answer
from evaluators import levels
from evaluators.gate import Gate
from evaluators.pool import Programs, VerifierPool
from evaluators.sandbox.job import CALLS, Job
from system.sandbox.limits import Limits
from tests import skips
from tests.evaluators import pythons

ECHO = {"inputs": ["1"], "outputs": ["1"], "fn_name": "work"}
GOOD = Answer("def work(a): return a")
SLEEPS = Answer("import time\ntime.sleep(30)\ndef work(a): return a")


def echo() -> dict[str, Any]:
    return ECHO


def nowhere() -> dict[str, Any]:
    raise KeyError("nowhere")


def load_after(seen: list[int], number: int) -> Callable[[], dict[str, Any]]:
    def load() -> dict[str, Any]:
        seen.append(number)
        return ECHO

    return load


def worker_of(pool: VerifierPool) -> Any:
    return pool._slots[0]._worker


def test_tasks_are_taken_in_the_order_they_came(pool: VerifierPool) -> None:
    seen: list[int] = []
    futures = [pool.submit("lcb", str(number), load_after(seen, number), GOOD) for number in range(12)]
    assert {future.result(20).outcome for future in futures} == {Outcome.CORRECT}
    assert seen == list(range(12))
    assert pool.queue_depth == 0


def test_depth_counts_what_waits_and_what_runs(pool: VerifierPool) -> None:
    hold = threading.Event()

    def load() -> dict[str, Any]:
        hold.wait(10)
        return ECHO

    futures = [pool.submit("lcb", "t", load, GOOD) for _ in range(3)]
    assert pool.queue_depth == 3
    hold.set()
    for future in futures:
        future.result(20)
    while pool.queue_depth:
        time.sleep(0.01)


def test_what_waits_is_cancelled_and_what_runs_is_ended_at_once() -> None:
    pool = VerifierPool(1, "weak")
    running, waiting = (pool.submit("lcb", "t", echo, SLEEPS) for _ in range(2))
    while not running.running():
        time.sleep(0.01)
    time.sleep(0.1)
    began = time.monotonic()
    pool.close()
    assert time.monotonic() - began < 1.5
    with pytest.raises(CancelledError):
        waiting.result(1)
    with pytest.raises(Interrupted):
        running.result(1)
    with pytest.raises(Interrupted):
        pool.submit("lcb", "t", echo, GOOD)
    pool.close()


def test_bad_input_found_when_a_reference_is_loaded_ends_the_run(pool: VerifierPool) -> None:
    def load() -> dict[str, Any]:
        raise BadInput("line 7 of the file is gone")

    with pytest.raises(BadInput, match="line 7"):
        pool.submit("lcb", "t", load, GOOD).result(9)


def test_a_surprise_in_one_task_is_that_tasks_fault_alone(pool: VerifierPool) -> None:
    verdict = pool.submit("lcb", "t", nowhere, GOOD).result(9)
    assert verdict.outcome is Outcome.HARNESS_FAULT
    assert "KeyError" in verdict.detail
    assert pool.submit("lcb", "t", echo, GOOD).result(9).outcome is Outcome.CORRECT


def test_a_worker_that_died_is_replaced(pool: VerifierPool) -> None:
    os.kill(worker_of(pool)._process.pid, signal.SIGKILL)
    assert pool.submit("lcb", "t", echo, GOOD).result(20).outcome is Outcome.CORRECT


def test_a_worker_that_dies_twice_over_one_task_makes_it_a_fault() -> None:
    with VerifierPool(1, "weak") as pool:
        future = pool.submit("lcb", "t", echo, SLEEPS)
        killed: set[int] = set()
        while not future.done():
            worker = worker_of(pool)
            if worker is not None and worker._process.pid not in killed and worker.facts:
                time.sleep(0.2)  # let the run begin
                killed.add(worker._process.pid)
                os.kill(worker._process.pid, signal.SIGKILL)
            time.sleep(0.02)
        assert future.result().outcome is Outcome.HARNESS_FAULT
        assert len(killed) == 2
        assert pool.submit("lcb", "t", echo, GOOD).result(20).outcome is Outcome.CORRECT


def test_a_program_that_is_only_slow_passes_however_many_run_at_once() -> None:
    slow = Answer("import time\ndef work(a):\n    while time.process_time() < 0.25: pass\n    return a")
    with VerifierPool(6, "weak", 0.4) as pool:
        futures = [pool.submit("lcb", "t", echo, slow) for _ in range(8)]
        assert [future.result(60).outcome for future in futures] == [Outcome.CORRECT] * 8


def test_what_random_draws_depends_on_neither_the_worker_nor_what_ran_before() -> None:
    job = Job(CALLS, "report", "import random\ndef work(a): return random.random()", {"arguments": [1]}, entry="work")
    found = set()
    for _ in range(2):
        worker, _ = levels.attempt("none")
        assert worker is not None
        found |= {worker.run(job).verdict["value"] for _ in range(3)}  # type: ignore[index]  # None would fail, too
        worker.close()
    assert len(found) == 1


def test_a_verdict_is_given_before_its_run_has_ended_and_reports_do_not_get_mixed_up() -> None:
    worker, _ = levels.attempt("none")
    assert worker is not None
    good = Job(CALLS, "functional", "def work(a): return a", {"inputs": ["1"], "outputs": ["1"]}, entry="work")
    endless = Job(CALLS, "functional", "def work(a):\n    while True: pass", {"inputs": ["1"], "outputs": ["1"]},
                  entry="work", limits=Limits(cpu_s=0.2, wall_s=0.3))
    for _ in range(3):
        told = [(worker.run(job).verdict or {}).get("o") for job in (good, good, endless, good)]
        assert told == ["correct", "correct", "timed_out", "correct"]
    worker.close()


def test_a_judge_killed_while_it_stands_ready_is_replaced() -> None:
    worker, _ = levels.attempt("none")
    assert worker is not None
    job = Job(CALLS, "functional", "def work(a): return a", {"inputs": ["1"], "outputs": ["1"]}, entry="work")
    assert worker.run(job).verdict == {"o": "correct", "d": ""}
    ready = psutil.Process(worker._process.pid).children()
    assert ready
    for process in ready:
        process.kill()
    psutil.wait_procs(ready, timeout=5)
    said = [worker.run(job) for _ in range(2)]
    assert said[-1].verdict == {"o": "correct", "d": ""}
    worker.close()


def test_a_time_out_is_verified_again_alone() -> None:
    with VerifierPool(2, "weak", 0.3) as pool:
        verdict = pool.submit("lcb", "t", echo, Answer("while True: pass")).result(20)
    assert verdict.outcome is Outcome.TIMED_OUT
    assert verdict.wall_s is not None
    assert verdict.wall_s > 0.6


def test_whoever_wants_to_be_alone_is_alone() -> None:
    gate, inside, worst = Gate(), [0], [0]
    lock = threading.Lock()

    def share() -> None:
        for _ in range(50):
            with gate.shared(), lock:
                inside[0] += 1
            with lock:
                inside[0] -= 1

    def alone() -> None:
        for _ in range(20):
            with gate.alone():
                assert gate._sharing == 0
                worst[0] = max(worst[0], gate._sharing)

    threads = [threading.Thread(target=target) for target in (share, share, alone, alone)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
    assert worst == [0]


@pytest.mark.parametrize("settings", [
    {"workers": 0}, {"isolation": "strong"}, {"grading": "mild"}, {"verify_timeout_s": 0.0},
    {"verify_timeout_s": -1.0}])
def test_a_setting_that_is_none_is_a_usage_error(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        VerifierPool(**settings)


def test_a_level_that_does_not_hold_is_refused_with_two_commands(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as caught:
        VerifierPool(1, "full", programs=Programs(python=pythons.out_of_order(tmp_path)))
    assert caught.value.exit_code == 5
    assert str(caught.value).count("`") == 4
    assert "out of order" in str(caught.value)


def test_the_level_and_its_layers_are_told(pool: VerifierPool) -> None:
    assert pool.isolation in {"full", "confined", "none"}
    assert pool.isolation_detail["judge"] == "split"
    if pool.isolation == "full":
        assert pool.isolation_detail["layers"]["userns"]
        held, tried = str(pool.isolation_detail["probe"]).split("/")
        assert held == tried
    assert pool.submit("lcb", "t", echo, GOOD).result(9).isolation == pool.isolation


def test_a_killed_workers_scratch_folder_is_removed() -> None:
    worker, _ = levels.attempt("none")
    assert worker is not None
    folder = Path(worker._scratch)
    (folder / "left").mkdir()
    os.kill(worker._process.pid, signal.SIGKILL)
    worker.close()
    assert not folder.exists()


def test_level_none_still_splits_the_judge() -> None:
    worker, facts = levels.attempt("none")
    assert worker is not None
    worker.close()
    assert facts["judge"] == "split"
    assert not facts["layers"]["seccomp"]


HARNESS = """
import sys, time
from core.records import Answer
from evaluators.pool import Programs, VerifierPool
pool = VerifierPool(2, sys.argv[1])
task = {"inputs": ["1"], "outputs": ["1"], "fn_name": "work"}
program = "import os, time\\nif os.fork() == 0: os.setsid(); os.execv('/bin/sleep', ['sleep', '27182'])\\n"
program += "time.sleep(60)"
pool.submit("lcb", "t", lambda: task, Answer(program))
print("up", flush=True)
time.sleep(60)
"""


def is_called(process: psutil.Process, name: str) -> bool:
    try:
        return name in process.name()
    except psutil.NoSuchProcess:  # the pool's probe has ended meanwhile
        return False


def has_ended(process: psutil.Process) -> bool:
    """Also if the system's first process, which it fell to, has not taken note of it yet: some look once a second."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


@pytest.mark.parametrize("isolation", ["full", "weak"])
def test_nothing_is_left_two_seconds_after_the_harness_was_killed(isolation: str) -> None:
    harness = subprocess.Popen([sys.executable, "-c", HARNESS, isolation], stdout=subprocess.PIPE,
                               cwd=Path(__file__).parents[2])
    family: set[psutil.Process] = set()
    try:
        assert harness.stdout is not None
        with harness.stdout as out:
            if out.readline() != b"up\n":
                assert isolation == "full"  # refused on this machine, and said so by ending
                return
        deadline = time.monotonic() + 5
        while not any(is_called(process, "sleep") for process in family) and time.monotonic() < deadline:
            family |= set(psutil.Process(harness.pid).children(recursive=True))
            family = {process for process in family if process.is_running()}
    finally:
        harness.kill()
        harness.wait()
    assert len(family) >= 3  # a worker, a judge, a candidate, a daemon of the candidate's
    _, left = psutil.wait_procs(family, timeout=2)
    assert [process for process in left if not has_ended(process)] == []


@skips.needs("linux", there=hasattr(os, "sched_setaffinity"))
def test_programs_stay_on_the_processors_that_a_server_leaves_over_and_so_do_those_of_a_later_worker() -> None:
    where = Answer("import os\ndef work(a): return sorted(os.sched_getaffinity(0))")
    every, one = sorted(os.sched_getaffinity(0)), [max(os.sched_getaffinity(0))]

    def wanted(processors: list[int]) -> dict[str, Any]:
        return {"inputs": ["1"], "outputs": [str(processors)], "fn_name": "work"}

    with VerifierPool(1, "weak", 2.0) as pool:

        def outcomes(processors: list[int]) -> set[str]:
            """Of two runs: the first one's box stood ready before."""
            return {pool.submit("lcb", "where", lambda: wanted(processors), where).result(20).outcome for _ in range(2)}

        pool.stay_on(one)
        assert outcomes(one) == {Outcome.CORRECT}
        worker_of(pool).close()  # lost, and replaced
        assert outcomes(one) == {Outcome.CORRECT}
        pool.stay_on([])
        assert Outcome.CORRECT in outcomes(every)
