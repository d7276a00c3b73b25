"""Verifying with another Python: each version this machine has, and what is none."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from core.errors import SandboxError, UsageError
from core.outcomes import Outcome
from core.records import Answer
from evaluators.pool import Programs, VerifierPool
from system import interpreter
from tests.evaluators import pythons
from tests.hostile.case import PROMPT, TEST

SHOWS = "import sys\ndef work(a): return '%d.%d' % sys.version_info[:2]"


@pytest.mark.parametrize("isolation", ["full", "confined", "weak"])
@pytest.mark.parametrize("version", pythons.VERSIONS)
def test_each_version_verifies_with_every_judge(version: str, isolation: str) -> None:
    python = pythons.python_or_skip(version)
    try:
        pool = VerifierPool(1, isolation, 3.0, programs=Programs(python=python))
    except SandboxError as error:
        pytest.xfail(f"not on this machine: {error}")
    calls = {"inputs": ["1", "2"], "outputs": [f'"{version}"'] * 2, "fn_name": "work"}
    reads = {"inputs": ["1\n", "2\n"], "outputs": ["1\n", "2\n"]}
    function = {"prompt": PROMPT, "test": TEST, "entry_point": "add"}
    plus = {"prompt": PROMPT, "entry_point": "add", "canonical_solution": "    return a + b\n", "atol": 0,
            "base_input": [[2, 3]], "plus_input": [[0.5, 0.25]]}
    box = "class Box:\n    def __init__(self, x): self.x = x\ndef opened(box): return box.x\n"
    asserts = {"code": box, "test_list": ["assert opened(Box(3)) == 3"]}
    with pool:
        outcomes = [pool.submit(name, "t", lambda it=task: it, Answer(program)).result(30)  # type: ignore[misc]  # bound now
                    for name, task, program in (
                        ("lcb", calls, SHOWS), ("lcb", reads, "print(input())"), ("lcb", reads, "print(3)"),
                        ("human_eval", function, "    return a + b\n"), ("human_eval", function, "    return a - b\n"),
                        ("human_eval_plus", plus, "    return b + a\n"), ("human_eval_plus", plus, "    return a\n"),
                        ("mbpp", asserts, box), ("mbpp", asserts, box.replace("box.x\n", "1\n")))]
    right, wrong = Outcome.CORRECT, Outcome.WRONG
    assert [verdict.outcome for verdict in outcomes] == [right, right, wrong, *[right, wrong] * 3], outcomes


@pytest.mark.parametrize("version", pythons.VERSIONS)
def test_each_version_grades_as_upstream_does(version: str) -> None:
    task = {"inputs": ["1\n"], "outputs": ["1\n"]}
    with VerifierPool(1, "weak", 3.0, "upstream", programs=Programs(python=pythons.python_or_skip(version))) as pool:
        assert pool.submit("lcb", "t", lambda: task, Answer("print(input())")).result(30).outcome is Outcome.CORRECT


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(("text", "said"), [
    ("echo hello", "no Python"), ("exit 3", "no Python"),
    ("printf 'p\\npython 3.8.18\\ncpython\\n/usr\\n'", "Python 3.8.18; 3.9 or later"),
    ("printf 'p\\npython 2.7.18\\ncpython\\n/usr\\n'", "Python 2.7.18; 3.9 or later"),
    ("printf 'p\\npython 3.10.14\\npypy\\n/usr\\n'", "pypy")])
def test_what_cannot_verify_is_refused_in_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    python = script(tmp_path / "python", text)
    with pytest.raises(UsageError) as caught:
        VerifierPool(1, "weak", programs=Programs(python=python))
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"--python {python}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("path", "said"), [
    ("/nowhere/python3", "no such program"), ("/", "cannot be run"), (__file__, "cannot be run")])
def test_a_path_that_is_no_program_is_refused(path: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        interpreter.ask(path)


def test_a_script_that_starts_a_python_stands_for_that_python(tmp_path: Path) -> None:
    shim = script(tmp_path / "python3", f'exec "{sys.executable}" "$@"')
    assert interpreter.ask(shim).path == sys.executable


def test_a_home_that_only_root_can_enter_is_known(tmp_path: Path) -> None:
    pythons.open_up(tmp_path / "x")
    tmp_path.chmod(0o755)
    assert interpreter.open_to_all(str(tmp_path)) == all(
        parent.stat().st_mode & 1 for parent in (tmp_path.resolve(), *tmp_path.resolve().parents))
    (tmp_path / "closed" / "inner").mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)
    assert not interpreter.open_to_all(str(tmp_path / "closed" / "inner"))
    assert not interpreter.open_to_all(str(tmp_path / "missing"))
    if os.getuid():
        assert interpreter.closed_home(None) is None
