"""A run with a budget: it stops about there, also when it was killed on the way, and says what it left unasked."""

from __future__ import annotations

from runner.rationing import AHEAD_PER_SLOT
from tests.e2e.test_strategies import MATH, TASKS, kill_when, lines, samples
from tests.e2e.tool import Tool

BUDGET, SLOTS, LONGEST = 1200, 2, 60
RATIONED = (*MATH, "--parallel", str(SLOTS), "--strategy", "adaptive_margin", "--max-n", "16")


def test_killed_on_the_way_it_still_uses_its_budget_once(tool: Tool) -> None:
    command = (*RATIONED, "--budget-tokens", str(BUDGET), "--quiet")
    kill_when(tool, command, lambda: samples(tool) > TASKS + 3)
    done = tool(*command)
    assert done.code == 0, done.err
    [record] = tool.records()
    [folder] = tool.run_folders()
    generated = sum(line["completion_tokens"] for line in lines(folder / "samples.jsonl"))
    assert generated == record["usage"]["completion_tokens"]
    assert BUDGET <= generated <= BUDGET + SLOTS * AHEAD_PER_SLOT * LONGEST
    assert record["config"]["budget"] == {"tokens": BUDGET}
    drawn = [task["samples"] for task in lines(folder / "tasks.jsonl")]
    assert min(drawn) >= 1
    assert max(drawn) > min(drawn), "the doubtful tasks got more"
    assert record["status"] == "complete"


def test_a_budget_too_small_for_every_task_leaves_an_incomplete_run_that_says_so(tool: Tool) -> None:
    done = tool(*RATIONED, "--budget-tokens", "100")
    assert done.code == 1
    assert "the budget was spent before" in done.err
    [record] = tool.records()
    assert record["status"] == "incomplete"
    assert 0 < record["results"]["total_problems"] < TASKS
