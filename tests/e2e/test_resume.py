"""A run that did not finish goes on where it stopped, and comes to what it would have come to."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from benches import killing, resume
from tests import skips
from tests.e2e.tool import Tool

SERVER = ("--server", "xllamacpp", "--parallel", "1", "--threads", "1")
RUN = ("--model", "demo-3M", "--benchmark", "math", *SERVER)
TASKS = 200


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def texts(folder: Path) -> dict[tuple[str, int], str]:
    """Response by place; no place twice."""
    samples = lines(folder / "samples.jsonl")
    found = {(line["task_id"], line["sample"]): line["response"] for line in samples}
    assert len(found) == len(samples), "asked again although it had been written"
    return found


def until_samples(tool: Tool, process: subprocess.Popen[str], more_than: int) -> bool:
    """Waits for so many samples; False when the run ended before."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = [p.read_bytes().count(b"\n") for p in tool.runs_root.glob("*/samples.jsonl")]
        if sum(found) > more_than:
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    raise AssertionError("no samples came")


def end(process: subprocess.Popen[str]) -> str:
    """Kills the runner and waits until all that it started is gone; what it had said."""
    started = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    _, err = process.communicate()
    _, left = psutil.wait_procs(started, timeout=5)
    assert left == []
    return err


@pytest.mark.timeout(300)
def test_killed_at_ten_moments_it_comes_to_the_record_of_an_undisturbed_run(tmp_path: Path) -> None:
    """The runner, the script or the server, as benches/resume.py does a hundred times."""
    calm, run = killing.Run(tmp_path / "calm"), killing.Run(tmp_path / "killed")
    assert calm.whole().code == 0
    with killing.Looking(run) as looking:
        done = killing.harry(run, killing.plan(10, TASKS, random.Random(7)))  # the machine's own pace differs anyway
        done.finish(run)
    assert (set(done.killed), done.left) == ({"runner", "script", "server"}, [])
    assert len(done.killed) >= 8
    assert looking.problems == []
    assert looking.looks > 100
    assert resume.faults_of(calm, run) == []
    [record] = run.records()
    [folder] = (run.folder / "runs").glob("*-math-*")
    details = lines(folder / "details.jsonl")
    assert len(details) == len({(line["task_id"], line["sample"]) for line in details}) == TASKS
    faults = {fault["kind"] for fault in record["faults"]}
    assert {"script lost", "server lost"} & faults
    latency = record["latency"]
    assert latency["sittings"] > 5
    assert latency["generation_s"] <= record["results"]["time_taken"]
    assert latency["tokens_per_second"] == pytest.approx(
        record["usage"]["completion_tokens"] / latency["generation_s"], rel=0.01
    )
    by_sitting: dict[int, float] = {}
    for sample in lines(folder / "samples.jsonl"):
        by_sitting[sample["sitting"]] = sample["at_s"]
    assert latency["generation_s"] == pytest.approx(sum(by_sitting.values()), abs=0.3)


@skips.needs("root", there=os.getuid() == 0)
@pytest.mark.timeout(240)
def test_on_a_disk_that_fills_up_it_comes_to_the_record_of_an_undisturbed_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resume, "_MORE_KIB", (40, 90))  # fuller by larger steps than in the bench
    calm = killing.Run(tmp_path / "calm", "--limit", "60")
    assert calm.whole().code == 0
    assert resume.full_disk(tmp_path, calm, 3) == []


def test_an_interrupt_says_how_to_go_on_and_the_same_command_does(tool: Tool) -> None:
    process = tool.start(*RUN, "--temperature", "0.8")
    assert until_samples(tool, process, 20)
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "run the same command again to go on" in err
    [folder] = tool.run_folders()
    before = texts(folder)
    done = tool(*RUN, "--temperature", "0.8")
    assert done.code == 0, done.err
    assert f"taken up: {len(before)} of {TASKS} tasks were answered" in done.err
    after = texts(folder)
    assert len(after) == TASKS
    assert before.items() <= after.items()
    seeds = {line["task_id"]: line["seed"] for line in lines(folder / "samples.jsonl")}
    assert len(set(seeds.values())) > TASKS / 2
    assert tool(*RUN, "--temperature", "0.8").code == 0
    assert len(tool.run_folders()) == 2, "a run that ended is not taken up"


def test_another_setting_begins_a_new_run_and_is_named(tool: Tool) -> None:
    process = tool.start(*RUN)
    assert until_samples(tool, process, 3)
    end(process)
    done = tool(*RUN, "--temperature", "0.5", "--limit", "3")
    assert done.code == 0, done.err
    assert "sampling.temperature was 0 and is 0.5" in done.err
    assert "the choice of tasks was another" in done.err
    assert "a new run begins" in done.err
    assert len(tool.run_folders()) == 2


