"""Several strategies on one pool of samples: equal to runs by themselves, a record each, and nothing lost by a kill."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from benches import replays
from tests.e2e.tool import Tool

TASKS = 10
SERVER = ("--server", "xllamacpp", "--threads", "1")
MATH = ("--model", "demo-3M", "--benchmark", "math", *SERVER, "--temperature", "0.8", "--max-tokens", "60",
        "--limit", str(TASKS))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_replayed_budget_is_sample_by_sample_what_it_is_when_run_alone(tmp_path: Path) -> None:
    """At one slot, with the server's prompt cache off."""
    found = replays.compare(tmp_path / "runs", "sc_fixed adaptive_margin --n 2 4 --max-n 4",
                            ["sc_fixed --n 2", "adaptive_margin --max-n 4"], replays.Conditions(6, model="demo-3M"))
    assert found[0].samples == 12
    assert 12 < found[1].samples < 24, "it stops early on some tasks, and not on all"
    assert [each.differing for each in found] == [0, 0]
    assert all(each.alike for each in found)


def test_a_sweep_of_budgets_costs_one_pool_and_gives_a_record_each_with_its_own_tokens(tool: Tool) -> None:
    done = tool(*MATH, "--strategy", "sc_fixed", "esc", "--n", "1", "4", "--max-n", "4", "--window", "2")
    assert done.code == 0, done.err
    records = {(r["config"]["strategy"], r["config"].get("n")): r for r in tool.records()}
    pool = records["sc_fixed", 4]
    assert sorted(records, key=str) == [("esc", None), ("sc_fixed", 1), ("sc_fixed", 4)]
    assert [r.get("replayed_from") for r in tool.records()] == [pool["run_id"], pool["run_id"], None]
    assert [folder.name for folder in tool.run_folders() if (folder / "script.out").exists()] == [pool["run_id"]]
    for record in records.values():
        folder = tool.runs_root / record["run_id"]
        details, tasks = lines(folder / "details.jsonl"), lines(folder / "tasks.jsonl")
        assert sum(line["completion_tokens"] for line in details) == record["usage"]["completion_tokens"]
        assert sum(line["completion_tokens"] for line in tasks) == record["usage"]["completion_tokens"]
        assert sum(line["samples"] for line in tasks) == record["usage"]["requests"] == len(details)
        assert sum(line["passed"] for line in tasks) == record["results"]["total_passed"]
        by_place = {(line["task_id"], line["sample"]): line for line in details}
        for task in tasks:
            assert task["outcome"] == by_place[task["task_id"], task["chosen"]]["outcome"]
            assert "prompt" in task
        assert (folder / "summary.json").exists()
    assert records["sc_fixed", 1]["usage"]["requests"] == TASKS
    assert TASKS * 2 <= records["esc", None]["usage"]["requests"] <= TASKS * 4 == pool["usage"]["requests"]
    assert "time_taken" in pool["results"]
    assert "time_taken" not in records["sc_fixed", 1]["results"]
    assert pool["results"]["pass_at"]["1"] <= pool["results"]["pass_at"]["4"] == pool["results"]["oracle"]
    shown = done.out + done.err
    assert "sc_fixed n=4" in shown
    assert "esc n<=4" in shown


def test_killed_at_any_moment_it_asks_nothing_twice_and_ends_with_one_record_a_strategy(tool: Tool) -> None:
    sweep = (*MATH, "--strategy", "sc_fixed", "--n", "1", "2", "3", "4", "5", "6", "--quiet")
    for more_than in (5, 40, 59):
        kill_when(tool, sweep, lambda least=more_than: samples(tool) > least)  # type: ignore[misc]
    kill_when(tool, sweep, lambda: len(tool.records()) >= 2)
    done = tool(*sweep)
    assert done.code == 0, done.err
    budgets = [record["config"]["n"] for record in tool.records()]
    assert sorted(budgets[:6]) == [1, 2, 3, 4, 5, 6]
    assert len({record.get("replayed_from") for record in tool.records()[:6]}) == 2, "one pool, which is its own"
    for folder in tool.run_folders():
        if (folder / "samples.jsonl").exists():
            places = [(line["task_id"], line["sample"]) for line in lines(folder / "samples.jsonl")]
            assert len(places) == len(set(places))
    if len(budgets) > 6:  # the last kill came after the end: the command was begun anew, as it should be
        assert sorted(budgets[6:]) == [1, 2, 3, 4, 5, 6]
    noted = [path.read_text() for path in tool.runs_root.glob(".command-*.jsonl")]
    assert noted == [], (budgets, done.err)


def samples(tool: Tool) -> int:
    return sum(path.read_bytes().count(b"\n") for path in tool.runs_root.glob("*/samples.jsonl"))


def kill_when(tool: Tool, command: tuple[str, ...], is_time: Callable[[], bool]) -> None:
    """Starts the command and kills it at that moment; it may have ended before."""
    process = tool.start(*command)
    deadline = time.monotonic() + 90
    while process.poll() is None and not is_time():
        assert time.monotonic() < deadline, "the moment never came"
        time.sleep(0.002)
    try:
        started = psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        started = []
    process.kill()
    process.communicate()
    _, left = psutil.wait_procs(started, timeout=20)
    assert left == []


OWN = """\
import json, os
request = json.load(open(os.environ["BENCH_REQUEST"]))
print(json.dumps({"event": "start", "interactive": False}))
for line in open(request["tasks_file"]):
    task = json.loads(line)["task_id"]
    for index in range(request["n"]):
        print(json.dumps({"event": "sample", "task_id": task, "sample": index, "response": f"The answer is {index}."}))
print(json.dumps({"event": "end"}))
"""


def test_a_script_that_reads_no_draws_brings_n_samples_of_each_task_and_no_strategy_that_asks_for_more(
    tool: Tool
) -> None:
    script = tool.folder / "own.py"
    script.write_text(OWN)
    own = (*MATH, "--script", str(script))
    done = tool(*own, "--strategy", "sc_fixed", "--n", "3")
    assert done.code == 0, done.err
    [record] = tool.records()
    assert record["usage"]["requests"] == 3 * TASKS
    refused = tool(*own, "--strategy", "esc")
    assert refused.code == 2
    assert "does not read draws" in refused.err
    assert "Traceback" not in refused.err
