"""A run's programs graded in both ways."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from core.errors import BadInput, UsageError
from core.outcomes import Outcome
from core.records import Answer, Sample, Verdict, Verified
from ledger.folder import RunFolder
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


REPLIES = ["So it is two.\n\nAnswer: B", "The correct choice is **(B)**.", "Answer: C", "No idea."]


def test_where_the_published_grader_reads_replies_otherwise_each_reply_is_read_in_both_ways(tmp_path: Path) -> None:
    choices = tmp_path / "mmlu.csv"
    choices.write_text("Question,A,B,C,D,Answer,Subject\n" + "How many?,1,2,3,4,B,sums\n" * 5)
    run_id = "20261124T114536Z-mmlu-demo-5m-q8-0-7b5f0b"
    with RunFolder.create(tmp_path / "runs", run_id, {}) as folder:
        for number, reply in enumerate(REPLIES):
            sample = Sample(f"sums/{number}", 0, reply, finish_reason="stop")
            outcome = Outcome.CORRECT if number < 2 else Outcome.WRONG
            folder.append_sample(sample, None)
            folder.append_detail(Verified(sample, Answer("B"), Verdict(outcome)))
        nothing = Sample("sums/4", 0, "")
        folder.append_detail(Verified(nothing, Answer(None, "no reply"), Verdict(Outcome.LOST)))
    run = {"benchmark": "mmlu", "run_id": run_id, "config": {"grading": "native", "problems_file": str(choices)}}
    found = regrade(RegradeRequest(run, tmp_path / "runs", workers=1))
    assert (found.kind, found.passed("native"), found.passed("upstream"), found.without_program) == ("replies", 2, 1, 1)
    (difference,) = found.differences
    assert (difference.task_id, difference.native.outcome, difference.upstream.outcome) == (
        "sums/1", Outcome.CORRECT, Outcome.NO_ANSWER)
    assert found.unlike_recorded == 0
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(grading.to_rich(found))
    shown = console.export_text()
    assert "native passes 2 of 4 replies, upstream 1" in shown
    assert "1 replies never came" in shown
    assert grading.to_values(found)["replies"] == 4


def test_without_two_gradings_or_without_the_folder_it_is_said(record: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="math has one way of grading"):
        regrade(RegradeRequest({**record, "benchmark": "math"}, tmp_path / "runs"))
    with pytest.raises(BadInput, match=r"the folder of .* is not in"):
        regrade(RegradeRequest(record, tmp_path / "elsewhere"))


def test_another_data_set_is_refused(record: Any, tmp_path: Path) -> None:
    other = {**record, "provenance": {**record["provenance"], "dataset_sha256": "0" * 64}}
    with pytest.raises(BadInput, match="not the data set of this run"):
        regrade(RegradeRequest(other, tmp_path / "runs", "demo"))