def test_no_resume_starts_anew(tool: Tool) -> None:
    process = tool.start(*RUN)
    assert until_samples(tool, process, 3)
    end(process)
    done = tool(*RUN, "--no-resume")
    assert done.code == 0, done.err
    assert "taken up" not in done.err
    assert len(tool.run_folders()) == 2
    assert len(texts(tool.run_folders()[-1])) == TASKS


def test_a_command_of_several_runs_goes_on_at_the_one_it_was_stopped_in(tool: Tool) -> None:
    flags = ("--model", "demo:F16", "--benchmark", "extraction", "math", "--limit", "30", *SERVER)

    def summaries() -> int:
        return len(list(tool.runs_root.glob("*/summary.json")))

    process = tool.start(*flags)
    while summaries() < 1:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)
    end(process)
    assert summaries() == 1
    [noted] = tool.runs_root.glob(".command-*")
    whole = noted.read_bytes()
    noted.write_bytes(b'{"cell": ["?"]}\n' + whole)
    damaged = tool(*flags)
    assert (damaged.code, "a line names no run; remove it or" in damaged.err) == (2, True)
    noted.write_bytes(whole)
    done = tool(*flags)
    assert done.code == 0, done.err
    assert "on extraction: done when this command was stopped" in done.err
    assert sorted(record["benchmark"] for record in tool.records()) == ["extraction", "math"]
    assert done.err.count("95 %") >= 2, "both are shown"
    assert not list(tool.runs_root.glob(".command-*"))
    again = tool(*flags)
    assert again.code == 0, again.err
    assert len(tool.records()) == 4, "a command that was through measures anew"


def test_a_last_line_torn_by_a_power_cut_is_asked_again(tool: Tool) -> None:
    process = tool.start(*RUN)
    assert until_samples(tool, process, 10)
    end(process)
    [folder] = tool.run_folders()
    path = folder / "samples.jsonl"
    whole = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(whole[:5]) + whole[5][: len(whole[5]) // 2] + b"\0" * 5000)
    done = tool(*RUN)
    assert done.code == 0, done.err
    assert f"taken up: 5 of {TASKS} tasks were answered" in done.err
    assert len(texts(folder)) == TASKS


def script_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The benchmark script that a run has started."""
    [script] = [
        child for child in psutil.Process(process.pid).children(recursive=True)
        if any(word.endswith("math_tasks.py") for word in child.cmdline()) and "guard.py" not in str(child.cmdline())
    ]
    return script


def test_a_script_that_is_killed_is_started_again_within_the_run(tool: Tool) -> None:
    process = tool.start(*RUN)
    assert until_samples(tool, process, 10)
    script_of(process).kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "the script was lost (ended by SIGKILL); starting it again for what has no answer" in err
    [record] = tool.records()
    assert record["status"] == "complete"
    assert [(fault["kind"], fault["count"]) for fault in record["faults"]] == [
        ("script lost", 1), ("lost with the script", 1),
    ]
    assert record["latency"]["sittings"] == 2
    assert len(texts(tool.run_folders()[0])) == TASKS


OWN = """\
import json, os, sys, time
request = json.load(open(os.environ["BENCH_REQUEST"]))
done = {tuple(place) for place in request["done"]} if HONOURS else set()
tasks = [json.loads(line) for line in open(request["tasks_file"])]
print(json.dumps({"event": "start", "total": len(tasks), "interactive": False}), flush=True)
for number, task in enumerate(tasks):
    if (task["task_id"], 0) in done:
        continue
    if number == 7 and not request["done"]:
        time.sleep(600)  # until it is killed
    print(json.dumps({"event": "sample", "task_id": task["task_id"], "sample": 0,
                      "response": "#### %d" % os.getpid(), "completion_tokens": 3}), flush=True)
print(json.dumps({"event": "end"}), flush=True)
"""


@pytest.mark.parametrize("honours", [True, False])
def test_a_users_script_that_goes_through_tasks_once_is_told_what_is_done(tool: Tool, honours: bool) -> None:
    script = tool.folder / "own.py"
    script.write_text(f"HONOURS = {honours}\n{OWN}")
    flags = (*RUN, "--script", str(script), "--limit", "12")
    process = tool.start(*flags)
    assert until_samples(tool, process, 6)
    end(process)
    [folder] = tool.run_folders()
    first = texts(folder)
    assert len(first) == 7
    done = tool(*flags)
    assert done.code == 0, done.err
    [record] = tool.records()
    assert (record["status"], record["usage"]["requests"]) == ("complete", 12)
    assert record["usage"]["completion_tokens"] == 36
    assert first.items() <= texts(folder).items(), "the first reply stands"
    assert not [reason for reason in record["validity"]["reasons"] if "twice" in reason]
    printed = [line for line in lines(folder / "script.out") if line["event"] == "sample"]
    assert len(printed) == (12 if honours else 7 + 12)
