"""The benchmark scripts against a small real server: replies that are bad or odd, a server that hangs or goes."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.benchmarks.helpers import (
    SERVER,
    StartFake,
    run_script,
)


def test_a_request_that_fails_is_an_event_and_the_rest_goes_on(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--fail-first", "2")
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions))
    assert ran.of("error") == [
        {"event": "error", "task_id": f"q{n}", "sample": 0, "kind": "http", "message": "HTTP 500: told to fail"}
        for n in range(2)
    ]
    assert [event["task_id"] for event in ran.of("sample")] == ["q2", "q3", "q4"]


@pytest.mark.parametrize(
    ("flags", "kind", "message"),
    [
        (
            ["--status", "400", "--body", '{"error": {"message": "too long", "type": "exceed_context_size_error"}}'],
            "context",
            "too long",
        ),
        (
            ["--status", "400", "--body", '{"error": {"message": "too long", "code": "context_length_exceeded"}}'],
            "context",
            "too long",
        ),
        (["--status", "503", "--body", '{"error": "Loading model"}'], "http", "HTTP 503: Loading model"),
        (["--status", "302"], "refused", "HTTP 302: sent on to elsewhere; give --base-url where that is"),
        (["--status", "404", "--body", "<html>no</html>"], "refused", "HTTP 404: <html>no</html>"),
        (["--status", "429", "--body", "{}"], "http", "HTTP 429: {}"),
        (["--body", "not json"], "http", "not a chat completion: not json"),
        (["--body", '{"choices": []}'], "http", "not a chat completion"),
        (["--body", '{"choices": [{"message": {"content": 5}}]}'], "http", "not a chat completion"),
        (["--body", "[" * 100000], "http", "not a chat completion"),
        (["--body", ""], "http", "not a chat completion: (empty)"),
    ],
)
def test_every_kind_of_bad_reply_is_an_error_event(
    start_fake: StartFake, questions: Path, flags: list[str], kind: str, message: str
) -> None:
    server = start_fake(SERVER, *flags)
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--limit", "1")
    (error,) = ran.of("error")
    assert error["kind"] == kind
    assert message in error["message"]


@pytest.mark.parametrize(
    ("body", "response"),
    [
        ('{"choices": [{"message": {"content": null}, "finish_reason": "length"}]}', ""),
        ('{"choices": [{"message": {"content": [{"type": "text", "text": "a"}, {"text": "b"}]}}]}', "ab"),
        ('{"choices": [{"message": {"content": "\\ud800 \\n"}}], "usage": null, "timings": {"x": NaN}}', "\ud800 \n"),
    ],
)
def test_odd_but_legal_replies_are_samples(start_fake: StartFake, questions: Path, body: str, response: str) -> None:
    server = start_fake(SERVER, "--body", body)
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--limit", "1")
    (sample,) = ran.of("sample")
    assert sample["response"] == response
    assert "prompt_tokens" not in sample
    assert "timings" not in sample


def test_a_server_that_hangs_is_a_timeout(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--hang")
    ran = run_script(
        "math_tasks.py",
        "--base-url",
        server.url,
        "--tasks-file",
        str(questions),
        "--limit",
        "2",
        "--slots",
        "2",
        "--request-timeout",
        "0.5",
    )
    assert [(event["kind"], event["message"]) for event in ran.of("error")] == [
        ("timeout", "no token within 0.5 s (--request-timeout)")
    ] * 2


def test_a_server_that_is_lost_fails_every_remaining_draw_at_once(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--die-after", "2")
    began = time.monotonic()
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--n", "3")
    assert len(ran.of("sample")) == 2
    assert len(ran.of("error")) == 13
    assert {event["kind"] for event in ran.of("error")} == {"connection"}
    assert "refuses connections" in ran.of("error")[-1]["message"]
    assert ran.events[-1] == {"event": "end"}
    assert time.monotonic() - began < 10
