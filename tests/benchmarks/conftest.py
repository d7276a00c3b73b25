"""Fake servers as processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.helpers import FAKES, Fake, MakeRequest, write_lines


@pytest.fixture
def start_fake(tmp_path: Path) -> Iterator[Callable[..., Fake]]:
    """``start_fake("openai_server.py", flags…)``; all are ended with the test."""
    with ExitStack() as stack:

        def start(program: str, *flags: str) -> Fake:
            log = tmp_path / f"{program}.{len(list(tmp_path.iterdir()))}.log"
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, FAKES / program, "--log", log, *flags], stdout=subprocess.PIPE, text=True
                )
            )
            stack.callback(process.kill)
            assert process.stdout is not None
            return Fake(f"http://127.0.0.1:{int(process.stdout.readline())}", log)

        yield start


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
