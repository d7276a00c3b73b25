"""MBPP, HumanEval+ and MBPP+: files are read, each task's own solution passes, and others do not."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.table import get
from core.errors import BadInput, UsageError
from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict
from evaluators.pool import VerifierPool
from parsers.answers.registry import ANSWER_PARSERS
from tests.benchmarks.helpers import write_lines

MBPP, HUMAN_PLUS, MBPP_PLUS = (get(name) for name in ("mbpp", "human_eval_plus", "mbpp_plus"))


@pytest.fixture(scope="module")
def pool() -> Iterator[VerifierPool]:
    with VerifierPool(1, "weak", 2.0) as made:
        yield made


def mbpp_record(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "text": f"Write a function to add {number}.", "code": f"def add(x):\r\n  return x + {number}",
        "task_id": number, "test_setup_code": "", "challenge_test_list": [],
        "test_list": [f"assert add({n}) == {n + number}" for n in range(3)],
    } | changes


def judged(pool: VerifierPool, name: str, tasks: TaskSet, task_id: str, reply: str) -> Verdict:
    task = next(task for task in tasks.tasks if task.task_id == task_id)
    answer = ANSWER_PARSERS[get(name).answer_parser](Sample(task_id, 0, reply, finish_reason="stop"), task.prompt)
    return pool.submit(get(name).evaluator, task_id, lambda: tasks.reference(task_id), answer).result(60)


def test_mbpp_asks_with_its_tests_and_grades_by_them(pool: VerifierPool, tmp_path: Path) -> None:
    path = write_lines(tmp_path / "mbpp.jsonl", [mbpp_record(number) for number in range(1, 13)])
    tasks = MBPP.open_tasks(DatasetRequest(problems_file=str(path)))
    assert [task.task_id for task in tasks.tasks] == [str(number) for number in range(1, 13)]
    (message,) = MBPP.prompt("v1").messages(dict(tasks.tasks[6].prompt))
    assert message["content"].endswith("to add 7.\nYour code should pass these tests:\n" + "\n".join(
        f"assert add({n}) == {n + 7}" for n in range(3)))
    gold = tasks.reference("7")["code"]
    for reply in (f"```python\n{gold}\n```", gold, f"[BEGIN]\n{gold}\n[DONE]\n\nYou are an expert", f"{gold}\n[DONE]"):
        assert judged(pool, "mbpp", tasks, "7", reply).outcome is Outcome.CORRECT, reply
    assert judged(pool, "mbpp", tasks, "8", f"```python\n{gold}\n```").outcome is Outcome.WRONG
    assert judged(pool, "mbpp", tasks, "7", "I cannot.").outcome is Outcome.NO_ANSWER


def test_the_few_shot_prompt_shows_tasks_two_three_and_four(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "mbpp.jsonl", [mbpp_record(number) for number in (4, 2, 11, 3)])
    task = MBPP.open_tasks(DatasetRequest(problems_file=str(path), prompt_version="3shot")).tasks[2]
    (message,) = MBPP.prompt("3shot").messages(dict(task.prompt))
    text = message["content"]
    assert [text.index(f"to add {number}.") for number in (2, 3, 4, 11)] == sorted(
        text.index(f"to add {number}.") for number in (2, 3, 4, 11))
    assert text.count("[DONE]\n\nYou are an expert Python programmer") == 3
    assert text.endswith("== 13\n[BEGIN]\n")
    assert MBPP.prompt("3shot").stops == ["[DONE]"]
    write_lines(path, [mbpp_record(11)])
    with pytest.raises(UsageError, match="lacks tasks 2, 3 and 4"):
        MBPP.open_tasks(DatasetRequest(problems_file=str(path), prompt_version="3shot"))


def test_sanitized_mbpp_is_an_array_with_prompts_and_imports(pool: VerifierPool, tmp_path: Path) -> None:
    record = {"source_file": "x", "task_id": 14, "prompt": "Volume of a ball.", "test_imports": ["import math"],
              "code": "def volume(r):\n  return 4 / 3 * math.pi * r ** 3",
              "test_list": ["assert math.isclose(volume(2), 33.51, rel_tol=0.01)"]}
    (tmp_path / "sanitized.json").write_text(json.dumps([record]))
    tasks = MBPP.open_tasks(DatasetRequest(problems_file=str(tmp_path / "sanitized.json")))
    assert tasks.tasks[0].prompt["text"] == "Volume of a ball."
    assert judged(pool, "mbpp", tasks, "14", f"```python\n{record['code']}\n```").outcome is Outcome.CORRECT


def test_a_type_may_be_passed_to_a_program(pool: VerifierPool, tmp_path: Path) -> None:
    record = mbpp_record(533, code="def without(items, kind):\n  return [x for x in items if not isinstance(x, kind)]",
                         test_list=["assert without((4, 7.7), int) == [7.7]", "assert without((1, 'a'), str) == [1]"])
    tasks = MBPP.open_tasks(DatasetRequest(problems_file=str(write_lines(tmp_path / "m.jsonl", [record]))))
    assert judged(pool, "mbpp", tasks, "533", record["code"]).outcome is Outcome.CORRECT
    returns_type = "def without(items, kind):\n  return kind"
    assert judged(pool, "mbpp", tasks, "533", returns_type).outcome is Outcome.WRONG


@pytest.mark.parametrize(
    ("change", "message"),
    [({"test_list": []}, "'test_list' must be a list of assert"), ({"code": 1}, "'code' must be a string"),
     ({"text": ""}, "'text' is empty"), ({"task_id": 1}, "task id '1' is already on line 1")],
)
def test_a_faulty_mbpp_record_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write_lines(tmp_path / "mbpp.jsonl", [mbpp_record(1), mbpp_record(2) | change])
    with pytest.raises(BadInput, match=f"mbpp.jsonl:2: .*{message}"):
        MBPP.open_tasks(DatasetRequest(problems_file=str(path)))


PLUS_RECORD = {
    "task_id": "HumanEval/900", "entry_point": "halve", "atol": 0, "contract": "", "test": "",
    "prompt": 'def halve(x):\n    """Half of x."""\n', "canonical_solution": "    return x / 2\n",
    "base_input": [[2], [3]], "plus_input": [[0], [float("inf")]],
}


def test_human_eval_plus_keeps_its_inputs_packed_and_tells_base_from_plus(pool: VerifierPool, tmp_path: Path) -> None:
    path = tmp_path / "plus.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(PLUS_RECORD).encode()))
    tasks = HUMAN_PLUS.open_tasks(DatasetRequest(problems_file=str(path)))
    (message,) = HUMAN_PLUS.prompt("v1").messages({k: str(v) for k, v in tasks.tasks[0].prompt.items()})
    assert message["content"].endswith('block:\n```\ndef halve(x):\n    """Half of x."""\n```\n')
    name = "HumanEval/900"
    right = judged(pool, "human_eval_plus", tasks, name, "```python\ndef halve(x):\n    return x / 2\n```")
    assert (right.outcome, right.fields) == (Outcome.CORRECT, {"base": True, "plus": True})
    partly = judged(pool, "human_eval_plus", tasks, name, "```python\ndef halve(x):\n    return min(x / 2, 9.0)\n```")
    assert (partly.outcome, partly.fields) == (Outcome.WRONG, {"base": True, "plus": False})


@pytest.mark.parametrize(
    ("change", "message"),
    [({"base_input": []}, "'base_input' is empty"), ({"plus_input": [1]}, "'plus_input' must be a list of argument"),
     ({"entry_point": "a b"}, "not a Python name"), ({"atol": "x"}, "'atol' must be a number")],
)
def test_a_faulty_plus_record_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write_lines(tmp_path / "plus.jsonl", [PLUS_RECORD | {"plus_input": []} | change])
    with pytest.raises(BadInput, match=f"plus.jsonl:1: .*{message}"):
        HUMAN_PLUS.open_tasks(DatasetRequest(problems_file=str(path)))


def plus_verdict(pool: VerifierPool, number: int, entry: str, solution: str, program: str,
                 inputs: list[Any], atol: float = 0) -> Verdict:
    """Of MBPP+'s task of that number, with these inputs for base and plus."""
    record = {"prompt": '"""\nDo it.\n"""\n', "entry_point": entry, "canonical_solution": solution,
              "base_input": inputs, "plus_input": inputs, "atol": atol}
    return pool.submit("mbpp_plus", f"Mbpp/{number}", lambda: record, Answer(program)).result(60)


