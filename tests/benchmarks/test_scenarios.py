"""Scenario sets: the same bytes everywhere, balanced, and told by file and place where something is wrong."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.datasets import scenarios
from benchmarks.datasets.grid import Drawn, Grid, canonical, named
from benchmarks.datasets.grid import scenarios as made
from benchmarks.datasets.request import DatasetRequest, TaskSet
from core.errors import BadInput, UsageError
from tests.benchmarks.helpers import ROOT
from tests.evaluators import pythons

GOLDEN = "2f98d9689a722fcccef5779bce03d9e0586dd62081753765083fd1754989a54b"
"""Of the shipped scenarios. Another value is another benchmark: earlier runs of ``tips`` compare with no new ones."""

SAYS = """
import locale, sys
try:
    locale.setlocale(locale.LC_ALL, "")
except locale.Error:
    pass
from benchmarks.datasets.request import DatasetRequest
from benchmarks.datasets.scenarios import open_tips
found = open_tips(DatasetRequest())
print(sys.version_info[0], sys.version_info[1], found.sha256, *[task.task_id for task in found.tasks])
"""

TOML = """
seed = 5
count = 6
[lists]
persona = ["a nurse", "a student", "a baker"]
time_slot = ["morning", "noon", "evening"]
[draw.tasks]
from = ["a", "b", "c", "d"]
count = 2
"""


def told(tmp_path: Path, text: str, name: str = "own.toml") -> str:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        scenarios.task_set("own", path)
    said = str(refused.value)
    assert said.startswith(str(path))
    return said.removeprefix(str(path))


def opened(tmp_path: Path, text: str, name: str = "own.toml") -> TaskSet:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return scenarios.task_set("own", path)


def test_the_shipped_scenarios_are_byte_for_byte_what_they_were() -> None:
    found = scenarios.open_tips(DatasetRequest())
    assert found.sha256 == GOLDEN
    assert [task.task_id for task in found.tasks][:2] == ["tips/0-2e988823", "tips/1-1abd5670"]
    assert found.tasks[1].prompt["time_slot"] == "early in the morning, half an hour before leaving"
    written = canonical([dict(task.prompt) for task in found.tasks])
    assert hashlib.sha256(written).hexdigest() == GOLDEN
    assert written.startswith(b'{"persona":"Ines, 34, a nurse on changing shifts')
    assert written.count(b"\n") == 8


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13"])
def test_they_are_the_same_under_every_python_hash_seed_and_locale(version: str) -> None:
    python = pythons.python_or_skip(version)
    here = scenarios.open_tips(DatasetRequest())
    expected = [*version.split("."), here.sha256, *(task.task_id for task in here.tasks)]
    for seed, language in (("0", "C"), ("1", "tr_TR.UTF-8"), ("4294967295", "C.UTF-8")):
        around = {"PYTHONHASHSEED": seed, "LC_ALL": language, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "0"}
        done = subprocess.run([python, "-c", SAYS], capture_output=True, text=True, env={**os.environ, **around},
                              cwd="/", check=True)
        assert done.stdout.split() == expected


def test_every_value_comes_about_equally_often_and_no_scenario_twice() -> None:
    found = scenarios.open_tips(DatasetRequest()).tasks
    for field, most in (("persona", 2), ("time_slot", 2)):
        counts = Counter(task.prompt[field] for task in found)
        assert max(counts.values()) == most
        assert max(counts.values()) - min(counts.values()) <= 1
    things = Counter(line for task in found for line in task.prompt["tasks"].splitlines())
    assert set(things.values()) == {2}
    assert len({str(task.prompt) for task in found}) == 8


def test_a_smaller_choice_is_the_beginning_of_a_larger_one_and_another_seed_another_choice() -> None:
    def of(count: int, seed: int = 5) -> list[dict[str, str]]:
        lists = {"persona": [f"p{n}" for n in range(5)], "hour": [f"h{n}" for n in range(4)]}
        return made(Grid(lists, {"tasks": Drawn(["x", "y", "z"], 2)}, count, seed))

    assert of(7) == of(12)[:7]
    assert of(7) != of(7, seed=6)
    assert of(7) == of(7)


def test_the_order_of_lists_and_values_decides_nothing_of_a_choice() -> None:
    lists = {"persona": ["a", "b", "c"], "hour": ["x", "y"]}
    turned = {name: list(reversed(values)) for name, values in reversed(lists.items())}
    assert canonical(made(Grid(lists, count=4))) == canonical(made(Grid(turned, count=4)))


def test_without_a_count_it_is_every_combination_in_the_order_of_the_lists() -> None:
    found = made(Grid({"a": ["1", "2"], "b": ["x", "y"]}))
    assert [scenario["a"] + scenario["b"] for scenario in found] == ["1x", "1y", "2x", "2y"]


words = st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=5, unique=True)


@given(lists=st.dictionaries(st.sampled_from(["p", "q", "r"]), words, min_size=1), pool=words, seed=st.integers(),
       data=st.data())
def test_of_any_lists_it_takes_as_many_as_asked_for_each_once(
    lists: dict[str, list[str]], pool: list[str], seed: int, data: st.DataObject,
) -> None:
    grid = Grid(lists, {"drawn": Drawn(pool, data.draw(st.integers(1, len(pool))))}, None, seed)
    count = data.draw(st.integers(1, grid.combinations))
    found = made(Grid(lists, grid.drawn, count, seed))
    assert len({tuple(scenario[name] for name in lists) for scenario in found}) == count
    assert all(scenario[name] in lists[name] for scenario in found for name in lists)
    assert len(set(named("x", found))) == count


def test_a_comment_or_another_spelling_is_the_same_set_and_another_text_is_not(tmp_path: Path) -> None:
    first = opened(tmp_path, TOML)
    again = opened(tmp_path, "# the same\n" + TOML.replace('"a nurse"', "'a nurse'").replace("\n", "\r\n"))
    other = opened(tmp_path, TOML.replace("a nurse", "a purse"))
    assert (first.sha256, first.tasks) == (again.sha256, again.tasks)
    assert first.sha256 != other.sha256
    ids = [{task.task_id for task in found.tasks} for found in (first, other)]
    assert ids[0] != ids[1], "runs on the one do not pair with runs on the other"


def test_values_that_are_lists_are_shown_a_line_each(tmp_path: Path) -> None:
    found = opened(tmp_path, '[lists]\ntasks = [["sew", "iron"], "rest"]')
    assert [task.prompt["tasks"] for task in found.tasks] == ["- sew\n- iron", "rest"]


def test_scenarios_of_ones_own_a_line_each_have_their_own_ids_or_are_named_by_what_they_are(tmp_path: Path) -> None:
    found = opened(tmp_path, '{"id": "first", "persona": "a", "age": 30, "tasks": ["x", "y"]}\n{"persona": "b"}\n',
                   "own.jsonl")
    assert [dict(task.prompt) for task in found.tasks] == [
        {"persona": "a", "age": "30", "tasks": "- x\n- y"}, {"persona": "b"}]
    assert found.tasks[0].task_id == "first"
    assert found.tasks[1].task_id.startswith("own/1-")
    assert found.reference("first") == {}


@pytest.mark.parametrize(("text", "said"), [
    ("[lists]\n", ": [lists]: is missing; name at least one list"),
    ("x = 1\n[lists]\na = ['b']", ": x: there is no such key; there are seed, count, lists, draw"),
    ("[lists]\na = []", ": [lists] a: must be a list of at least one text"),
    ("[lists]\na = ['b', 3]", ": [lists] a: must hold texts"),
    ("[lists]\na = ['b', ' ']", ": [lists] a: must hold texts"),
    ("[lists]\na = ['b', 'b']", ": [lists] a: has 'b' twice"),
    ("[lists]\n'a b' = ['b']", ": [lists] a b: is no name that a prompt can show"),
    ("count = 3\n[lists]\na = ['b', 'c']", ": count: must be from 1 to 2, the combinations there are"),
    ("count = true\n[lists]\na = ['b', 'c']", ": count: must be from 1 to 2"),
    ("seed = 1.5\n[lists]\na = ['b']", ": seed: must be a whole number"),
    ("draw = 1\n[lists]\na = ['b']", ": [draw]: must be sections"),
    ("[lists]\na = ['b']\n[draw.a]\nfrom = ['x']\ncount = 1", ": [draw.a]: is a list as well"),
    ("[lists]\na = ['b']\n[draw.c]\nfrom = ['x']", ": [draw.c]: must have from"),
    ("[lists]\na = ['b']\n[draw.c]\nfrom = ['x']\ncount = 2", ": [draw.c]: count must be from 1 to 1"),
    ("[lists]\na = ['b']\n[draw.c]\nfrom = 'x'\ncount = 1", ": [draw.c]: from must be a list of texts"),
    ("[lists\n", ": is no TOML"),
    (f"seed = {'9' * 5000}\n[lists]\na = ['b']", ": is no TOML"),
    (f"seed = {2**63}\n[lists]\na = ['b']", ": seed: must be a whole number"),
    ("[lists]\n" + "\n".join(f"a{n} = {[str(i) for i in range(10)]}" for n in range(5)),
     ": [lists]: come to 100,000 combinations, too many"),
    ("[lists]\na = [" + ",".join(f"'{n}'" for n in range(90_000)) + "]", ": [lists]: come to 90,000 combinations"),
    ("[lists]\na = " + str([str(n) for n in range(9_000)]) + "\n[draw.b]\ncount = 1\nfrom = "
     + str([str(n) for n in range(9_000)]), ": [lists]: come to 9,000 combinations, too many to choose from or to"),
    ('"\\u001b[31m" = 1\n[lists]\na = ["b"]', ": \\x1b[31m: there is no such key"),
    ("a = '" + "x" * (1 << 20) + "'", ": is larger than 1 MiB"),
])
def test_what_is_wrong_in_a_grid_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    assert told(tmp_path, text).startswith(said)


@pytest.mark.parametrize(("text", "said"), [
    ('{"persona": {"name": "x"}}', ":1: field 'persona' must be a text, a number or a list of texts"),
    ('{"persona": "a"}\n{"a b": "x"}', ":2: field 'a b' has no name that a prompt can show"),
    ('{"id": "1"}', ":1: holds nothing that a prompt could show"),
    ('{"n": 1e999}', ":1: field 'n' must be a text, a number"),
    ('{"id": 1, "a": "x"}\n{"id": "1", "a": "y"}', ":2: scenario '1' is there twice"),
    ("[1]", ":1: holds a JSON list"),
    ('{"a": "\\ud800"}', ":1: holds half of a surrogate pair"),
    ("", ": holds no tasks"),
])
def test_what_is_wrong_in_a_line_is_told_with_its_number(tmp_path: Path, text: str, said: str) -> None:
    assert told(tmp_path, text, "own.jsonl").startswith(said)


def test_a_file_that_is_not_there_or_no_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"nothing\.toml: cannot be read"):
        scenarios.task_set("own", tmp_path / "nothing.toml")
    (tmp_path / "latin.toml").write_bytes(b"[lists]\na = ['\xe4']")
    with pytest.raises(BadInput, match=r"latin\.toml: is no TOML"):
        scenarios.task_set("own", tmp_path / "latin.toml")


def test_tips_takes_a_file_of_the_users_and_knows_no_demo_and_no_dates(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(TOML)
    assert len(scenarios.open_tips(DatasetRequest(problems_file=str(tmp_path / "own.toml"))).tasks) == 6
    with pytest.raises(UsageError, match="tips has no demo tasks"):
        scenarios.open_tips(DatasetRequest(problems_file="demo"))
    with pytest.raises(UsageError, match="need tasks with dates"):
        scenarios.open_tips(DatasetRequest(start_date="2025-01-01"))
