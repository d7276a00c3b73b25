"""Selectors of a real run: the user's own program, tried public examples, and nothing of the answer key for either."""

from __future__ import annotations

import json
import stat

from tests.e2e.tool import ROOT, Tool

QUICK = ("--server", "xllamacpp", "--parallel", "2", "--threads", "1")
CANARY = "Zyxwvut Qponm"
SCORE = """#!/usr/bin/env python3
import json, sys
told = json.load(sys.stdin)
with open("told.jsonl", "a") as file:
    file.write(json.dumps(told) + "\\n")
if told["task_id"] == "t1":
    sys.exit("I give up")
print(-len(told["response"]))
"""


def own_program(tool: Tool) -> str:
    path = tool.folder / "score.py"
    path.write_text(SCORE)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def tasks(tool: Tool, count: int) -> str:
    """Texts of the demo's kind whose gold answer is one that no text holds."""
    held_out = (ROOT / "models" / "tasks" / "extraction_heldout.jsonl").read_text().splitlines()[:count]
    path = tool.folder / "tasks.jsonl"
    records = [json.loads(line) | {"id": f"t{number}"} for number, line in enumerate(held_out)]
    path.write_text("".join(json.dumps(record | {"target": record["target"] | {"name": CANARY}}) + "\n"
                            for record in records))
    return str(path)


def test_the_users_own_program_decides_is_told_no_gold_answer_and_its_failures_are_shown(tool: Tool) -> None:
    done = tool(
        "--model", "demo", "--benchmark", "extraction", "--problems-file", tasks(tool, 3), *QUICK, "--strategy",
        "best_of_n", "--n", "3", "--selector", f"command:{own_program(tool)}", "schema", "--temperature", "0.8")
    assert done.code == 0, done.err
    [record], [folder] = tool.records(), tool.run_folders()
    assert record["config"]["strategy"] == "best_of_n"
    details = [json.loads(line) for line in (folder / "details.jsonl").read_text().splitlines()]
    answered = [one["task_id"] for one in details if "answer" in one]
    told = (tool.folder / "told.jsonl").read_text()
    assert sorted(json.loads(line)["task_id"] for line in told.splitlines()) == sorted(answered)
    assert CANARY not in told
    failed = f"it gave no score for {answered.count('t1')} of {len(answered)} candidates; the first: t1 sample "
    assert failed in done.err
    assert "I give up" in done.err
    for line in (json.loads(text) for text in (folder / "tasks.jsonl").read_text().splitlines()):
        scores = {one["sample"]: one["merits"].get("command") for one in details
                  if one["task_id"] == line["task_id"] and "merits" in one}
        if line["task_id"] == "t1":
            assert set(scores.values()) <= {None}
        elif scores:
            assert scores[line["chosen"]] == max(score for score in scores.values() if score is not None)


def test_programs_are_chosen_by_the_examples_of_their_prompt_and_votes_are_for_what_they_do(tool: Tool) -> None:
    done = tool(
        "--model", "demo", "--benchmark", "lcb", *QUICK, "--temperature", "0.8", "--limit", "4", "--strategy",
        "best_of_n", "--n", "3", "--selector", "examples", "agreement")
    assert done.code == 0, done.err
    [folder] = tool.run_folders()
    details = [json.loads(line) for line in (folder / "details.jsonl").read_text().splitlines()]
    shares = {(one["task_id"], one["sample"]): one["merits"]["examples"] for one in details if "merits" in one}
    assert len(shares) >= 4
    assert set(shares.values()) <= {0.0, 1.0}  # each of these tasks shows one example
    for one in details:
        if one["passed"]:
            assert shares[one["task_id"], one["sample"]] == 1.0, "who passes the tests passes the example, which is one"
    for line in (json.loads(text) for text in (folder / "tasks.jsonl").read_text().splitlines()):
        of_task = {sample: share for (task_id, sample), share in shares.items() if task_id == line["task_id"]}
        if of_task:
            assert of_task.get(line["chosen"]) == max(of_task.values())


def test_a_selector_that_cannot_work_ends_the_command_before_anything_is_loaded(tool: Tool) -> None:
    asked = ("--model", "demo", "--benchmark", "extraction", "--temperature", "0.8", "--strategy", "best_of_n")
    for selector, said in (
        ("command:./none", "there is no program ./none"),
        ("examples", "the tasks of extraction show no examples"),
    ):
        done = tool(*asked, "--selector", selector)
        assert (done.code, tool.records(), tool.run_folders()) == (2, [], [])
        assert said in done.err
        assert "Traceback" not in done.err
        assert "memory:" not in done.err
