"""Programs on standard input, test after test: none meets anything of the one before but its files."""

from __future__ import annotations

import pytest

from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.pool import VerifierPool

TESTS = 12
SUM = {"inputs": [f"{number} 1\n" for number in range(TESTS)],
       "outputs": [f"{number + 1}\n" for number in range(TESTS)], "fn_name": None}
ALONE = """
import os, time
{before}
os.close(os.open('running', os.O_CREAT | os.O_EXCL))
print(sum(map(int, input().split())))
time.sleep(0.01)
os.unlink('running')
{after}
"""
"""Fails if the program of another test has begun and not ended."""
UNSEEN = """
import os, sys, threading, time
def size(): return os.stat('beats').st_size if os.path.exists('beats') else 0
before = size()
time.sleep(0.02)
assert size() == before, 'somebody is still here'
def beat():
    with open('beats', 'ab', buffering=0) as file:
        while True: file.write(b'.'); time.sleep(0.001)
def leave():
{leave}
leave()
while size() == before: time.sleep(0.001)
print(sum(map(int, input().split())))
"""
"""Leaves something running that can be seen, and fails if it sees any of an earlier test."""


def judge(pool: VerifierPool, program: str) -> Verdict:
    return pool.submit("lcb", "t", lambda: SUM, Answer(program)).result(60)


@pytest.mark.parametrize(("before", "after"), [
    ("", ""),
    ("os.closerange(3, 256)", ""),
    ("os.write(3, b'x' * 1000)", ""),
    ("os.dup2(os.open('/dev/null', os.O_RDWR), 3)", "os.close(3)"),
    ("", "import atexit\natexit.register(time.sleep, 0.01)"),
    ("", "os._exit(0)"),
    ("", "import sys\nsys.stdout.flush()\nos.close(3)\nos.execv('/bin/true', ['true'])"),
    ("import threading", "threading.Thread(target=time.sleep, args=(0.02,)).start()")])
def test_a_test_begins_when_the_one_before_has_ended(pool: VerifierPool, before: str, after: str) -> None:
    verdict = judge(pool, ALONE.format(before=before, after=after))
    assert verdict.outcome is (Outcome.WRONG if "_exit" in after else Outcome.CORRECT), verdict


@pytest.mark.parametrize("leave", [
    "    if os.fork() == 0: beat()",
    "    if os.fork() == 0:\n        if os.fork() == 0: beat()\n        os._exit(0)\n    os.wait()",
    ("    if os.fork() == 0:\n        os.close(3)\n        if os.fork() == 0: beat()\n        os._exit(0)\n"
     "    os.wait()"),
    "    threading.Thread(target=beat, daemon=True).start()"])
def test_what_a_program_leaves_running_does_not_meet_the_next_test(pool: VerifierPool, leave: str) -> None:
    if pool.isolation != "full" and "fork" in leave:
        return  # no program starts a process
    verdict = judge(pool, UNSEEN.format(leave=leave))
    assert verdict.outcome is Outcome.CORRECT, verdict


@pytest.mark.parametrize(("program", "outcome", "detail"), [
    ("print(int(input().split()[0]) + 1 if open('n', 'a').tell() < 5 else 0, file=open('n', 'a'))", Outcome.WRONG,
     "test 1: "),
    ("n = int(input().split()[0])\nprint(n + 1 if n < 7 else 0)", Outcome.WRONG, "test 8: line 1 differs"),
    ("n = int(input().split()[0])\nprint(n + 1)\nif n == 7: raise KeyError(n)", Outcome.CRASHED, "test 8: KeyError: 7"),
    ("n = int(input().split()[0])\nprint(n + 1)\nif n == 11: raise KeyError(n)", Outcome.CRASHED, "test 12: KeyError"),
    ("import os\nn = int(input().split()[0])\nprint(n + 1, flush=True)\nif n == 7: os.close(3); os.abort()",
     Outcome.CRASHED, "test 8: died: killed by signal 6"),
    ("import os, time\nn = int(input().split()[0])\nprint(n + 1, flush=True)\nif n == 7: os.close(3); time.sleep(60)",
     Outcome.TIMED_OUT, "test 8: took")])
def test_a_verdict_says_which_test_although_the_next_may_have_begun(
        pool: VerifierPool, program: str, outcome: Outcome, detail: str) -> None:
    verdict = judge(pool, program)
    assert verdict.outcome is outcome, verdict
    assert verdict.detail.startswith(detail), verdict


def test_a_program_that_says_it_ends_and_then_prints_is_judged_by_all_of_it(pool: VerifierPool) -> None:
    late = "import os, time\nprint(sum(map(int, input().split())), flush=True)\nos.close(3)\ntime.sleep(0.05)\nprint(1)"
    verdict = judge(pool, late)
    assert verdict.outcome is Outcome.WRONG
    assert verdict.detail.startswith("test 1: 2 lines"), verdict
