"""The examples that a prompt shows are read as they stand there, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import asserts
from benchmarks.datasets import human_eval, lcb
from benchmarks.datasets.request import DatasetRequest
from benchmarks.doctests import MAX_EXAMPLES, examples_in
from benchmarks.table import get
from tests.benchmarks.helpers import write_lines


def read(docstring: str) -> list[tuple[Any, ...]]:
    found = examples_in(f'def f(x):\n    """{docstring}\n    """\n', "f")
    return [(example.given, dict(example.named), example.expected) for example in found]


@pytest.mark.parametrize(("docstring", "wanted"), [
    ("\n    >>> f([1, 2])\n    3\n    >>> f([])\n    0", [(([1, 2],), {}, 3), (([],), {}, 0)]),
    ("\n    >>> f(1,\n    ...   x=2)\n    (1, 2)", [((1,), {"x": 2}, (1, 2))]),
    ("\n    >>> f('a\\nb')\n    'b'", [(("a\nb",), {}, "b")]),
    ("f(1) == 2", [((1,), {}, 2)]),
    ("f(1) => 2 # since one and one", [((1,), {}, 2)]),
    ("* f(1, 'a)(') -> [2, 3]", [((1, "a)("), {}, [2, 3])]),
    ("f('x') ==> \"NO\"\nf('y') \u279e 'YES'.", [(("x",), {}, "NO"), (("y",), {}, "YES")]),
    ("for example f(5) returns [1, 5] # the sequence", [((5,), {}, [1, 5])]),
    ("f(1) = true\nf(2) => None", [((1,), {}, True), ((2,), {}, None)]),
    ("Input: arr = [1, 2], k = 3\n    Output: [2]", [((), {"arr": [1, 2], "k": 3}, [2])]),
    ("For x = [1, 2] the output should be 5", [((), {"x": [1, 2]}, 5)]),
    ("f(1) == 2\nf(1) == 3", [((1,), {}, 2)]),
    ("assert f((1, 2)) == set((4, 5))", [(((1, 2),), {}, {4, 5})]),
])
def test_plain_forms_are_read(docstring: str, wanted: list[Any]) -> None:
    assert read(docstring) == wanted


@pytest.mark.parametrize("docstring", [
    "f(1) == 1 + 9 = 10", "f(n) = 1 + n", "round(f(1), 2) == 3", "\n    >>> round(f(1), 2)\n    3", "g(1) == 2",
    "\n    >>> f(1)\n    Traceback (most recent call last):\n    ValueError", "f(1) == ", "f(open('x')) == 1",
    "my_f(1) == 2", "self.f(1) == 2", "f(*[1]) == 2", "f(**{'a': 1}) == 2", "f(1) != 2", "f(1) == set(5)",
    "f(1) == eval('1')", "f(1", "f(1) == [1, 2",
    "Input: 5\n\n\n    nothing", "",
])
def test_what_is_no_plain_example_is_passed_over(docstring: str) -> None:
    assert read(docstring) == []


@pytest.mark.parametrize("prompt", [
    "f(" * 20_000, '"""' * 10_000, '""" f(' + "-" * 3000 + "1) == 2", "f(1) == " + "[" * 5000, "f(1) == 9" + "9" * 6000,
    "f(" + "'" * 5000, ">>> f(1)\n" * 5000, "\0", "f(1) == '\ud800'",
])
def test_a_hostile_prompt_neither_raises_nor_takes_long(prompt: str) -> None:
    assert len(examples_in(prompt, "f")) <= MAX_EXAMPLES


@given(st.text(alphabet=st.sampled_from("f(1,[])='\"\\ \n>.=#-"), max_size=200))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    examples_in(f'"""{text}"""', "f")


def test_most_human_eval_prompts_show_examples() -> None:
    tasks = human_eval.open_tasks(DatasetRequest())
    shown = [tasks.public_examples(task.task_id) for task in tasks.tasks]
    assert sum(one is not None for one in shown) >= 150
    assert sum(len(one.examples) for one in shown if one) >= 430


def test_asserts_that_a_prompt_shows_are_calls_with_a_result() -> None:
    found = asserts.examples_of(["assert f((1, 2), k=3) == {4}", "assert f(0) == 1, 'why'", "assert f(g(1)) == 2",
                                 "assert not f(1)", "import math\nassert f(2) == math.pi"], judged=True)
    assert found is not None
    assert found.entry == "f"
    assert [(one.given, dict(one.named), one.expected, one.judged) for one in found.examples] == [
        (((1, 2),), {"k": 3}, {4}, True), ((0,), {}, 1, True)]


def test_of_asserts_that_grade_only_the_calls_are_told() -> None:
    found = asserts.examples_of(["assert f(1) == 73918"], judged=False)
    assert found is not None
    assert "73918" not in repr(found)
    assert [(one.given, one.judged) for one in found.examples] == [((1,), False)]


@pytest.mark.parametrize("texts", [
    [], ["assert f(1) == 1", "assert g(1) == 1"], ["assert True"], ["x ="], ["assert a.f(1) == 1"]])
def test_asserts_of_no_one_function_are_no_examples(texts: list[str]) -> None:
    assert asserts.examples_of(texts, judged=True) is None


def test_mbpp_tells_the_calls_of_its_tests_and_keeps_back_what_they_expect(tmp_path: Path) -> None:
    record = {"task_id": 1, "text": "Double it.", "code": "def f(x): return 2 * x",
              "test_list": ["assert f(36959) == 73918", "assert f(1) == 2"]}
    tasks = get("mbpp").open_tasks(DatasetRequest(problems_file=str(write_lines(tmp_path / "m.jsonl", [record]))))
    found = tasks.public_examples("1")
    assert found is not None
    assert (found.entry, [one.given for one in found.examples]) == ("f", [(36959,), (1,)])
    assert not any(one.judged for one in found.examples)
    assert "73918" not in repr(found)


@pytest.mark.parametrize(("name", "prompt"), [
    ("human_eval_plus", 'def f(x):\n    """Doubles.\n    >>> f(2)\n    4\n    """\n'),
    ("mbpp_plus", '"""\nWrite a function to double.\nassert f(2) == 4\n"""\n'),
])
def test_the_examples_of_the_plus_tasks_are_those_of_their_prompts(name: str, prompt: str, tmp_path: Path) -> None:
    record = {"task_id": "Mbpp/1", "prompt": prompt, "entry_point": "f", "canonical_solution": "    return 2 * x\n",
              "base_input": [[2]], "plus_input": [[36959]], "atol": 0}
    path = tmp_path / "plus.jsonl"
    tasks = get(name).open_tasks(DatasetRequest(problems_file=str(write_lines(path, [record]))))
    found = tasks.public_examples("Mbpp/1")
    assert found is not None
    assert (found.entry, [(one.given, one.expected) for one in found.examples]) == ("f", [((2,), 4)])
    assert "36959" not in repr(found)


def lcb_file(folder: Path, *, func_name: str | None, public: list[dict[str, str]]) -> str:
    record = {
        "question_id": "q1", "question_content": "Add.", "starter_code": "",
        "public_test_cases": json.dumps(public),
        "private_test_cases": json.dumps([{"input": "HIDDEN", "output": "HIDDEN", "testtype": "stdin"}]),
        "metadata": json.dumps({"func_name": func_name} if func_name else {}),
    }
    path = folder / "tasks.jsonl"
    path.write_text(json.dumps(record) + "\n")
    return str(path)


def test_the_public_tests_of_a_contest_problem_are_its_examples_and_the_private_ones_are_not(tmp_path: Path) -> None:
    public = [{"input": "1 2\n", "output": "3\n", "testtype": "stdin"}]
    tasks = lcb.open_tasks(DatasetRequest(lcb_file(tmp_path, func_name=None, public=public)))
    found = tasks.public_examples("q1")
    assert found is not None
    assert found.entry is None
    assert [(example.given, example.expected) for example in found.examples] == [("1 2\n", "3\n")]
    assert "HIDDEN" not in repr(found)
    assert "HIDDEN" in repr(tasks.reference("q1"))


def test_a_functional_problem_gives_calls(tmp_path: Path) -> None:
    public = [{"input": "[1, 2]\n3", "output": "[4, 5]", "testtype": "functional"}]
    tasks = lcb.open_tasks(DatasetRequest(lcb_file(tmp_path, func_name="addAll", public=public)))
    found = tasks.public_examples("q1")
    assert found is not None
    assert (found.entry, found.examples[0].given, found.examples[0].expected) == ("addAll", ([1, 2], 3), [4, 5])


def test_a_problem_whose_public_arguments_are_no_json_has_no_examples(tmp_path: Path) -> None:
    public = [{"input": "[1, 2", "output": "3", "testtype": "functional"}]
    tasks = lcb.open_tasks(DatasetRequest(lcb_file(tmp_path, func_name="f", public=public)))
    assert tasks.public_examples("q1") is None
