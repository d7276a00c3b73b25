"""Driven scripts that go astray: counted, shown, and never waited for without end."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.tool import Tool

RUN = ("--model", "demo-3M", "--server", "xllamacpp", "--parallel", "1", "--threads", "1", "--benchmark", "math",
       "--limit", "3", "--request-timeout", "2")
PYTHON = """
import json, sys, time
def say(**event):
    print(json.dumps(event), flush=True)
def answer(draw, **other):
    say(**{"event": "sample", "task_id": draw["task_id"], "sample": draw["sample"], "response": "It is 4."} | other)
say(event="start", total=3, interactive=True)
for count, line in enumerate(sys.stdin):
    message = json.loads(line)
    if "draw" not in message:
        break
    draw = message["draw"]
"""
ANOTHER_TASK = PYTHON + """
    answer(draw, **({"task_id": "nobody's"} if count == 1 else {}))
"""
SAME_AGAIN = PYTHON + """
    answer(draw, task_id="math-000")
"""
ANOTHER_SAMPLE = PYTHON + """
    answer(draw, sample=5)
"""
FAILURE_OF_ANOTHER = PYTHON + """
    say(event="error", task_id=draw["task_id"], sample=9, kind="http", message="no")
"""
FLOOD = PYTHON + """
    while True:
        answer(draw, sample=7)
"""
SILENT = PYTHON + """
    time.sleep(10_000)
"""
LINGERS = PYTHON + """
    answer(draw)
time.sleep(10_000)
"""


def own(tool: Tool, body: str) -> str:
    path = tool.folder / "own.py"
    path.write_text(body)
    return str(path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (ANOTHER_TASK, r"owes 1 of the answers.*first: math-001 sample 0.*1 of tasks that there are not"),
        (SAME_AGAIN, r"owes 2 of the answers.*2 a second time"),
        (ANOTHER_SAMPLE, r"owes 3 of the answers.*3 of samples that nobody drew"),
        (FAILURE_OF_ANOTHER, r"owes 3 of the answers.*3 of samples that nobody drew"),
        (FLOOD, r"printed 1,0\d\d answers in a row of which none was asked for"),
        (SILENT, r"owes 3 of the answers.*printed nothing that was asked for in 2 s"),
    ],
    ids=["another-task", "same-again", "another-sample", "failure-of-another", "flood", "silent"],
)
def test_a_driven_script_that_cannot_come_to_an_end_is_exit_4_with_what_it_did(
    tool: Tool, body: str, message: str
) -> None:
    done = tool(*RUN, "--script", own(tool, body))
    assert done.code == 4, done.err
    shown = " ".join(done.err.split())
    assert tool.records() == []
    assert "the benchmark script" in shown

    assert re.search(message, shown), shown
    assert "Traceback" not in shown
    (folder,) = tool.run_folders()
    assert (folder / "script.out").stat().st_size > 0


def test_a_shell_script_that_reads_draws_and_never_answers_is_given_up(
    tool: Tool, own_script: Callable[[str], str]
) -> None:
    done = tool(*RUN, "--script", own_script(
        """echo '{"event": "start", "total": 3, "interactive": true}'\nwhile read -r line; do :; done\n"""))
    assert done.code == 4, done.err
    assert "owes 3 of the answers that it was asked for" in " ".join(done.err.split())


def test_what_was_answered_by_then_stands_and_another_script_goes_on(tool: Tool) -> None:
    script = own(tool, ANOTHER_TASK)
    assert tool(*RUN, "--script", script).code == 4
    Path(script).write_text(PYTHON + "    answer(draw)\n")
    other = tool(*RUN, "--script", script, "--no-resume")
    assert other.code == 0, other.err
    (record,) = tool.records()
    assert record["results"]["total_problems"] == 3


def test_a_script_that_answered_all_and_does_not_exit_is_stopped_and_its_run_counts(tool: Tool) -> None:
    done = tool(*RUN, "--script", own(tool, LINGERS))
    assert done.code == 0, done.err
    assert "did not exit when it was told so; it was stopped, and nothing is lost" in " ".join(done.err.split())
    (record,) = tool.records()
    assert record["results"]["total_problems"] == 3
    assert record["validity"]["status"] == "ok", record["validity"]
