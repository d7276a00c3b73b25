"""Killed, interrupted, or two at once: nothing is left running, nothing is lost."""

from __future__ import annotations

import json
import os
import signal
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.e2e.stages import RUN, hang_up, server_of, wait_for
from tests.e2e.tool import ROOT, Tool
from tests.processes import lives


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
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # tests that run under nohup ignore it, as a run there does
    try:
        process = tool.start(*RUN)
    finally:
        signal.signal(signal.SIGHUP, before)
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
