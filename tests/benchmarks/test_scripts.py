"""The benchmark scripts against a small real server, by hand and driven."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scripts.prompt_files import load, versions
from benchmarks.table import BENCHMARKS
from core.errors import UsageError
from core.seeds import sample_seed
from tests.benchmarks.helpers import ROOT, MakeRequest, StartFake, lcb_record, run_script, write_lines

SERVER = "openai_server.py"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "q.jsonl", [{"id": f"q{n}", "question": f"what is {n}?"} for n in range(5)])


@pytest.fixture
def request_for(tmp_path: Path, questions: Path) -> MakeRequest:
    """A request file as the runner writes it."""

    def make(url: str, **changes: Any) -> dict[str, Any]:
        tasks = [json.loads(line) for line in questions.read_text().splitlines()]
        folder = write_lines(
            tmp_path / "tasks.jsonl",
            [{"task_id": task["id"], "prompt": {"question": task["question"]}} for task in tasks],
        )
        fields = {
            "base_url": url,
            "model": "m",
            "api_key_env": None,
            "sampling": {"max_tokens": 16},
            "slots": 2,
            "tasks_file": str(folder),
            "prompt_version": "v1",
            "constrained": False,
            "capabilities": ["seed"],
            "request_timeout_s": 20,
            "n": 1,
            "seed": 0,
            "done": [],
        }
        return {"path": tmp_path / "request.json", "fields": fields | changes}

    return make


def draw(task_id: str, sample: int = 0, count: int = 1, seed: int = 7) -> str:
    return json.dumps({"draw": {"task_id": task_id, "sample": sample, "count": count, "seed": seed}}) + "\n"


END = '{"end": true}\n'


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


def test_the_key_goes_into_the_header_and_nowhere_else(start_fake: StartFake, questions: Path, tmp_path: Path) -> None:
    body = '{"error": {"message": "wrong key sk-secret-1"}}'
    server = start_fake(SERVER, "--status", "401", "--body", body)
    home = tmp_path / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    (home / ".netrc").chmod(0o600)
    ran = run_script(
        "math_tasks.py",
        "--base-url",
        server.url,
        "--tasks-file",
        str(questions),
        "--limit",
        "1",
        "--api-key-env",
        "MY_KEY",
        env={
            "MY_KEY": "sk-secret-1",
            "HOME": str(home),
            "HTTP_PROXY": "http://127.0.0.1:9",
            "http_proxy": "http://127.0.0.1:9",
        },
    )
    assert server.requests()[0]["headers"]["Authorization"] == "Bearer sk-secret-1"
    assert ran.of("error")[0]["message"] == "HTTP 401: wrong key ***"
    assert "sk-secret" not in ran.stderr + json.dumps(ran.events)


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (["--prompt-version", "v99"], 2, "math has no such prompt; there are: v1"),
        (["--api-key-env", "NO_SUCH_VARIABLE"], 2, "NO_SUCH_VARIABLE (--api-key-env) holds no API key"),
        (["--base-url", "localhost"], 2, "is no address"),
        (["--tasks-file", "/none.jsonl"], 2, "/none.jsonl: cannot be read"),
        (["--slots", "0"], 2, "--slots 0: must be 1 or more"),
    ],
)
def test_a_wrong_flag_is_one_sentence_before_anything_is_asked(
    questions: Path, flags: list[str], code: int, message: str
) -> None:
    ran = run_script("math_tasks.py", "--base-url", "http://127.0.0.1:9", "--tasks-file", str(questions), *flags)
    assert ran.code == code
    assert message in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert ran.events == []


@pytest.mark.parametrize("line", ["garbage\n", "{}\n", '{"draw": {"task_id": "q0"}}\n', "[]\n", '{"draw": 1}\n'])
def test_a_line_that_is_no_draw_ends_the_script_loudly(
    start_fake: StartFake, request_for: MakeRequest, line: str
) -> None:
    server = start_fake(SERVER)
    ran = run_script("math_tasks.py", request=request_for(server.url), stdin=line)
    assert ran.code == 2
    assert "is no draw line" in ran.stderr
    assert not ran.of("end")


def test_a_draw_of_an_unknown_task_is_an_error_event(start_fake: StartFake, request_for: MakeRequest) -> None:
    server = start_fake(SERVER)
    ran = run_script("math_tasks.py", request=request_for(server.url), stdin=draw("nobody") + draw("q0") + END)
    assert ran.of("error")[0]["task_id"] == "nobody"
    assert len(ran.of("sample")) == 1


@pytest.mark.parametrize("content", ["", "[1]\n", '{"id": "x"}\n', "\xff\n", '{"id": "x", "question": "q"}\n' * 2])
def test_a_tasks_file_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(content.encode("latin-1"))
    ran = run_script("math_tasks.py", "--base-url", "http://127.0.0.1:9", "--tasks-file", str(path))
    assert ran.code == 2
    assert "bad.jsonl" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_a_request_file_that_cannot_be_read_is_named(request_for: MakeRequest) -> None:
    request = request_for("http://127.0.0.1:9")
    del request["fields"]["tasks_file"]
    ran = run_script("math_tasks.py", request=request)
    assert ran.code == 2
    assert "lacks 'tasks_file'" in ran.stderr
    ran = run_script("math_tasks.py", env={"BENCH_REQUEST": "/none.json"})
    assert ran.code == 2
    assert "/none.json" in ran.stderr


def test_the_script_ends_when_nobody_reads_it_any_more(start_fake: StartFake, questions: Path) -> None:
    server = start_fake(SERVER, "--delay", "0.05")
    with subprocess.Popen(
        [
            sys.executable,
            ROOT / "benchmarks/scripts/math_tasks.py",
            "--base-url",
            server.url,
            "--tasks-file",
            questions,
            "--n",
            "1000",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as script:
        assert script.stdout is not None
        assert script.stderr is not None
        script.stdout.readline()
        script.stdout.close()
        assert script.wait(10) == 1
        assert script.stderr.read() == b""


@pytest.mark.parametrize("name", ["human_eval", "lcb", "math", "extraction", "gsm8k"])
def test_help_shows_an_example_for_each_script(name: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS[name].script, "--help"], capture_output=True, text=True, timeout=30, check=True
    )
    assert f"python benchmarks/scripts/{BENCHMARKS[name].script.name} --b" in done.stdout


def test_human_eval_prompts_are_fenced_from_the_dataset_file_itself(start_fake: StartFake, tmp_path: Path) -> None:
    server = start_fake(SERVER)
    path = tmp_path / "HumanEval.jsonl.gz"
    path.write_bytes(
        gzip.compress(json.dumps({"task_id": "HumanEval/0", "prompt": "def f():\n    '''{prompt}'''\n\n"}).encode())
    )
    run_script("human_eval.py", "--base-url", server.url, "--tasks-file", str(path))
    content = server.requests()[0]["body"]["messages"][0]["content"]
    assert content.endswith("\n\n```python\ndef f():\n    '''{prompt}'''\n```")


def test_lcb_prompts_are_upstreams_for_both_kinds_of_problem(start_fake: StartFake, tmp_path: Path) -> None:
    server = start_fake(SERVER)
    starter = "class Solution:\n    def f(self, n: int) -> int:\n        "
    path = write_lines(tmp_path / "test6.jsonl", [lcb_record("a"), lcb_record("b", starter_code=starter)])
    run_script("lcb.py", "--base-url", server.url, "--tasks-file", str(path))
    stdin, functional = (request["body"] for request in server.requests())
    assert stdin["messages"][0]["role"] == "system"
    assert stdin["messages"][0]["content"].endswith("passes all tests.")
    assert stdin["messages"][1]["content"].startswith(
        "### Question:\nStatement of a\n\n### Format: Read the inputs from stdin"
    )
    assert stdin["messages"][1]["content"].endswith(
        "STDOUT.\n```python\n# YOUR CODE HERE\n```\n\n### Answer: (use the provided format with backticks)\n\n"
    )
    assert functional["messages"][1]["content"] == (
        "### Question:\nStatement of b\n\n"
        "### Format: You will use the following starter code to write the solution to the problem "
        f"and enclose your code within delimiters.\n```python\n{starter}\n```\n\n"
        "### Answer: (use the provided format with backticks)\n\n"
    )
    assert "stop" not in stdin


def test_extraction_sends_the_schema_only_when_asked_and_able(start_fake: StartFake, tmp_path: Path) -> None:
    server = start_fake(SERVER)
    schema = {"type": "object", "properties": {"ä": {"type": "integer"}}}
    tasks = write_lines(tmp_path / "t.jsonl", [{"task_id": "0", "prompt": {"text": "Ä is 5", "schema": schema}}])
    fields = {"base_url": server.url, "tasks_file": str(tasks), "sampling": {}, "slots": 1}
    for constrained, capabilities in ((False, ["json_schema"]), (True, ["json_schema"]), (True, [])):
        wish = {
            "path": tmp_path / "r.json",
            "fields": fields | {"constrained": constrained, "capabilities": capabilities},
        }
        ran = run_script("extraction.py", request=wish, stdin=draw("0") + END)
        assert len(ran.of("sample")) == 1
        assert ("does not enforce JSON Schemas" in ran.stderr) == (constrained and not capabilities)
    plain, constrained, unable = (request["body"] for request in server.requests())
    assert "response_format" not in plain
    assert "response_format" not in unable
    assert constrained["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }
    assert json.dumps(schema, ensure_ascii=False) in plain["messages"][0]["content"]
    assert plain["messages"][0]["content"].endswith("Text:\nÄ is 5")


def test_a_tasks_own_prompt_is_put_as_it_is(start_fake: StartFake) -> None:
    server = start_fake(SERVER)
    run_script(
        "extraction.py",
        "--base-url",
        server.url,
        "--tasks-file",
        str(ROOT / "models/tasks/extraction_heldout.jsonl"),
        "--limit",
        "1",
    )
    content = server.requests()[0]["body"]["messages"][0]["content"]
    assert content.startswith(
        "Extract the name, age, city, item, price and date from the text as JSON.\n\nGrace Carter"
    )


def test_an_unknown_prompt_version_lists_those_there() -> None:
    for name in BENCHMARKS:
        assert "v1" in versions(name)
        assert load(name, "v1").messages({})
        with pytest.raises(UsageError, match=r"there are: .*v1"):
            load(name, "nope")
    with pytest.raises(UsageError, match="no such prompt"):
        load("math", "../extraction/v1")


def test_no_script_module_hides_a_library_module() -> None:
    names = {path.stem for path in (ROOT / "benchmarks/scripts").glob("*.py")} - {"__init__"}
    taken = set(sys.stdlib_module_names) | {
        "requests",
        "urllib3",
        "certifi",
        "idna",
        "charset_normalizer",
        "core",
        "benchmarks",
    }
    assert not names & taken