@pytest.mark.parametrize(
    ("number", "inputs", "kinds"),
    [
        (2, [[[1, 2], [3]]], "(tuple, tuple)"), (63, [[[[1, 2], [3, 4]]]], "list of tuple"),
        (106, [[[1], [2]]], "(list, tuple)"), (115, [[[[1], []]]], "list of set"), (124, [["1", "2j"]], "complex"),
        (580, [[[1, [2, [3]]]]], "deep"), (722, [[{"a": [1, 2]}, 3]], "dict"), (999, [[[1, 2], [3]]], "(list, list)"),
    ],
)
def test_arguments_have_the_types_that_upstream_gives_them(
    pool: VerifierPool, number: int, inputs: list[Any], kinds: str
) -> None:
    shows = "def kinds(*given):\n  return repr(given)"
    right = {2: "((1, 2), (3,))", 63: "([(1, 2), (3, 4)],)", 106: "([1], (2,))", 115: "([{1}, {}],)",
             124: "(1.0, 2j)", 580: "((1, (2, (3,))),)", 722: "({'a': (1, 2)}, 3)", 999: "([1, 2], [3])"}[number]
    says = f"def kinds(*given):\n  return {right!r}"
    assert plus_verdict(pool, number, "kinds", shows, says, inputs).outcome is Outcome.CORRECT, kinds


