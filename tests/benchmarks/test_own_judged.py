"""A benchmark of one's own whose texts wait for a judge: scenarios in the file or beside it, several prompts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.datasets.request import DatasetRequest, TaskSet
from benchmarks.table import get
from core.errors import BadInput
from tests.benchmarks.helpers import ROOT

EXAMPLE = ROOT / "docs" / "examples" / "own_grid"
GOOD = (EXAMPLE / "emails.toml").read_text()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "prompts").mkdir()
    for path in (EXAMPLE / "prompts").iterdir():
        (tmp_path / "prompts" / path.name).write_text(path.read_text())
    return tmp_path


def read(folder: Path, text: str) -> Any:
    (folder / "emails.toml").write_text(text)
    return get(str(folder / "emails.toml"))


def tasks(benchmark: Any, **request: Any) -> TaskSet:
    found: TaskSet = benchmark.open_tasks(DatasetRequest(**request))
    return found


def test_the_example_is_on_its_page_and_has_scenarios_prompts_and_a_temperature() -> None:
    assert f"```toml\n{GOOD}```" in (ROOT / "docs" / "prompts.md").read_text()
    benchmark = get(str(EXAMPLE / "emails.toml"))
    found = tasks(benchmark)
    assert (benchmark.name, benchmark.evaluator, benchmark.is_judged, benchmark.temperature) == (
        "emails", "judged", True, 0.8)
    assert benchmark.prompt_versions == ("plain", "system")
    assert benchmark.default_prompt == "plain"
    assert len(found.tasks) == 4
    assert set(found.tasks[0].prompt) == {"reader", "tone", "facts"}
    assert {path.name for path in benchmark.files} == {"emails.toml"}


def test_scenarios_may_lie_in_a_file_of_their_own_as_a_grid_or_a_line_each(folder: Path) -> None:
    inside = tasks(read(folder, GOOD))
    start, end = GOOD.index("[scenarios]"), GOOD.index("[prompt]")
    grid = GOOD[start:end].replace("[scenarios]\n", "").replace("scenarios.", "")
    (folder / "grid.toml").write_text(grid)
    beside = tasks(read(folder, GOOD[:start] + '[tasks]\nfile = "grid.toml"\n' + GOOD[end:]))
    assert (beside.sha256, beside.tasks) == (inside.sha256, inside.tasks), "where they stand decides nothing"
    (folder / "two.jsonl").write_text('{"reader": "a", "tone": "b", "facts": ["c"]}\n'
                                      '{"reader": "d", "tone": "e", "facts": "f"}')
    other = tasks(read(folder, GOOD), problems_file=str(folder / "two.jsonl"))
    assert [task.prompt["facts"] for task in other.tasks] == ["- c", "f"]


def test_a_limit_and_a_mark_before_the_answer_hold_here_too(folder: Path) -> None:
    text = GOOD.replace('parser = "text"', 'parser = "after"\nafter = "E-mail:"') + "tasks = 2\n"
    found = tasks(read(folder, text))
    assert [task.prompt["answer_after"] for task in found.tasks] == ["E-mail:"] * 2


def test_another_prompt_or_scenario_is_another_hash_and_the_same_is_the_same(folder: Path) -> None:
    before = read(folder, GOOD)
    assert before.prompt_sha256("plain") == get(str(EXAMPLE / "emails.toml")).prompt_sha256("plain")
    (folder / "prompts" / "plain.md").write_text("Write to {reader}, {tone}: {facts}")
    after = read(folder, GOOD)
    assert after.prompt_sha256("plain") != before.prompt_sha256("plain")
    assert after.prompt_sha256("system") == before.prompt_sha256("system")


@pytest.mark.parametrize(("old", "new", "said"), [
    ('evaluator = "judged"', 'evaluator = "exact"\nexpected = "x"', "needs a right answer for each task"),
    ('folder = "prompts"', 'folder = "prompts"\nuser = "{reader}"', r"\[prompt\] user: stands in the files of"),
    ('folder = "prompts"', 'folder = "no"', "no' cannot be read as a folder of prompts"),
    ('folder = "prompts"', 'folder = "a\\u0000b"', "cannot be read as a folder of prompts"),
    ('folder = "prompts"', "", r"\[prompt\]( user)?: is missing; every benchmark needs it, or \[prompt\] folder"),
    ("[prompt]", '[tasks]\nfile = "x.jsonl"\n[prompt]', r"and \[scenarios\] both say what is asked"),
    ("[prompt]", '[tasks]\nid = "x"\n[prompt]', r"\[tasks\] id: means nothing for scenarios"),
    ("count = 4", "count = 400", r"emails.toml: count: must be from 1 to 6"),
    ("[scenarios.lists]", "[scenarios.list]", "there is no such key; did you mean lists"),
    ('parser = "text"', 'parser = "math"', "gives no answer that evaluator 'judged' can judge"),
])
def test_a_mistake_is_told_with_what_to_do(folder: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(BadInput, match=said):
        tasks(read(folder, GOOD.replace(old, new, 1)))


def test_a_prompt_that_shows_nothing_is_named(folder: Path) -> None:
    (folder / "prompts" / "plain.md").write_text("Write an e-mail.")
    with pytest.raises(BadInput, match=r"\[prompt\] folder: the prompt plain shows no field of the tasks"):
        read(folder, GOOD)
