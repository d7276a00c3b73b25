"""Runs on transformers serve with a model of two layers and random weights, made by the library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import skips
from tests.e2e.tool import ROOT, Tool


@pytest.fixture
def program() -> str:
    """The library's program; otherwise skips by name, or fails where it is required."""
    found = os.environ.get("BENCH_TRANSFORMERS") or shutil.which(str(Path(sys.executable).with_name("transformers")))
    if found is None:
        if os.environ.get("BENCH_REQUIRE_NATIVE") == "1":
            pytest.fail(f"BENCH_REQUIRE_NATIVE=1, but {skips.reason_of('transformers')}")
        skips.skip("transformers")
    return found


@pytest.mark.timeout(240)
def test_a_run_is_greedy_or_sampled_as_asked_and_comes_out_the_same_again(tool: Tool, program: str) -> None:
    tiny = tool.folder / "tiny"
    subprocess.run([Path(program).with_name("python"), ROOT / "tests" / "fakes" / "tiny_transformers.py", tiny],
                   check=True, capture_output=True, timeout=100)
    run = ("--model", f"transformers:{tiny}", "--server-bin", program, "--benchmark", "math", "--limit", "2",
           "--max-tokens", "24", "--no-resume", "--quiet")
    greedy = _texts(tool, *run, "--temperature", "0")
    sampled = [_texts(tool, *run, "--strategy", "best_of_n", "--n", "2", "--temperature", "1", "--top-k", "200")
               for _ in range(2)]
    assert sampled[0] == sampled[1]
    assert len(set(sampled[0])) == 4
    narrow = _texts(tool, *run, "--temperature", "1", "--top-k", "1")
    assert narrow == greedy  # top_k took effect, although the server's requests have no such field
    record = tool.records()[-1]
    assert (record["model"], record["config"]["backend"], record["config"]["ctx_size"]) == (
        "tiny:F32", "transformers", 2048)
    assert record["usage"]["completion_tokens"] == 48


def _texts(tool: Tool, *arguments: str) -> list[str]:
    """The replies by task and sample."""
    before = set(tool.run_folders())
    done = tool(*arguments)
    assert done.code == 0, done.err
    (folder,) = set(tool.run_folders()) - before
    samples: list[dict[str, Any]] = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert all(sample["finish_reason"] == "length" for sample in samples)
    return [sample["response"] for sample in sorted(samples, key=lambda each: (each["task_id"], each["sample"]))]
