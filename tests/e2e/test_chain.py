"""A cascade of two quantizations: each is loaded once, both together have a record, and a kill loses nothing."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.test_strategies import kill_when, lines
from tests.e2e.tool import Tool

TASKS = 8
CASCADE = ("--model", "demo:Q2_K", "demo:Q4_K_M", "--benchmark", "math", "--server", "xllamacpp", "--threads", "1",
           "--limit", str(TASKS), "--temperature", "0.8", "--max-tokens", "60", "--strategy", "cascade", "--n", "2")


def by_kind(records: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The first model's record, the second one's, and that of both; there are no others."""
    assert len(records) == 3
    [joined] = [record for record in records if "joined_from" in record]
    [second] = [record for record in records if "passed_on_by" in record]
    [first] = [record for record in records if record is not joined and record is not second]
    return first, second, joined


def test_killed_between_its_models_it_asks_nothing_twice_and_counts_the_second_ones_answers(tool: Tool) -> None:
    kill_when(tool, (*CASCADE, "--quiet"), lambda: len(tool.records()) == 1)
    done = tool(*CASCADE)
    assert done.code == 0, done.err
    first, second, joined = by_kind(tool.records())
    assert (first["model"], second["model"]) == ("demo-5M:Q2_K", "demo-5M:Q4_K_M")
    assert joined["model"] == "demo-5M:Q2_K > demo-5M:Q4_K_M"
    assert joined["joined_from"] == [first["run_id"], second["run_id"]]
    assert second["passed_on_by"] == first["run_id"]
    assert len(tool.run_folders()) == 3

    passed_on = {line["task_id"] for line in lines(tool.runs_root / second["run_id"] / "tasks.jsonl")}
    assert 0 < len(passed_on) == joined["config"]["chain"]["passed_on"] <= TASKS
    assert f"{len(passed_on)} of {TASKS} tasks of demo-5M:Q2_K on math go on to demo-5M:Q4_K_M" in done.err
    tasks = {line["task_id"]: line for line in lines(tool.runs_root / joined["run_id"] / "tasks.jsonl")}
    assert len(tasks) == joined["results"]["total_problems"] == TASKS
    for task_id, task in tasks.items():
        assert task["samples"] == (4 if task_id in passed_on else 2)
        assert task["chosen"] < 2 or task_id in passed_on
    for name in ("completion_tokens", "requests"):
        assert joined["usage"][name] == first["usage"][name] + second["usage"][name]
    places = [(line["task_id"], line["sample"]) for line in lines(tool.runs_root / joined["run_id"] / "details.jsonl")]
    assert len(places) == len(set(places)) == joined["usage"]["requests"]
    assert "cascade n=2 > demo-5M:Q4_K_M" in done.err
    shown = json.loads(tool("compare", "--format", "json").out)
    assert second["run_id"] not in {row["run_id"] for row in shown}, "a part of a run has no row of its own"


def test_where_the_first_model_is_sure_of_everything_no_other_is_loaded(tool: Tool) -> None:
    done = tool(*CASCADE, "--margin", "0")
    assert done.code == 0, done.err
    assert "no task of demo-5M:Q2_K on math goes on to demo-5M:Q4_K_M: its record stands" in done.err
    assert [record["model"] for record in tool.records()] == ["demo-5M:Q2_K"]
    assert not list(tool.runs_root.glob(".command-*.jsonl"))
