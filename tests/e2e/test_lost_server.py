"""A server or a script that is lost in mid-run: it is started again, and the run goes on."""

from __future__ import annotations

import json
import shlex
import sys

import pytest

from tests.e2e.stages import RUN, server_of, wait_for
from tests.e2e.tool import ROOT, Tool
from tests.processes import lives


@pytest.mark.timeout(120)
@pytest.mark.parametrize("slots", ["1", "3"])
def test_a_server_lost_in_mid_run_is_started_again_and_the_run_goes_on(tool: Tool, slots: str) -> None:
    process = tool.start(*RUN[:-1], slots, "--threads", "1")
    wait_for(tool, process, "generating")
    server_of(process).kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "the server was lost (" in err
    [record] = tool.records()
    faults = {fault["kind"]: fault for fault in record["faults"]}
    assert faults["server lost"]["count"] == 1
    assert faults["server lost"]["reason"]
    assert 1 <= faults["lost with the server"]["count"] <= int(slots)
    assert set(faults) == {"server lost", "lost with the server"}, "no request is blamed for the loss"
    assert record["usage"]["requests_failed"] == faults["lost with the server"]["count"]
    assert record["status"] == "complete"
    places = [line["task_id"] for line in map(json.loads, (
        tool.run_folders()[0] / "samples.jsonl").read_text().splitlines())]
    assert len(places) == len(set(places)) == record["results"]["total_problems"]
    assert record["latency"]["sittings"] >= 2


@pytest.mark.timeout(120)
def test_a_server_that_hangs_is_ended_and_started_again(tool: Tool) -> None:
    process = tool.start(*RUN, "--threads", "1", "--request-timeout", "2")
    wait_for(tool, process, "generating")
    hung = server_of(process)
    hung.suspend()
    _, err = process.communicate(timeout=90)
    assert process.returncode == 0, err
    assert "the server was lost (it hung: " in err
    [record] = tool.records()
    assert record["status"] == "complete"
    assert {fault["kind"]: fault["count"] for fault in record["faults"]} == {
        "server lost": 1, "lost with the server": 1,
    }
    assert not lives(hung)


@pytest.mark.timeout(120)
def test_a_server_that_cannot_be_started_again_ends_with_3_and_the_run_can_be_taken_up(tool: Tool) -> None:
    model = tool.folder / "model.gguf"
    model.write_bytes((ROOT / "models" / "demo-5M-F16.gguf").read_bytes())
    flags = ("--model", str(model), *RUN[2:], "--threads", "1")
    process = tool.start(*flags)
    wait_for(tool, process, "generating")
    away = model.rename(tool.folder / "away.gguf")
    server_of(process).kill()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    assert "lost" in err
    assert "run the same command again to go on" in err
    assert "Traceback" not in err
    assert not tool.ledger.exists()
    away.rename(model)
    done = tool(*flags)
    assert done.code == 0, done.err
    assert "taken up: " in done.err
    [record] = tool.records()
    assert record["status"] == "complete"
    assert record["faults"][0]["kind"] == "server lost", "what happened in an earlier sitting is recorded too"
    assert len(tool.run_folders()) == 1


KILLER = """\
import json, os, signal, sys, time
import psutil
request = json.load(open(os.environ["BENCH_REQUEST"]))
port = request["base_url"].rsplit(":", 1)[1]

def kill_the_server():
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if "xllamacpp_host" in line and "guard.py" not in line:
            if any(str(c.laddr.port) == port for c in process.net_connections()):
                process.kill()

def sample(task_id):
    print(json.dumps({"event": "sample", "task_id": task_id, "sample": 0, "response": "#### 1",
                      "completion_tokens": 3}), flush=True)

"""

POISON = KILLER + """
print(json.dumps({"event": "start", "total": 1, "interactive": True}), flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if "end" in message:
        break
    if message["draw"]["task_id"].endswith("2"):
        kill_the_server()
        time.sleep(60)
    sample(message["draw"]["task_id"])
print(json.dumps({"event": "end"}), flush=True)
"""


ONCE = KILLER + """
print(json.dumps({"event": "start", "total": 5, "interactive": False}), flush=True)
done = {place[0] for place in request["done"]}
for task in map(json.loads, open(request["tasks_file"])):
    if task["task_id"] in done:
        continue
    if task["task_id"].endswith("2") and not os.path.exists("killed"):
        open("killed", "w").close()
        kill_the_server()
        sys.exit("connection refused")
    sample(task["task_id"])
print(json.dumps({"event": "end"}), flush=True)
"""


