"""The benchmark scripts against a small real server, by hand and driven: what is asked, and when."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from core.seeds import sample_seed
from tests.benchmarks.helpers import (
    END,
    ROOT,
    SERVER,
    MakeRequest,
    StartFake,
    draw,
    run_script,
)


def test_by_hand_every_task_is_asked_n_times_with_its_own_seeds(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--reply", "#### 4", "--reasoning", "hm")
    ran = run_script(
        "math_tasks.py", "--base-url", f"{server.url}/v1/", "--tasks-file", str(questions), "--n", "2", "--slots", "3"
    )
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.events[0] == {"event": "start", "total": 5, "interactive": False}
    assert ran.events[-1] == {"event": "end"}
    samples = {(event["task_id"], event["sample"]): event for event in ran.of("sample")}
    assert set(samples) == {(f"q{n}", i) for n in range(5) for i in range(2)}
    sample = samples["q3", 1]
    assert 0 < sample.pop("ttft_s") <= sample.pop("wall_s")
    assert sample.pop("prompt_chars") == len(server.requests()[0]["body"]["messages"][0]["content"])
    assert sample == {
        "event": "sample",
        "task_id": "q3",
        "sample": 1,
        "response": "#### 4",
        "reasoning": "hm",
        "finish_reason": "stop",
        "prompt_tokens": 11,
        "completion_tokens": 7,
        "cached_tokens": 5,
        "timings": {"cache_n": 5, "predicted_ms": 12.5},
        "looping": False,
        "seed": sample_seed(0, "q3", 1),
    }
    assert {request["body"]["seed"] for request in server.requests()} == {
        sample_seed(0, f"q{n}", i) for n in range(5) for i in range(2)
    }


def test_only_what_is_set_is_sent(start_fake: StartFake, questions: Path, request_for: MakeRequest) -> None:
    server = start_fake(SERVER)
    run_script(
        "math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--limit", "1", "--top-k", "20"
    )
    run_script("math_tasks.py", request=request_for(server.url), stdin=draw("q1") + END)
    by_hand, driven = server.requests()
    messages = [
        {"role": "user", "content": "Solve the problem step by step. End with a line '#### <answer>'.\n\nwhat is 0?"}
    ]
    assert by_hand["path"] == "/v1/chat/completions"
    assert by_hand["body"] == {
        "messages": messages,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0.0,
        "top_k": 20,
        "max_tokens": 2048,
        "seed": sample_seed(0, "q0", 0),
    }
    assert driven["body"] == {
        "messages": [{"role": "user", "content": messages[0]["content"].replace("0?", "1?")}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "model": "m",
        "max_tokens": 16,
        "seed": 7,
    }


def test_driven_it_draws_what_it_is_told_in_rounds_and_ends_when_told(
    start_fake: StartFake, request_for: MakeRequest
) -> None:
    server = start_fake(SERVER, "--reply", "r")
    request = request_for(server.url)
    request["path"].write_text(json.dumps(request["fields"]))
    with subprocess.Popen(
        [sys.executable, ROOT / "benchmarks/scripts/math_tasks.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"BENCH_REQUEST": str(request["path"])},
    ) as script:
        assert script.stdin is not None
        assert script.stdout is not None
        assert json.loads(script.stdout.readline()) == {"event": "start", "total": 5, "interactive": True}
        script.stdin.write(draw("q0", count=3, seed=100))
        script.stdin.flush()
        first = [json.loads(script.stdout.readline()) for _ in range(3)]
        assert sorted((event["sample"], event["seed"]) for event in first) == [(0, 100), (1, 101), (2, 102)]
        script.stdin.write(draw("q0", sample=3, seed=2**31 - 1) + draw("q4") + END)
        script.stdin.flush()
        rest = [json.loads(line) for line in script.stdout]
        assert rest.pop() == {"event": "end"}
        assert sorted((event["task_id"], event["sample"]) for event in rest) == [("q0", 3), ("q4", 0)]
        assert script.wait(10) == 0


def test_seeds_wrap_within_31_bits(start_fake: StartFake, request_for: MakeRequest) -> None:
    server = start_fake(SERVER)
    run_script("math_tasks.py", request=request_for(server.url), stdin=draw("q0", count=2, seed=2**31 - 1) + END)
    assert sorted(request["body"]["seed"] for request in server.requests()) == [0, 2**31 - 1]


def test_the_end_of_its_input_ends_it_after_what_was_asked_for(start_fake: StartFake, request_for: MakeRequest) -> None:
    server = start_fake(SERVER)
    ran = run_script("math_tasks.py", request=request_for(server.url), stdin=draw("q0", count=4))
    assert len(ran.of("sample")) == 4
    assert ran.events[-1] == {"event": "end"}
    assert ran.code == 0


def test_a_place_that_failed_before_waits_for_its_third_try_and_others_do_not_wait_with_it(
    start_fake: StartFake, request_for: MakeRequest
) -> None:
    server = start_fake(SERVER, "--fail-first", "2")
    request = request_for(server.url, slots=1)
    request["path"].write_text(json.dumps(request["fields"]))
    with subprocess.Popen(
        [sys.executable, ROOT / "benchmarks/scripts/math_tasks.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"BENCH_REQUEST": str(request["path"])},
    ) as script:
        assert script.stdin is not None
        assert script.stdout is not None
        script.stdout.readline()
        for _ in range(2):
            script.stdin.write(draw("q0"))
            script.stdin.flush()
            assert json.loads(script.stdout.readline())["kind"] == "http"
        began = time.monotonic()
        script.stdin.write(draw("q0") + draw("q1") + END)
        script.stdin.flush()
        assert json.loads(script.stdout.readline())["task_id"] == "q1"
        assert time.monotonic() - began < 1.5
        assert json.loads(script.stdout.readline())["task_id"] == "q0"
        assert time.monotonic() - began >= 2
        assert json.loads(script.stdout.readline()) == {"event": "end"}


def test_a_server_that_says_when_to_come_back_gets_no_request_before(
    start_fake: StartFake, questions: Path
) -> None:
    server = start_fake(SERVER, "--fail-first", "1", "--retry-after", "1")
    began = time.monotonic()
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions))
    assert time.monotonic() - began > 1
    assert len(ran.of("error")) == 1
    assert len(ran.of("sample")) == 4


def test_a_thousand_draws_never_block_the_one_who_sends_them(start_fake: StartFake, request_for: MakeRequest) -> None:
    server = start_fake(SERVER, "--delay", "0.05")
    request = request_for(server.url, slots=1)
    request["path"].write_text(json.dumps(request["fields"]))
    with subprocess.Popen(
        [sys.executable, ROOT / "benchmarks/scripts/math_tasks.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"BENCH_REQUEST": str(request["path"])},
    ) as script:
        assert script.stdin is not None
        assert script.stdout is not None
        script.stdout.readline()
        began = time.monotonic()
        script.stdin.write(draw("q0").encode() * 3000)  # three times a pipe's capacity
        script.stdin.flush()
        assert time.monotonic() - began < 5
        script.kill()


def test_samples_already_done_are_not_asked_again(
    start_fake: StartFake, questions: Path, request_for: MakeRequest, tmp_path: Path
) -> None:
    server = start_fake(SERVER)
    ran = run_script(
        "math_tasks.py", request=request_for(server.url, done=[["q0", 0], ["q0", 1]]), stdin=draw("q0", count=3) + END
    )
    assert [event["sample"] for event in ran.of("sample")] == [2]
    flags = ("--base-url", server.url, "--tasks-file", str(questions))
    earlier = tmp_path / "earlier.jsonl"
    earlier.write_text(
        "".join(json.dumps(event) + "\n" for event in run_script("math_tasks.py", *flags, "--limit", "3").events)
    )
    ran = run_script("math_tasks.py", *flags, "--done", str(earlier))
    assert [event["task_id"] for event in ran.of("sample")] == ["q3", "q4"]


def test_a_thread_keeps_its_connection_where_replies_come_whole(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--no-stream", "ignore")
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions))
    assert [request["nth"] for request in server.requests()] == [1, 1, 2, 3, 4]
    assert ran.stderr.count("this server does not stream") == 1


def test_slots_requests_are_in_flight_at_once(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--delay", "0.3")
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--slots", "5")
    assert len(ran.of("sample")) == 5
    assert max(request["in_flight"] for request in server.requests()) == 5
    assert len({request["connection"] for request in server.requests()}) == 5


def test_a_connection_gone_stale_is_tried_once_more_and_the_draw_is_not_lost(
    start_fake: StartFake, questions: Path
) -> None:
    server = start_fake(SERVER, "--stale", "1", "--no-stream", "ignore")
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions))
    assert len(ran.of("sample")) == 5
    assert not ran.of("error")
    assert len(server.requests()) == 6


def test_a_server_that_drops_every_request_is_not_asked_again_and_again(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--drop")
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions))
    assert [event["kind"] for event in ran.of("error")] == ["connection"] * 5
    assert len(server.requests()) == 5
    assert ran.code == 0
    assert ran.events[-1] == {"event": "end"}
