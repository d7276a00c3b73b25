"""Killed, interrupted, or two at once: nothing is left running, nothing is lost."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import psutil
import pytest

from tests.e2e.tool import ROOT, Tool
from tests.processes import lives

RUN = ("--model", "demo:F16", "--benchmark", "math", "--server", "xllamacpp", "--parallel", "1")


def children_of(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def hang_up(process: subprocess.Popen[str]) -> None:
    """From now on nobody reads what it says."""
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def wait_for(tool: Tool, process: subprocess.Popen[str], stage: str) -> list[psutil.Process]:
    """All descendants, once the run has come to a stage."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = children_of(process.pid)
        samples = list(tool.runs_root.glob("*/samples.jsonl")) if tool.runs_root.exists() else []
        asked = [p for p in samples if p.stat().st_size]
        if (stage == "starting" and found) or (stage == "generating" and asked and found):
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError(f"the run never came to {stage}")


@pytest.mark.parametrize("stage", ["starting", "generating"])
def test_kill_9_of_the_runner_leaves_no_process_two_seconds_later(tool: Tool, stage: str) -> None:
    process = tool.start(*RUN)
    try:
        left = wait_for(tool, process, stage)
    finally:
        process.kill()
        process.communicate()
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and any(map(lives, left)):
        time.sleep(0.05)
    alive = [p for p in left if lives(p)]
    assert alive == []
    assert not tool.ledger.exists()


def test_an_interrupt_stops_in_order_and_says_where_the_samples_are(tool: Tool) -> None:
    process = tool.start(*RUN)
    left = wait_for(tool, process, "generating")
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    folder = tool.run_folders()[0]
    assert folder.name in err
    assert not [p for p in left if lives(p)]
    for line in (folder / "samples.jsonl").read_text().splitlines():
        json.loads(line)


def test_a_second_interrupt_stops_at_once_and_the_run_can_be_taken_up(tool: Tool) -> None:
    process = tool.start(*RUN, "--limit", "40")
    left = wait_for(tool, process, "generating")
    server_of(process).suspend()  # it would take the whole grace to end in order
    os.kill(process.pid, signal.SIGINT)
    time.sleep(0.5)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=4)
    assert process.returncode == 130
    assert "stopped at once; a run goes on where it stopped when the same command is run again" in err
    assert "Traceback" not in err
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline and any(map(lives, left)):
        time.sleep(0.05)
    assert [p for p in left if lives(p)] == []
    assert not list(tool.runs_root.glob("*.log")), "no server log is left beside the run folders"
    done = tool(*RUN, "--limit", "40")
    assert done.code == 0, done.err
    assert "taken up: " in done.err


def test_a_closed_terminal_ends_the_run_in_order(tool: Tool) -> None:
    process = tool.start(*RUN)
    left = wait_for(tool, process, "generating")
    hang_up(process)
    os.kill(process.pid, signal.SIGHUP)
    assert process.wait(timeout=20) == 130
    assert not [p for p in left if lives(p)]


def test_a_run_goes_on_when_nobody_reads_what_it_says(tool: Tool) -> None:
    process = tool.start(*RUN, "--limit", "2")
    hang_up(process)
    assert process.wait(timeout=60) == 0
    assert len(tool.records()) == 1


def test_one_broken_model_of_several_does_not_keep_the_others_from_running(tool: Tool) -> None:
    (tool.folder / "cut.gguf").write_bytes(b"GGUF")
    flags = ("--benchmark", "math", "--limit", "1", "--server", "xllamacpp")
    done = tool("--model", "cut.gguf", "demo-3M", *flags)
    assert done.code == 2
    assert done.err.count("cut.gguf") == 1
    assert [r["model"] for r in tool.records()] == ["demo-3M:Q4_K_M"]


def test_a_model_file_that_is_taken_away_in_mid_run_costs_no_record(tool: Tool) -> None:
    model = tool.folder / "model.gguf"
    model.write_bytes((ROOT / "models" / "demo-5M-F16.gguf").read_bytes())
    process = tool.start("--model", str(model), "--benchmark", "math", "--limit", "30", "--server", "xllamacpp",
                         "--parallel", "1")
    wait_for(tool, process, "generating")
    model.unlink()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert tool.records()[0]["provenance"]["gguf_sha256"]


def server_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The server that a run has started."""
    found = [
        child for child in children_of(process.pid)
        if "xllamacpp_host" in " ".join(child.cmdline()) and "guard.py" not in " ".join(child.cmdline())
    ]
    assert len(found) == 1
    return found[0]


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


@pytest.mark.timeout(180)
def test_two_runners_that_finish_at_once_both_stand_in_the_ledger(tool: Tool) -> None:
    flags = ("--model", "demo-3M", "--benchmark", "math", "--limit", "2", "--server", "xllamacpp", "--parallel", "1")
    both = [tool.start(*flags), tool.start(*flags)]
    while any(p.poll() is None for p in both):
        tool.records()  # valid JSON at every look
        time.sleep(0.02)
    codes = [(p.returncode, p.communicate()[1]) for p in both]
    assert [code for code, _ in codes] == [0, 0], codes
    assert len({r["run_id"] for r in tool.records()}) == 2


class _Neighbour(BaseHTTPRequestHandler):
    seen: list[str] = []  # noqa: RUF012  # one server, one test

    def do_GET(self) -> None:
        self.seen.append(self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        return


def test_an_unrelated_server_is_never_touched(tool: Tool) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 8080), _Neighbour)  # llama.cpp's own default port
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        flags = ("--model", "demo-3M", "--benchmark", "math", "--limit", "1", "--server", "xllamacpp")
        assert tool(*flags).code == 0
        assert _Neighbour.seen == []
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_ledger_that_cannot_be_written_is_told_before_anything_starts(tool: Tool, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ledger = str(tmp_path / "file" / "x.json")
    done = tool("--model", "demo", "--benchmark", "math", "--limit", "1", "--results", ledger)
    assert done.code == 2
    assert "x.json" in done.err
    assert not tool.runs_root.exists()


def test_a_ledger_lost_in_mid_run_costs_no_record(tool: Tool) -> None:
    process = tool.start(*RUN, "--limit", "30")
    wait_for(tool, process, "generating")
    tool.ledger.write_text('{"runs": [')  # somebody's editor died over it
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err
    [folder] = tool.run_folders()
    assert json.loads((folder / "record.json").read_text())["benchmark"] == "math"
    assert "record.json: the same command puts it into the ledger" in err
    assert tool.ledger.read_text() == '{"runs": ['
    tool.ledger.unlink()
    asked = (folder / "script.out").stat().st_size
    done = tool(*RUN, "--limit", "30")
    assert done.code == 0, done.err
    assert "was done, and only its record had not come into the ledger" in done.err
    [record] = tool.records()
    assert record == json.loads((folder / "summary.json").read_text())
    assert ((folder / "script.out").stat().st_size, tool.run_folders()) == (asked, [folder]), "nothing was asked again"


def test_a_run_that_is_killed_between_ledger_and_summary_stands_in_the_ledger_once(tool: Tool) -> None:
    assert tool(*RUN, "--limit", "2").code == 0
    [folder] = tool.run_folders()
    (folder / "summary.json").rename(folder / "record.json")
    done = tool(*RUN, "--limit", "2")
    assert done.code == 0, done.err
    assert len(tool.records()) == 1
    assert (folder / "summary.json").exists()
    assert tool.run_folders() == [folder]
