"""A grid of models, prompts and scenarios: collected while the tracking server dies, judged, and read back from it."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

from tests.e2e.tool import Tool
from tests.tracking.mlflow_server import MlflowServer
from tests.tracking.seen import Seen

GRID = ("--model", "demo-5M:Q4_K_M", "demo-3M", "--benchmark", "tips", "--prompt-version", "v1", "v2-mentor",
        "v3-few-shot", "--n-candidates", "2", "--max-tokens", "48", "--diversity", "--experiment", "tip-bench",
        "--server", "xllamacpp", "--threads", "1")
CRITERIA = ("relevance", "actionability", "tone")


def score(text: str, criterion: str) -> int:
    """What stands in for the human: decided by the text alone, so that it can be known by hand."""
    return 1 + hashlib.sha256(f"{criterion} {text}".encode()).digest()[0] % 5


def by_hand(folder: Path) -> dict[str, float]:
    """A cell's composite and criteria from its own texts: means over scenarios of means over candidates."""
    details = [json.loads(line) for line in (folder / "details.jsonl").read_text().splitlines()]
    judged = {(each["task_id"], each["sample"]) for each in details if each["outcome"] == "unjudged"}
    scenarios: dict[str, list[str]] = {}
    for line in (folder / "samples.jsonl").read_text().splitlines():
        sample = json.loads(line)
        if (sample["task_id"], sample["sample"]) in judged:
            scenarios.setdefault(sample["task_id"], []).append(sample["response"].strip())
    means = {name: fmean(fmean(score(text, name) for text in texts) for texts in scenarios.values())
             for name in CRITERIA}
    return {"composite": fmean(means.values()), **{f"criteria.{name}": mean for name, mean in means.items()}}


def fill_in(path: Path) -> None:
    file = json.loads(path.read_text())
    for candidate in file["candidates"]:
        candidate["scores"] = {name: score(candidate["text"].strip(), name) for name in candidate["scores"]}
    path.write_text(json.dumps(file))


@pytest.mark.timeout(400)  # a server is started twice, and fourteen programs
def test_every_cell_of_a_judged_grid_is_in_mlflow_though_its_server_was_killed(
    own_server: Callable[..., MlflowServer], tool: Tool
) -> None:
    server = own_server()
    said = collect(tool, server)
    sentence = r"MLflow: [0-5] of 6 runs sent \(MLflow at \S+ (cannot be reached|does not answer).*\)\. Nothing is lost"
    assert re.search(sentence, said), said
    server.start()
    seen = Seen(server.url)
    assert tool("track", "sync", "--mlflow", server.url, "--experiment", "tip-bench").code == 0
    records = tool.records()
    runs = {record["run_id"]: seen.run("tip-bench", record["run_id"]) for record in records}
    assert len(seen.runs("tip-bench")) == len(runs) == 6
    for record in records:
        is_collected(seen, runs[record["run_id"]], record)

    assert tool("judge", "export", "--experiment", "tip-bench", "--out", "judge.json", "--judge", "anna").code == 0
    fill_in(tool.folder / "judge.json")
    assert "MLflow: 6 runs sent to" in tool("judge", "apply", "judge.json", "--mlflow", server.url).err
    assert "0 sent, 6 there already" in tool("track", "sync", "--mlflow", server.url).err
    board = json.loads(tool("leaderboard", "--experiment", "tip-bench", "--format", "json").out)["judges"][0]["rows"]
    assert len(seen.runs("tip-bench")) == 6
    for record in records:
        run_id = record["run_id"]
        run = seen.run("tip-bench", run_id)
        expected = by_hand(tool.runs_root / run_id)
        assert run.info.run_id == runs[run_id].info.run_id
        assert "judge_pending" not in run.data.tags
        assert {name: run.data.metrics[name] for name in expected} == pytest.approx(expected, abs=1e-5)
        (row,) = [row for row in board if row["run_id"] == run_id]
        assert row["composite"]["mean"] == pytest.approx(run.data.metrics["composite"], abs=1e-5)
        assert seen.history(run, "usage.completion_tokens") == [record["usage"]["completion_tokens"]]


def collect(tool: Tool, server: MlflowServer) -> str:
    """The grid, whose tracking server is killed while it takes the first cells."""
    collecting = tool.start(*GRID, "--mlflow", server.url)
    while not any(server.artifacts.rglob("raw.txt")):
        assert collecting.poll() is None, collecting.communicate()
        time.sleep(0.01)
    server.kill()
    _, said = collecting.communicate(timeout=110)
    assert collecting.returncode == 0, said
    return said


def is_collected(seen: Seen, run: Any, record: dict[str, Any]) -> None:
    """What there is before anybody has judged."""
    assert run.info.status == "FINISHED"
    assert run.data.tags["judge_pending"] == "true"
    assert "score" not in run.data.metrics
    assert "composite" not in run.data.metrics
    assert run.data.metrics["diversity.self_bleu"] == record["diversity"]["self_bleu"]
    assert (run.data.tags["model"], run.data.params["prompt_version"]) == (
        record["model"], record["config"]["prompt_version"])
    files = seen.files(run)
    assert len(json.loads(files["candidates.json"])["candidates"]) == 16
    assert json.loads(files["record.json"]) == record
    assert record["config"]["prompt_sha256"] in files["prompt.txt"]