@pytest.mark.parametrize(
    ("entry", "solution", "good", "bad"),
    [
        ("similar_elements", "return (1, 2)", "return [2, 1, 1]", "return [1]"),
        ("similar_elements", "return (1, 2)", "return {1, 2}", "return 5"),
        ("check_str", "return 'match'", "return object()", "return None"),
        ("text_match_three", "return None", "return False if False else None", "return 'm'"),
        ("are_equivalent", "return True", "return False", "raise ValueError"),
        ("sum_div", "return 7", "return 0", "return 8"),
    ],
)
def test_tasks_of_many_answers_are_compared_as_upstream_does(
    pool: VerifierPool, entry: str, solution: str, good: str, bad: str
) -> None:
    def run(body: str) -> Outcome:
        head = f"def {entry}(x):\n  "
        return plus_verdict(pool, 999, entry, head + solution, head + body, [[1]]).outcome

    assert run(solution) is Outcome.CORRECT
    assert run(good) is Outcome.CORRECT
    assert run(bad) is not Outcome.CORRECT


def test_a_pyramid_may_be_high_in_two_ways_and_a_distance_go_by_digits(pool: VerifierPool) -> None:
    slant = "def surface_Area(b, s):\n  return 2 * b * s + b * b"
    upright = "def surface_Area(b, s):\n  return round(b * b + 2 * b * ((b / 2) ** 2 + s * s) ** 0.5)"
    for program, outcome in ((slant, Outcome.CORRECT), (upright, Outcome.CORRECT),
                             (slant.replace("2 *", "3 *"), Outcome.WRONG)):
        assert plus_verdict(pool, 581, "surface_Area", slant, program, [[3, 4]], 1e-6).outcome is outcome
    whole = "def digit_distance_nums(a, b):\n  return sum(map(int, str(abs(a - b))))"
    each = "def digit_distance_nums(a, b):\n  return sum(abs(int(x) - int(y)) for x, y in zip(f'{a:05}', f'{b:05}'))"
    inputs = [[123, 256], [1, 1999]]
    assert plus_verdict(pool, 558, "digit_distance_nums", whole, each, inputs).outcome is Outcome.CORRECT


def test_values_too_long_to_cross_are_compared_by_their_digest(pool: VerifierPool) -> None:
    solution = "def many(n):\n  return [[k, str(k)] for k in range(n)]"
    other = "def many(n):\n  return [[k, str(k)] for k in range(n - 1)] + [[0, '']]"
    for program, outcome in ((solution, Outcome.CORRECT), (other, Outcome.WRONG)):
        assert plus_verdict(pool, 999, "many", solution, program, [[300_000], [900_000]]).outcome is outcome


def test_inputs_whose_value_would_be_a_gigabyte_are_left_out(pool: VerifierPool) -> None:
    code = ("from itertools import combinations_with_replacement\n"
            "def combinations_colors(l, n):\n  return list(combinations_with_replacement(l, n))")
    inputs = [[["a", "b"], 2], [[], 0], [["a", "b", "c", "d", "e", "f"] * 4, 12]]
    verdict = plus_verdict(pool, 255, "combinations_colors", code, code, inputs)
    assert verdict.outcome is Outcome.CORRECT


def test_of_inputs_that_take_all_the_time_there_is_two_are_kept() -> None:
    from evaluators.mbpp_plus import _affordable

    inputs = [[5], *([100_000_000 + n] for n in range(8)), [9_000_000]]
    assert _affordable("sum_average", inputs) == [[5], [100_000_000], [100_000_001], [9_000_000]]
    assert _affordable("another", inputs) == inputs
