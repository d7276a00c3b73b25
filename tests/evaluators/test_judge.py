"""The judge's process: it serves many runs, and none of them can tell what another's tests did there."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.pool import VerifierPool

PROGRAM = Answer({"program": "def one(): return 1"})
SAYS_WHO = "import os\ndef check(candidate):\n    assert candidate() == 2, os.getpid()\n"


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(1, "weak", 2.0) as made:
        yield made


def judged(pool: VerifierPool, test: str, answer: Answer = PROGRAM, prompt: str = "") -> Verdict:
    reference = {"prompt": prompt, "test": test, "entry_point": "one"}
    return pool.submit("human_eval", "x", lambda: reference, answer).result(30)


def worker_of(pool: VerifierPool) -> Any:
    return pool._slots[0]._worker


def who(pool: VerifierPool) -> str:
    """The judge's number, in words."""
    verdict = judged(pool, SAYS_WHO)
    assert verdict.outcome is Outcome.WRONG
    return verdict.detail


def test_one_judge_serves_many_runs(pool: VerifierPool) -> None:
    first = who(pool)
    assert judged(pool, "def check(candidate):\n    assert candidate() == 1\n").outcome is Outcome.CORRECT
    assert judged(pool, SAYS_WHO, Answer({"program": "def one(): raise KeyError"})).outcome is Outcome.CRASHED
    assert judged(pool, SAYS_WHO, Answer({"program": "import os; os._exit(0)"})).outcome is Outcome.CRASHED
    assert who(pool) == first


@pytest.mark.parametrize("leave", [
    "import builtins; builtins.left = 1",
    "import builtins; builtins.ascii = id",
    "import sys; sys.setrecursionlimit(77_000)",
    "import sys; sys.modules['left'] = sys",
    "import decimal; decimal.getcontext().prec = 3",
    "import os; os.environ['LEFT'] = '1'",
    "import os; os.chdir('/usr')",
    "import decimal; decimal.getcontext().traps[decimal.Inexact] = True",
    "import math; math.isclose = lambda *numbers, **tolerances: True",
    "import json; json.loads = len",
    "import random; random.shuffle = id",
    "import sys; sys.stderr = None",
    "import sys; sys.path.insert(0, '/left')",
    "import sys; sys.settrace(lambda *event: None)",
    "import sys; getattr(sys, 'set_int_max_str_digits', sys.setrecursionlimit)(5_000)",
    "import gc; gc.enable()",
    "import warnings; warnings.simplefilter('error')",
    "import signal; signal.alarm(3)",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])",
    "import threading, time; threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
    "import builtins; builtins.left = bytearray(200 << 20); del builtins.left",
])
def test_a_judge_that_tests_have_changed_is_replaced(pool: VerifierPool, leave: str) -> None:
    first = who(pool)
    assert judged(pool, f"{leave}\ndef check(candidate):\n    assert candidate() == 1\n").outcome is Outcome.CORRECT
    second = who(pool)
    assert second != first
    assert who(pool) == second


def test_a_judge_that_fails_is_our_fault_and_replaced(pool: VerifierPool) -> None:
    first = who(pool)
    assert judged(pool, SAYS_WHO, prompt="raise KeyError").outcome is Outcome.HARNESS_FAULT
    assert who(pool) != first


def test_a_judge_that_dies_is_our_fault_and_replaced(pool: VerifierPool) -> None:
    dies = "import os\ndef check(candidate):\n    os._exit(0)\n"
    assert judged(pool, dies).outcome is Outcome.HARNESS_FAULT
    assert who(pool)


def number_among_workers(process: psutil.Process) -> str:
    """By which the worker's pid namespace knows it, where there is one; else the only one it has.

    Empty for one that ended since it was listed: a program's process may still be on its way out.
    """
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    numbers: list[str] = re.findall(r"\d+", status.split("NSpid:")[1].split("\n")[0])
    return numbers[:2][-1]


@pytest.mark.skipif(sys.platform != "linux", reason="process numbers are looked up in /proc")
def test_a_judge_that_is_killed_before_it_took_its_run_costs_no_worker(pool: VerifierPool) -> None:
    """It leaves a message unread, so its socket ends otherwise than that of one that just ended."""
    number, worker = who(pool).rpartition(" ")[2], worker_of(pool)
    below = psutil.Process(worker._process.pid).children(recursive=True)
    judge = next(process for process in below if number_among_workers(process) == number)
    judge.suspend()
    right = {"prompt": "", "test": "def check(candidate):\n    assert candidate() == 1\n", "entry_point": "one"}
    future = pool.submit("human_eval", "x", lambda: right, PROGRAM)
    time.sleep(0.3)
    judge.kill()
    assert future.result(30).outcome is Outcome.CORRECT
    assert worker_of(pool) is worker


def test_a_judge_that_is_kept_busy_ends_with_its_run(pool: VerifierPool) -> None:
    first = who(pool)
    spins = "def check(candidate):\n    while candidate() == 1: pass\n"
    slow = "def check(candidate):\n    while True: pass\n"
    assert judged(pool, slow).outcome is Outcome.TIMED_OUT
    assert judged(pool, spins).outcome is Outcome.TIMED_OUT
    assert who(pool) != first
