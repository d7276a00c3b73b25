"""Driven scripts that go astray: counted, shown, and never waited for without end."""

from __future__ import annotations

import re
from pathlib import Path

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


SHELL = """#!/bin/sh
echo '{"event": "start", "total": 3, "interactive": true}'
while read -r line; do :; done
"""
ASTRAY = {
    "another-task": (ANOTHER_TASK, r"owes 1 of the answers.*first: math-001 sample 0.*1 of tasks that there are not"),
    "same-again": (SAME_AGAIN, r"owes 2 of the answers.*2 a second time"),
    "another-sample": (ANOTHER_SAMPLE, r"owes 3 of the answers.*3 of samples that nobody drew"),
    "failure-of-another": (FAILURE_OF_ANOTHER, r"owes 3 of the answers.*3 of samples that nobody drew"),
    "flood": (FLOOD, r"printed 1,0\d\d answers in a row of which none was asked for"),
    "silent": (SILENT, r"owes 3 of the answers.*printed nothing that was asked for in 8 s"),
    "shell": (SHELL, r"owes 3 of the answers.*printed nothing that was asked for in 8 s"),
}


def own(tool: Tool, body: str) -> str:
    path = tool.folder / ("own.sh" if body.startswith("#!") else "own.py")
    path.write_text(body)
    path.chmod(0o755)
    return str(path)


def test_a_driven_script_that_cannot_come_to_an_end_is_exit_4_with_what_it_did(tmp_path: Path) -> None:
    started = {}
    for name, (body, _) in ASTRAY.items():  # side by side, since each is mostly waited for
        (tmp_path / name).mkdir()
        tool = Tool(tmp_path / name)
        started[name] = tool, tool.start(*RUN, "--script", own(tool, body))
    for name, (tool, process) in started.items():
        _, err = process.communicate(timeout=100)
        shown = " ".join(err.split())
        assert process.returncode == 4, (name, err)
        assert re.search(ASTRAY[name][1], shown), shown
        assert "Traceback" not in shown
        assert tool.records() == []
        (folder,) = tool.run_folders()
        assert (folder / "script.out").stat().st_size > 0


def test_a_script_that_answered_all_and_does_not_exit_is_stopped_and_its_run_counts(tool: Tool) -> None:
    done = tool(*RUN, "--script", own(tool, LINGERS))
    assert done.code == 0, done.err
    assert "did not exit when it was told so; it was stopped, and nothing is lost" in " ".join(done.err.split())
    (record,) = tool.records()
    assert record["results"]["total_problems"] == 3
    assert record["validity"]["status"] == "ok", record["validity"]
