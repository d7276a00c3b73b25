"""What the benchmark scripts are given: the key, flags, draws, files, and somebody who reads them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.helpers import (
    END,
    ROOT,
    SERVER,
    MakeRequest,
    StartFake,
    draw,
    run_script,
)


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