def five_tasks(tool: Tool, script: str, slots: str) -> tuple[str, ...]:
    (tool.folder / "own.py").write_text(script)
    (tool.folder / "p.jsonl").write_text('{"question": "1?", "answer": "#### 1"}\n' * 5)
    return ("--model", "demo-3M", "--benchmark", "math", "--server", "xllamacpp", "--parallel", slots, "--threads", "1",
            "--problems-file", "p.jsonl", "--script", str(tool.folder / "own.py"))


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("slots", "requests"), [("1", 3), ("3", 5)])
def test_a_task_that_the_server_is_lost_with_three_times_is_set_aside_and_no_other(
    tool: Tool, slots: str, requests: int
) -> None:
    done = tool(*five_tasks(tool, POISON, slots))
    assert done.code == 1, done.err
    [record] = tool.records()
    assert record["outcomes"] == {"correct": 4, "lost": 1}
    assert record["status"] == "incomplete"
    assert [(fault["kind"], fault["count"]) for fault in record["faults"]] == [
        ("server lost", 3), ("lost with the server", requests),
    ], "after the first loss each suspect is asked alone"
    details = (tool.run_folders()[0] / "details.jsonl").read_text().splitlines()
    assert len(details) == 5


DEADLY = POISON.replace("        kill_the_server()", "        os.kill(os.getpid(), signal.SIGKILL)")


@pytest.mark.timeout(120)
def test_a_task_that_kills_the_script_three_times_is_set_aside_and_no_other(tool: Tool) -> None:
    done = tool(*five_tasks(tool, DEADLY, "2"))
    assert done.code == 1, done.err
    assert "the script was lost (ended by SIGKILL)" in done.err
    [record] = tool.records()
    assert record["outcomes"] == {"correct": 4, "lost": 1}
    faults = {fault["kind"]: fault["count"] for fault in record["faults"]}
    assert faults["script lost"] == 3
    assert "server lost" not in faults
    assert "requests_failed" not in record["usage"], "of no fault of the server's"


def test_a_script_that_fails_because_the_server_was_lost_is_started_again_for_the_rest(tool: Tool) -> None:
    done = tool(*five_tasks(tool, ONCE, "1"))
    assert done.code == 0, done.err
    [record] = tool.records()
    assert record["outcomes"] == {"correct": 5}
    assert [fault["kind"] for fault in record["faults"]] == ["server lost", "lost with the server"]


def fake_server(tool: Tool, *options: str) -> tuple[str, ...]:
    """A run of five tasks on a server that misbehaves as told."""
    path = tool.folder / "llama-server"
    fake = ROOT / "tests" / "fakes" / "llama_server.py"
    path.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, '-I', str(fake), *options])} \"$@\"\n")
    path.chmod(0o755)
    (tool.folder / "p.jsonl").write_text('{"question": "1?", "answer": "#### 1"}\n' * 5)
    return ("--model", "demo-3M", "--benchmark", "math", "--server", "llama-server", "--server-bin", str(path),
            "--parallel", "1", "--problems-file", "p.jsonl")


def test_requests_that_a_server_refuses_are_asked_again_and_recorded(tool: Tool) -> None:
    done = tool(*fake_server(tool, "--fail-posts", "2"))
    assert done.code == 0, done.err
    [record] = tool.records()
    assert record["outcomes"] == {"correct": 5}
    [fault] = record["faults"]
    assert (fault["kind"], fault["count"]) == ("http", 2)
    assert "503" in fault["reason"]
    assert "told to fail" in fault["reason"]
    assert record["usage"]["requests_failed"] == 2


def test_a_server_that_refuses_everything_costs_three_tries_a_task_and_ends(tool: Tool) -> None:
    done = tool(*fake_server(tool, "--fail-posts", "1000"), "--limit", "2")
    assert done.code == 1, done.err
    [record] = tool.records()
    assert record["outcomes"] == {"lost": 2}
    assert (record["status"], record["validity"]["status"]) == ("incomplete", "suspect")
    assert [(fault["kind"], fault["count"]) for fault in record["faults"]] == [("http", 6)]


def test_a_server_that_dies_of_memory_is_started_again_and_the_record_says_why(tool: Tool) -> None:
    died = str(tool.folder / "died")
    done = tool(*fake_server(tool, "--die-at-post", "3", "--died", died, "--exit-code", "1",
                             "--last-words", "ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer"))
    assert done.code == 0, done.err
    [record] = tool.records()
    assert record["outcomes"] == {"correct": 5}
    faults = {fault["kind"]: fault for fault in record["faults"]}
    assert {kind: fault["count"] for kind, fault in faults.items()} == {"server lost": 1, "lost with the server": 1}
    assert "memory does not suffice" in faults["server lost"]["reason"]
