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


@pytest.mark.timeout(500)
def test_a_run_has_seeds_of_its_own_and_comes_out_the_same_again(tool: Tool, program: str) -> None:
    tiny = tool.folder / "tiny"
    subprocess.run([Path(program).with_name("python"), ROOT / "tests" / "fakes" / "tiny_transformers.py", tiny],
                   check=True, capture_output=True, timeout=200)
    done = tool("--model", f"transformers:{tiny}", "--server-bin", program, "--benchmark", "math", "--limit", "2",
                "--max-tokens", "24", "--strategy", "best_of_n", "--n", "2", "--temperature", "1", "--audit", "2",
                "--quiet", timeout_s=280)
    assert done.code == 0, done.err
    (record,), (folder,) = tool.records(), tool.run_folders()
    samples: list[dict[str, Any]] = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert [sample["finish_reason"] for sample in samples] == ["length"] * 4
    assert len({sample["response"] for sample in samples}) == 4
    assert record["audit"]["texts_differ"] == 0
    assert (record["model"], record["config"]["backend"], record["config"]["ctx_size"]) == (
        "tiny:F32", "transformers", 2048)
    assert record["usage"]["completion_tokens"] == 96
