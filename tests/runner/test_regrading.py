"""A run's programs graded in both ways."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from core.errors import BadInput, UsageError
from reports import grading
from runner.importing import ImportRequest, import_file
from runner.regrading import Asking, RegradeRequest, regrade

SUM = {
    "plain": "n = input()\nprint(sum(map(int, input().split())))",
    # LiveCodeBench's stand-in for standard input cannot be gone through line by line.
    "by lines": "import sys\nlines = [line for line in sys.stdin]\nprint(sum(map(int, lines[1].split())))",
    "wrong": "print(0)",
    "raises": "print(1 // 0)",
}


@pytest.fixture
def record(tmp_path: Path) -> Any:
    """A run of LiveCodeBench's own runner on the first demo task, one sample for each program, and one without."""
    task = json.loads((Path(__file__).parents[2] / "models/tasks/lcb_style.jsonl").read_text().splitlines()[0])
    codes = [*SUM.values(), ""]
    problem = {"question_id": task["question_id"], "question_content": task["question_content"], "difficulty": "easy",
               "output_list": [f"```python\n{code}\n```" for code in codes], "code_list": codes,
               "graded_list": [True, False, False, False, False], "pass@1": 0.2}
    written = tmp_path / "x_eval_all.json"
    written.write_text(json.dumps([problem]))
    return import_file(ImportRequest(written, tmp_path / "l.json", tmp_path / "runs")).added[0]


def test_a_legal_program_that_upstream_refuses_is_listed_with_what_both_say(record: Any, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = regrade(RegradeRequest(record, tmp_path / "runs", "demo", workers=1),
                    Asking(progress=lambda done, total: seen.append((done, total))))
    assert (found.passed("native"), found.passed("upstream"), found.without_program) == (2, 1, 1)
    first = found.differences[0]
    assert (first.task_id, first.sample, first.flips) == ("demo_000", 1, True)
    assert (first.native.outcome, first.upstream.outcome) == ("correct", "crashed")
    assert first.upstream.detail.startswith("code -4")
    assert found.unlike_recorded == 0
    assert seen[-1] == (8, 8)
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(grading.to_rich(found))
    shown = console.export_text()
    for words in ("native passes 2 of 4 programs, upstream 1", "demo_000, sample 1", "native says correct",
                  "upstream says crashed: code -4", "1 replies hold no program"):
        assert words in shown
    values = grading.to_values(found)
    assert values["passed"] == {"native": 2, "upstream": 1}
    assert values["differences"][0]["upstream"]["outcome"] == "crashed"


def test_without_two_gradings_or_without_the_folder_it_is_said(record: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="math has one way of grading"):
        regrade(RegradeRequest({**record, "benchmark": "math"}, tmp_path / "runs"))
    with pytest.raises(BadInput, match=r"the folder of .* is not in"):
        regrade(RegradeRequest(record, tmp_path / "elsewhere"))


def test_another_data_set_is_refused(record: Any, tmp_path: Path) -> None:
    other = {**record, "provenance": {**record["provenance"], "dataset_sha256": "0" * 64}}
    with pytest.raises(BadInput, match="not the data set of this run"):
        regrade(RegradeRequest(other, tmp_path / "runs", "demo"))
