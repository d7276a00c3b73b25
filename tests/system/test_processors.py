"""Processes that are kept to some of the processors."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import psutil

from system.processors import left_over, stay_on, usable
from tests import skips

pytestmark = skips.needs("linux", there=hasattr(os, "sched_setaffinity"))


def test_what_a_server_leaves_over_is_the_rest_if_there_is_one() -> None:
    assert left_over(1, {0, 1, 2, 5}) == {1, 2, 5}
    assert left_over(3, {0, 1, 2, 5}) == {5}
    assert left_over(4, {0, 1, 2, 5}) == frozenset()
    assert left_over(9, {0}) == frozenset()
    assert left_over(0, {0, 1}) == frozenset()


def test_a_process_and_its_children_of_now_and_later_stay_where_they_are_put() -> None:
    program = ("import subprocess, sys, time\n"
               "sleeper = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
               "children = [subprocess.Popen(sleeper)]\n"
               "print('one', flush=True)\n"
               "sys.stdin.readline()\n"
               "children.append(subprocess.Popen(sleeper))\n"
               "print('two', flush=True)\n"
               "sys.stdin.readline()\n"
               "[child.kill() for child in children]\n")
    one = {max(usable())}
    with subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        stay_on(process.pid, one)
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        family = [process.pid, *(child.pid for child in psutil.Process(process.pid).children())]
        assert [os.sched_getaffinity(pid) for pid in family] == [one] * 3
        process.communicate("\n", timeout=20)


def test_a_process_that_is_gone_is_nothing_to_do() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    time.sleep(0.01)
    stay_on(process.pid, usable())
