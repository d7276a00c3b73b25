"""A grid of models, prompts and scenarios, as its user has it: one model in memory, a record a cell, no score yet."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from benchmarks.datasets.grid import canonical
from tests.e2e.memory_watch import watch
from tests.e2e.tool import Tool
from tests.servers.gguf_bytes import Tensor
from tests.servers.gguf_bytes import whole as gguf
from tests.skips import skip

VERSIONS = ("v1", "v2-mentor", "v3-few-shot")
MODELS = ("demo-5M:Q4_K_M", "demo-3M:Q4_K_M")
GRID = ("--model", *MODELS, "--benchmark", "tips", "--prompt-version", *VERSIONS, "--experiment", "tip-bench",
        "--threads", "1", "--max-tokens", "24")
TIPS = "2f98d9689a722fcccef5779bce03d9e0586dd62081753765083fd1754989a54b"
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="maps of processes are read under /proc")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def backend_or_skip(name: str) -> tuple[str, ...]:
    if name == "xllamacpp":
        return ("--server", name)
    binary = os.environ.get("BENCH_LLAMA_SERVER")
    if not binary:
        skip("llama-server")
    return ("--server", name, "--server-bin", binary)


@linux
@pytest.mark.parametrize("backend", ["xllamacpp", "llama-server"])
def test_over_a_whole_grid_one_model_is_in_memory_and_each_is_loaded_once(tool: Tool, backend: str) -> None:
    command = tool.start(*GRID, *backend_or_skip(backend), "--n-candidates", "2", "--diversity", "--quiet")
    seen = watch(command)
    _, said = command.communicate()
    assert command.returncode == 0, said
    assert (seen.most_at_once, seen.most_servers) == (1, 1), seen
    assert len(seen.by_model) == 2
    assert all(looks > 5 for looks in seen.by_model.values()), seen
    records = sorted(tool.records(), key=lambda record: record["timestamp"])
    cells = [(record["model"], record["config"]["prompt_version"]) for record in records]
    assert cells == [(model, version) for model in MODELS for version in VERSIONS], "a model's cells follow one another"
    assert len({record["provenance"]["dataset_sha256"] for record in records}) == 1
    for record in records:
        whole(tool, record)
    assert said.count("unjudged") >= 6
    shown = tool("compare", "--benchmark", "tips").out
    assert [line.split()[:3] for line in shown.splitlines() if line.startswith("Q4_K_M")] == [
        ["Q4_K_M", version, "unjudged"] for _ in MODELS for version in VERSIONS]
    assert "unpaired" not in shown


def whole(tool: Tool, record: dict[str, Any]) -> None:
    """What a record says of a cell whose texts wait for a judge."""
    assert record["status"] == "complete"
    assert {"score", "total_passed", "total_problems", "failed_tasks"}.isdisjoint(record["results"])
    assert "interval" not in record
    config = record["config"]
    assert (config["experiment"], config["scored_by"], config["strategy"], config["n"]) == (
        "tip-bench", "judge", "candidates", 2)
    assert len(config["prompt_sha256"]) == 64
    assert config["sampling"]["temperature"] == 0.8
    assert record["provenance"]["dataset_sha256"] == TIPS
    assert sum(record["outcomes"].values()) == 8
    assert set(record["outcomes"]) <= {"unjudged", "truncated", "no_answer"}
    folder = tool.runs_root / record["run_id"]
    details, tasks = lines(folder / "details.jsonl"), lines(folder / "tasks.jsonl")
    assert len(details) == 16
    asked = canonical([task["prompt"] for task in tasks])
    assert hashlib.sha256(asked).hexdigest() == TIPS, "what each model was asked is byte for byte the scenario set"
    assert record["results"]["candidates"] == dict(Counter(line["outcome"] for line in details))
    assert not any("chosen" in task for task in tasks), "candidates are judged, none is chosen"
    diversity = record["diversity"]
    assert all(0 <= diversity[name] <= 1 for name in ("distinct_1", "distinct_2", "self_bleu"))
    assert diversity["tasks"] == sum("distinct_1" in task for task in tasks)


def test_a_grid_that_was_killed_goes_on_at_the_sample_and_asks_nothing_twice(tool: Tool) -> None:
    grid = (*GRID, "--server", "xllamacpp", "--n-candidates", "5", "--quiet")
    command = tool.start(*grid)
    until = time.monotonic() + 60
    while len(tool.records()) < 1 and time.monotonic() < until:  # in the midst of the second cell, or beyond
        time.sleep(0.005)
    os.killpg(command.pid, signal.SIGKILL)
    command.communicate()
    before = tool.records()
    assert 1 <= len(before) < 6
    done = tool(*grid)
    assert done.code == 0, done.err
    records = tool.records()
    assert sorted((r["model"], r["config"]["prompt_version"]) for r in records) == sorted(
        (model, version) for model in MODELS for version in VERSIONS)
    assert {record["run_id"] for record in before} <= {record["run_id"] for record in records}
    for record in records:
        samples = lines(tool.runs_root / record["run_id"] / "samples.jsonl")
        places = [(line["task_id"], line["sample"]) for line in samples]
        assert len(places) == len(set(places)) == 40


def test_a_model_above_the_limit_is_refused_by_its_header_before_anything_is_loaded(tool: Tool) -> None:
    """A mixture of 5.1 billion parameters of which 1.3 are active: all of them would be in memory."""
    path = tool.folder / "mixture.gguf"
    metadata = {"general.architecture": "llama", "general.name": "mixture", "general.file_type": 15,
                "llama.block_count": 1, "llama.context_length": 4096, "llama.embedding_length": 4096,
                "llama.expert_count": 16, "llama.expert_used_count": 4}
    tensors = [Tensor("blk.0.ffn_up_exps.weight", (4096, 77_824, 16), 12, 0)]
    path.write_bytes(gguf(metadata, tensors, 0))
    size = 4096 * 77_824 * 16 * 144 // 256
    os.truncate(path, path.stat().st_size + size)  # a hole where the weights would be
    started = time.monotonic()
    alone = tool("--model", str(path), "--benchmark", "tips", "--max-model-b", "4.0", "--server", "xllamacpp")
    assert alone.code == 2, alone.err
    assert "mixture" in alone.err
    assert "has 5.1 billion parameters (1.28 billion active at a time), more than --max-model-b 4 allows" in alone.err
    assert time.monotonic() - started < 60
    assert tool.run_folders() == []
    with_others = tool("--model", "demo-3M:Q4_K_M", str(path), "--benchmark", "tips", "--max-model-b", "4.0",
                       "--server", "xllamacpp", "--limit", "1", "--max-tokens", "8")
    assert with_others.code == 2, "what could not be run is the command's outcome"
    said = " ".join((with_others.err + with_others.out).split())
    assert said.index("more than --max-model-b") < said.index("starting the server"), "told before anything is loaded"
    assert [record["model"] for record in tool.records()] == ["demo-3M:Q4_K_M"]


def test_both_prompts_of_a_graded_benchmark_are_run_and_compared(tool: Tool) -> None:
    """Several versions are nothing that only judged texts have."""
    (tool.folder / "prompts").mkdir()
    (tool.folder / "prompts" / "terse.md").write_text("{question}\nOnly the number.\n")
    (tool.folder / "prompts" / "wordy.txt").write_text("[[system]]\nYou calculate.\n[[user]]\n{question}\n[[end]]\n")
    done = tool("--model", "demo", "--benchmark", "math", "--prompts-dir", "prompts", "--prompt-version", "wordy",
                "terse", "--limit", "3", "--max-tokens", "32", "--server", "xllamacpp", "--threads", "1")
    assert done.code == 0, done.err
    assert [record["config"]["prompt_version"] for record in tool.records()] == ["wordy", "terse"]
    assert all("score" in record["results"] for record in tool.records())
    misspelt = tool("--model", "demo", "--benchmark", "math", "--prompts-dir", "prompts", "--prompt-version", "worty")
    assert misspelt.code == 2
    assert "worty: math has no such prompt; did you mean wordy? there are: terse, wordy." in misspelt.err
