"""Runs on a model of an Ollama server, a stand-in that is strict about what it receives; and its memory afterwards."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psutil
import pytest

from servers.backends import ollama_api
from tests.e2e.tool import ROOT, Tool
from tests.processes import lives

NAME = "llama3.2:1b"
RUN = ("--model", f"ollama:{NAME}", "--benchmark", "math")


class Fake:
    """A stand-in that runs, and the environment that leads to it."""

    def __init__(self, port: int, log: Path, cache: Path) -> None:
        self.url, self._log = f"http://127.0.0.1:{port}", log
        self.env = {"OLLAMA_HOST": f"127.0.0.1:{port}", "XDG_CACHE_HOME": str(cache)}

    def chats(self) -> list[dict[str, Any]]:
        return [line["body"] for line in self._lines() if line.get("path") == "/api/chat" and line["body"]["messages"]]

    def reloads(self) -> int:
        return sum("reloaded" in line for line in self._lines())

    def _lines(self) -> list[dict[str, Any]]:
        """Those that are whole."""
        text = self._log.read_text() if self._log.exists() else ""
        return [json.loads(line) for line in text.rpartition("\n")[0].splitlines()]

    def loaded(self) -> list[str]:
        return [each.name for each in ollama_api.loaded(self.url)]


@pytest.fixture
def ollama(tmp_path: Path) -> Iterator[Callable[..., Fake]]:
    with ExitStack() as stack:
        def start(*flags: str) -> Fake:
            log = tmp_path / "ollama.log"
            child = stack.enter_context(subprocess.Popen(
                [sys.executable, ROOT / "tests" / "fakes" / "ollama_server.py", "--log", log, "--model", NAME, *flags],
                stdout=subprocess.PIPE, text=True))
            stack.callback(child.kill)
            assert child.stdout is not None
            return Fake(int(child.stdout.readline()), log, tmp_path / "cache")

        yield start


def test_a_run_says_what_ollama_understands_and_records_what_it_told(
        tool: Tool, ollama: Callable[..., Fake]) -> None:
    there = ollama("--capability", "completion", "--capability", "thinking")
    done = tool(*RUN, "--limit", "3", "--top-k", "20", "--min-p", "0.1", "--temperature", "0.5", "--max-tokens", "64",
                "--quiet", env=there.env)
    assert done.code == 0, done.err
    (record,) = tool.records()
    config = record["config"]
    assert (record["model"], config["backend"], config["ctx_size"]) == (f"{NAME}:Q8_0", "ollama", 4096)
    assert (config["quantization"], config["size_bytes"]) == ("Q8_0", 1_321_098_329)
    assert config["model_source"].startswith(f"ollama:{NAME}@")
    (folder,) = tool.run_folders()
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert len(samples) == 3
    for sample in samples:
        assert sample["reasoning"] == "I think."
        assert sample["finish_reason"] == "stop"
        assert sample["completion_tokens"] == sample["timings"]["predicted_n"]
        assert sample["timings"]["predicted_per_second"] == pytest.approx(10.0)
        assert sample["timings"]["prompt_ms"] == pytest.approx(200.0)
        assert sample["prompt_tokens"] > 10
    for chat in there.chats():
        assert chat["think"] is True
        del chat["options"]["seed"]
        assert chat["options"] == {"num_ctx": 4096, "num_predict": 64, "top_k": 20, "min_p": 0.1, "temperature": 0.5}
    assert there.reloads() == 0
    assert there.loaded() == []


def test_best_of_n_is_repeated_requests_with_seeds_of_their_own(tool: Tool, ollama: Callable[..., Fake]) -> None:
    there = ollama()
    done = tool(*RUN, "--limit", "2", "--strategy", "best_of_n", "--n", "3", "--selector", "logprob", "--temperature",
                "0.8", "--quiet", env=there.env)
    assert done.code == 0, done.err
    chats = there.chats()
    assert len(chats) == 6
    assert len({chat["options"]["seed"] for chat in chats}) == 6
    assert all(chat["logprobs"] is True for chat in chats)
    (folder,) = tool.run_folders()
    samples = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert {sample["mean_logprob"] for sample in samples} == {-0.25}


@pytest.mark.parametrize("fault", [
    ("--fail-first", "2"), ("--fail-first", "2", "--status", "429"), ("--fail-first", "2", "--status", "500"),
    ("--cut-first", "1"), ("--break-first", "1")])
def test_a_server_that_is_busy_fails_or_hangs_up_loses_no_task(
        tool: Tool, ollama: Callable[..., Fake], fault: tuple[str, ...]) -> None:
    there = ollama(*fault)
    done = tool(*RUN, "--limit", "3", "--quiet", env=there.env)
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert (record["status"], record["results"]["total_problems"]) == ("complete", 3)
    assert len(there.chats()) > 3
    assert there.loaded() == []


def test_a_prompt_that_does_not_fit_is_no_reply_that_was_cut(tool: Tool, ollama: Callable[..., Fake]) -> None:
    there = ollama()
    tool(*RUN, "--limit", "1", "--ctx-size", "8", "--quiet", env=there.env)
    assert [chat["truncate"] for chat in there.chats()] == [False]
    (folder,) = tool.run_folders()
    assert "the input length exceeds the context length" in (folder / "failures.jsonl").read_text()


def test_the_model_is_out_of_memory_after_an_interrupt(tool: Tool, ollama: Callable[..., Fake]) -> None:
    there = ollama("--token-s", "0.2")
    process = _generating(tool, there)
    process.terminate()
    process.communicate(timeout=60)
    assert there.loaded() == []


def test_after_kill_9_the_next_start_of_the_tool_unloads_the_model(tool: Tool, ollama: Callable[..., Fake]) -> None:
    there = ollama("--token-s", "0.2")
    process = _generating(tool, there)
    left = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while any(map(lives, left)):  # the script asks nothing more
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert there.loaded() == [NAME]
    done = tool("--benchmark", "list", env=there.env)  # whatever it is for
    assert done.code == 0, done.err
    assert f"ollama:{NAME} was left in memory by a run that was killed, and is unloaded now" in done.err
    assert there.loaded() == []


def test_another_model_in_memory_ends_the_run_before_it_begins(tool: Tool, ollama: Callable[..., Fake]) -> None:
    there = ollama("--loaded", "qwen3:4b")
    done = tool(*RUN, env=there.env)
    assert done.code == 2
    assert "unload it first with 'ollama stop qwen3:4b'" in done.err
    assert there.loaded() == ["qwen3:4b"]


def _generating(tool: Tool, there: Fake) -> subprocess.Popen[str]:
    """A run that waits for its first tokens."""
    process = subprocess.Popen(tool.argv(*RUN, "--quiet"), cwd=tool.folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True,
                               env={**tool.environment(), **there.env, "HOME": os.environ.get("HOME", "/")})
    deadline = time.monotonic() + 60
    while not there.chats():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return process
