"""Log-probabilities of replies: asked for where somebody looks at them, and a mean only where all of them are sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scripts.logprobs import mean_of
from benchmarks.scripts.replies import whole_reply
from benchmarks.scripts.stream import StreamedReply
from parsers.events import RequestFailed, SampleRead
from parsers.outputs.registry import autodetect
from tests.benchmarks.helpers import StartFake, run_script, write_lines

SERVER = "openai_server.py"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "q.jsonl", [{"id": f"q{n}", "question": f"what is {n}?"} for n in range(3)])


def told(*values: Any) -> Any:
    return {"content": [{"token": "x", "logprob": value} for value in values]}


def test_the_mean_is_over_all_tokens() -> None:
    assert mean_of(told(-0.5, -1, 0)) == -0.5


@pytest.mark.parametrize("said", [
    None, {}, [], "x", {"content": None}, {"content": []}, told(-0.5, None), told(0.1), told(True), told("-1"),
    told(float("nan")), told(float("-inf")), {"content": [5]}, {"content": [{}]},
])
def test_what_is_no_log_probability_leaves_the_mean_unknown(said: Any) -> None:
    assert mean_of(said) is None


def test_a_streamed_reply_has_the_mean_of_its_tokens() -> None:
    reply = StreamedReply(None)
    for value in (-0.25, -0.75):
        event = {"choices": [{"index": 0, "finish_reason": None, "delta": {"content": "x"}, "logprobs": told(value)}]}
        reply.feed(b"data: " + json.dumps(event).encode() + b"\n\n")
    assert reply.reply(0.1).mean_logprob == -0.5


def test_a_whole_reply_has_it_too() -> None:
    body = {"choices": [{"message": {"content": "xx"}, "finish_reason": "stop", "logprobs": told(-0.25, -0.75)}]}
    assert whole_reply(body, None, 0.1).mean_logprob == -0.5


def test_they_are_asked_for_only_where_somebody_looks_at_them(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER)
    run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions))
    run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--logprobs")
    asked = [(line["body"].get("logprobs"), line["body"].get("top_logprobs")) for line in server.requests()]
    assert asked == [(None, None)] * 3 + [(True, 1)] * 3


def test_a_server_that_refuses_them_is_asked_without_and_that_is_said_once(
    start_fake: StartFake, questions: Path
) -> None:
    server = start_fake(SERVER, "--no-logprobs")
    ran = run_script("math_tasks.py", "--base-url", server.url, "--tasks-file", str(questions), "--logprobs")
    assert (len(ran.of("sample")), len(ran.of("error"))) == (3, 0)
    assert not any("mean_logprob" in sample for sample in ran.of("sample"))
    assert ran.stderr.count("tells no log-probabilities") == 1
    assert sum("logprobs" in line["body"] for line in server.requests()) == 1


def test_the_runner_reads_the_mean_of_an_event_and_refuses_what_is_none() -> None:
    event = {"event": "sample", "task_id": "t", "sample": 0, "response": "x"}
    reader = autodetect("math")
    read = reader.feed(json.dumps({**event, "mean_logprob": -0.5}) + "\n")
    assert [one.sample.mean_logprob for one in read if isinstance(one, SampleRead)] == [-0.5]
    wrong = [json.dumps({**event, "mean_logprob": value}) for value in (0.5, "low", True)]
    refused = [one for line in wrong for one in reader.feed(line + "\n")]
    assert not any(isinstance(one, SampleRead) for one in refused)
    assert sum(isinstance(one, RequestFailed) for one in refused) == 3
