"""Levels are found by building them: here on a machine that forbids part of what they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from evaluators import levels
from system.sandbox import landlock

ROOT = Path(__file__).parents[2]
SYSTEM_PYTHON = next((path for path in ("/usr/bin/python3.13", "/usr/bin/python3.12", "/usr/bin/python3.11")
                      if Path(path).exists()), sys.executable)

# A harness under a filter like a container's default: no namespaces, no mounts.
CONTAINER = """
import errno, sys
from system.sandbox import calls, numbers, seccomp
table, arch = numbers.table()
filter_ = seccomp._prologue(arch)
for name in sys.argv[1].split(","):
    filter_ += seccomp._when(table[name], [seccomp._answer(errno.EPERM)])
filter_.append((0x06, 0, 0, 0x7fff0000))
calls.no_new_privileges()
seccomp.Filter(filter_).install()
from core.errors import BenchError
from core.records import Answer
from evaluators.pool import Programs, VerifierPool
try:
    with VerifierPool(1, sys.argv[2], programs=Programs(python=sys.argv[3])) as pool:
        task = {"inputs": ["1"], "outputs": ["1"], "fn_name": "work"}
        verdict = pool.submit("lcb", "t", lambda: task, Answer("def work(a): return a")).result(20)
        print(pool.isolation, verdict.outcome, verdict.isolation)
except BenchError as error:
    print(error.exit_code, error)
"""
NO_NAMESPACES = "unshare,setns,mount,umount2,pivot_root"
NOTHING = NO_NAMESPACES + ",landlock_create_ruleset"


def in_container(denied: str, isolation: str) -> str:
    done = subprocess.run([sys.executable, "-c", CONTAINER, denied, isolation, SYSTEM_PYTHON], cwd=ROOT, check=True,
                          capture_output=True, text=True, timeout=60)
    return done.stdout.strip()


class TestUnderAContainersFilter:
    def test_auto_falls_back_to_confined_and_says_so(self) -> None:
        if landlock.abi() == 0:
            assert in_container(NO_NAMESPACES, "auto").startswith("5 ")
            return
        assert in_container(NO_NAMESPACES, "auto") == "confined correct confined"

    def test_full_is_never_silently_less(self) -> None:
        said = in_container(NO_NAMESPACES, "full")
        assert said.startswith("5 ")
        assert "unshare" in said

    def test_below_confined_auto_refuses_and_weak_goes_on(self) -> None:
        said = in_container(NOTHING, "auto")
        assert said.startswith("5 ")
        assert "Landlock" in said
        assert said.count("`") == 4
        assert in_container(NOTHING, "weak") == "none correct none"


def test_a_reason_is_given_for_each_level_that_does_not_hold() -> None:
    worker, facts = levels.attempt("full", python="/bin/true")
    assert worker is None
    assert facts["reason"]
