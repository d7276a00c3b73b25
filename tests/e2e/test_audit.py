"""--audit: some tasks asked twice, to see what the server alone changes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from runner.audit import SECOND_ASKING
from tests.e2e.test_resume import end, lines, texts, until_samples
from tests.e2e.tool import Tool

RUN = ("--model", "demo-3M", "--benchmark", "math", "--server", "xllamacpp", "--parallel", "1", "--threads", "1",
       "--server-arg=cache_prompt=false")


def comparable(record: dict[str, Any]) -> dict[str, Any]:
    """The record without times and ids."""
    usual = {k: v for k, v in record.items() if k not in {"timestamp", "run_id", "latency", "memory", "provenance"}}
    return {**usual, "results": {k: v for k, v in record["results"].items() if k != "time_taken"}}


def without_audit(record: dict[str, Any]) -> dict[str, Any]:
    """What was asked twice was asked for, so it is another cell of a plan."""
    return {key: value for key, value in comparable(record).items() if key not in {"audit", "cell"}}


def test_at_one_slot_without_a_cache_nothing_differs_and_the_run_is_what_it_would_have_been(tool: Tool) -> None:
    assert tool(*RUN, "--limit", "40").code == 0
    done = tool(*RUN, "--limit", "40", "--audit", "12")
    assert done.code == 0, done.err
    plain, audited = tool.records()
    assert audited["audit"] == {"tasks": 12, "texts_differ": 0, "verdicts_differ": 0, "differing": [], "flipped": [],
                                "requests": 12, "completion_tokens": audited["audit"]["completion_tokens"]}
    assert audited["audit"]["completion_tokens"] > 0
    assert "audit" not in plain
    assert without_audit(audited) == without_audit(plain), "score, usage and fingerprint are those of the run alone"
    assert "asked twice: texts differed for 0 of 12 tasks, verdicts for 0" in done.err
    before, after = tool.run_folders()
    assert texts(before) == texts(after)
    again = lines(after / "audit.jsonl")
    assert {line["sample"] for line in again} == {SECOND_ASKING}
    assert {line["task_id"]: line["seed"] for line in again}.items() <= {
        line["task_id"]: line["seed"] for line in lines(after / "samples.jsonl")}.items()
    printed = [line for line in lines(after / "script.out") if line["event"] == "sample"]
    places = [number for number, line in enumerate(printed) if line["sample"] == SECOND_ASKING]
    assert places[0] < 20, "in the middle of the run, not after it"


NO_SEED = """\
import json, os, random, sys, urllib.request
request = json.load(open(os.environ["BENCH_REQUEST"]))
tasks = {json.loads(line)["task_id"]: json.loads(line)["prompt"] for line in open(request["tasks_file"])}
print(json.dumps({"event": "start", "total": len(tasks), "interactive": True}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if message.get("end"):
        break
    draw = message["draw"]
    body = {"messages": [{"role": "user", "content": tasks[draw["task_id"]]["question"]}], "temperature": 1.5,
            "max_tokens": 40, "seed": random.randrange(10**6)}
    ask = urllib.request.Request(os.environ["BENCH_BASE_URL"] + "/v1/chat/completions", json.dumps(body).encode(),
        {"Authorization": "Bearer " + os.environ["BENCH_API_KEY"], "Content-Type": "application/json"})
    choice = json.load(urllib.request.urlopen(ask))["choices"][0]
    letters = "".join(random.choices("abcdefgh", k=20))
    print(json.dumps({"event": "sample", "task_id": draw["task_id"], "sample": draw["sample"],
                      "response": f'{choice["message"]["content"] or ""} {letters}',
                      "finish_reason": choice["finish_reason"]}), flush=True)
print(json.dumps({"event": "end"}), flush=True)
"""


def test_texts_that_differ_are_counted_named_and_shown_beside_differences(tool: Tool) -> None:
    """A driven script of the user's that does not send the seed, and ends each text in other letters."""
    script = tool.folder / "own.py"
    script.write_text(NO_SEED)
    done = tool(*RUN, "--limit", "16", "--script", str(script), "--audit", "16", "--workers", "1")
    assert done.code == 0, done.err
    [record] = tool.records()
    audit = record["audit"]
    assert audit["tasks"] == 16
    assert audit["texts_differ"] == 16
    assert len(audit["differing"]) == 16
    assert audit["verdicts_differ"] == len(audit["flipped"])
    shown = tool("show", record["run_id"]).out
    assert f"texts that differ     {audit['texts_differ']} of 16" in shown
    table = tool("compare").out
    assert f"asked twice: {audit['verdicts_differ']} of 16 verdicts differed" in table
    [row] = json.loads(tool("compare", "--format", "json").out)
    assert row["audit_tasks"] == 16
    assert row["audit_texts_differ"] == audit["texts_differ"]


def test_a_script_that_reads_no_draws_cannot_be_audited_and_that_is_said(tool: Tool, tmp_path: Path) -> None:
    script = tmp_path / "own.sh"
    script.write_text("""#!/bin/sh
echo '{"event": "sample", "task_id": "math-000", "sample": 0, "response": "1"}'
""")
    script.chmod(0o755)
    done = tool(*RUN, "--limit", "2", "--script", str(script), "--audit", "1")
    assert done.code == 2
    assert "--audit: this benchmark script does not read draws" in done.err
    assert tool.records() == []
    done = tool("--model", "demo-3M", "--benchmark", "mine", "--script", str(script), "--audit", "1")
    assert done.code == 2
    assert "--audit: 'mine' is a benchmark of your own" in done.err


@pytest.mark.timeout(120)
def test_a_run_that_is_taken_up_asks_no_task_a_third_time(tool: Tool, tmp_path: Path) -> None:
    calm = Tool(tmp_path / "calm")
    calm.folder.mkdir()
    flags = (*RUN, "--audit", "60")
    assert calm(*flags).code == 0
    for more_than in (40, 120):
        process = tool.start(*flags)
        assert until_samples(tool, process, more_than)
        time.sleep(0.01)
        end(process)
    done = tool(*flags)
    assert done.code == 0, done.err
    assert comparable(tool.records()[0]) == comparable(calm.records()[0])
    [folder] = tool.run_folders()
    again = [line["task_id"] for line in lines(folder / "audit.jsonl")]
    assert len(again) == len(set(again)) == 60
    assert len(texts(folder)) == 200
    details = lines(folder / "details.jsonl")
    assert len(details) == 200
    printed = [(line["task_id"], line["sample"]) for line in lines(folder / "script.out") if line["event"] == "sample"]
    assert len(set(printed)) == 260
