"""Judging as its user has it: a grid of texts, a judge's file, a model as judge, the leaderboard."""

from __future__ import annotations

import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tool import ROOT, Tool
from tests.runner.judging.an_experiment import Experiment, make

NAMES = ("relevance", "actionability", "tone")
EXPERIMENT = ("--experiment", "tip-bench")


@pytest.fixture
def made(tool: Tool) -> Experiment:
    """Texts of two models that are not here."""
    there = make(tool.folder, models=("near-1B:F16", "far-2B:F16"), scenarios=2, candidates=1)
    there.results.rename(tool.ledger)
    return Experiment(tool.ledger, tool.runs_root, tool.folder / "judge.json")


@contextmanager
def judge_that_says(folder: Path, reply: str, *flags: str) -> Iterator[str]:
    """A server whose every reply is this; its address."""
    argv = [sys.executable, str(ROOT / "tests" / "fakes" / "openai_server.py"), "--log", str(folder / "asked"),
            "--reply", reply, "--count-prompt", *flags]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def board(tool: Tool, *more: str) -> Any:
    done = tool("leaderboard", *EXPERIMENT, "--format", "json", *more)
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_from_a_grid_to_a_leaderboard_that_equals_numbers_computed_by_hand(tool: Tool) -> None:
    grid = tool("--model", "demo-5M:F16", "demo-3M:Q4_K_M", "--benchmark", "tips", "--prompt-version", "v1",
                "v2-mentor", "--max-tokens", "200", "--limit", "4", "--threads", "1", "--quiet", "--server",
                "xllamacpp", *EXPERIMENT)
    assert grid.code == 0, grid.err
    assert tool("judge", "export", *EXPERIMENT, "--out", "judge.json", "--twice", "0.5").code == 0
    file = json.loads((tool.folder / "judge.json").read_text())
    assert not {"demo", "v1", "mentor"} & set(str(file["candidates"]).replace("-", " ").split())
    for place, candidate in enumerate(file["candidates"]):
        candidate["scores"] = {name: 1 + (place * 7 + len(name) + len(candidate["text"])) % 5 for name in NAMES}
    (tool.folder / "judge.json").write_text(json.dumps(file))
    applied = tool("judge", "apply", "judge.json")
    assert applied.code == 0, applied.err
    key = json.loads(next(tool.runs_root.glob(".judging/j*.json")).read_text())["places"]
    by_hand: dict[str, dict[str, list[float]]] = {}
    for candidate in file["candidates"]:
        place = key[candidate["id"]]
        if place["occasion"] == 1:
            by_hand.setdefault(place["run_id"], {}).setdefault(place["task_id"], []).append(
                statistics.fmean(candidate["scores"].values()))
    rows = {row["run_id"]: row for row in board(tool)["judges"][0]["rows"]}
    assert rows.keys() == by_hand.keys()
    for run_id, scenarios in by_hand.items():
        expected = statistics.fmean(statistics.fmean(scores) for scores in scenarios.values())
        assert rows[run_id]["composite"]["mean"] == pytest.approx(expected)
    refused = tool("judge", "auto", *EXPERIMENT, "--judge-model", "demo:Q8_0")
    assert refused.code == 2
    assert "would judge its own texts" in refused.err


def test_a_real_model_judges_goes_on_where_it_was_left_and_is_never_asked_twice(
    tool: Tool, made: Experiment
) -> None:
    auto = ("judge", "auto", *EXPERIMENT, "--judge-model", "demo-3M", "--threads", "1", "--server", "xllamacpp",
            "--quiet")
    first = tool(*auto, "--limit", "3")
    assert first.code == 0, first.err
    assert "3 of 3 replies are judgements under tip-v1" in first.err
    assert "5 questions are left for another time (--limit)" in first.err
    second = tool(*auto, "--json")
    assert second.code == 0, second.err
    found = json.loads(second.out)
    assert (found["asked"], found["usable"], found["done_before"], found["unusable"]) == (5, 5, 3, {})
    assert "nothing to ask: demo-3M:Q4_K_M has judged all 8 texts" in tool(*auto).err
    judgements = [record for record in tool.records() if "judgement_of" in record]
    assert {record["judging"]["kind"] for record in judgements} == {"model"}
    own = [record for record in tool.records() if record["benchmark"] == "judge"]
    assert [record["results"]["total_problems"] for record in own] == [3, 5]
    assert all(record["usage"]["completion_tokens"] for record in own)
    (only,) = board(tool)["judges"]
    assert (only["judge"], only["kind"], sum(row["scored"] for row in only["rows"])) == ("demo-3M:Q4_K_M", "model", 8)


def test_a_judge_that_always_likes_the_first_place_is_found_out(tool: Tool, made: Experiment) -> None:
    with judge_that_says(tool.folder, '{"better": "first"}') as url:
        auto = ("judge", "auto", *EXPERIMENT, "--judge-model", "biased", "--base-url", url, "--pairwise", "--quiet")
        done = tool(*auto)
        assert done.code == 0, done.err
        assert "of 12 pairs in both orders 0 (0.0 %) had the same winner in both; 12 leaned to" in done.err
        assert "nothing to ask" in tool(*auto).err
        assert "--baseline nobody: must be one 'MODEL PROMPT' of" in tool(*auto, "--baseline", "nobody").err
    (pairs,) = board(tool)["pairs"]
    assert pairs["position_bias"]["for_first"] == 12
    assert {row["won_percent"] for row in pairs["rows"]} == {50.0}
    asked = [json.loads(line)["body"] for line in (tool.folder / "asked").read_text().splitlines()]
    said = [json.dumps(body["messages"]) for body in asked if "first text" in json.dumps(body["messages"])]
    assert len(said) >= 24
    assert not any(secret in text for text in said for secret in ("near-1B", "far-2B", "p1-short", "p2-mentor"))


def test_replies_that_are_no_judgement_are_counted_and_no_score_is_made_of_them(tool: Tool, made: Experiment) -> None:
    before = {path: path.read_bytes() for path in tool.runs_root.glob("*/*.jsonl")}
    with judge_that_says(tool.folder, 'Splendid! {"relevance": 9, "actionability": 5, "tone": 5}') as url:
        done = tool("judge", "auto", *EXPERIMENT, "--judge-model", "gusher", "--base-url", url, "--quiet")
    assert "0 of 8 replies are judgements under tip-v1; no judgement in 8 (8 wrong)" in done.err
    assert not [record for record in tool.records() if "judgement_of" in record]
    assert {path: path.read_bytes() for path in before} == before
    assert not list(tool.runs_root.glob("*/judgements.jsonl"))


def test_a_judge_that_is_stopped_half_way_is_not_asked_again_what_it_has_answered(
    tool: Tool, made: Experiment
) -> None:
    with judge_that_says(tool.folder, '{"relevance": 4, "actionability": 5, "tone": 5}', "--delay", "0.5") as url:
        auto = ("judge", "auto", *EXPERIMENT, "--judge-model", "slow", "--base-url", url, "--parallel", "1", "--quiet")
        first = tool.start(*auto)
        while not sum(path.read_bytes().count(b"\n") for path in tool.runs_root.glob("*-judge-*/samples.jsonl")) > 1:
            assert first.poll() is None, first.communicate()
            time.sleep(0.02)
        first.send_signal(signal.SIGINT)
        _, said = first.communicate(timeout=60)
        assert first.returncode == 130, said
        assert not list(tool.runs_root.glob("*/judgements.jsonl"))
        done = tool(*auto)
    assert done.code == 0, done.err
    assert "8 of 8 replies are judgements under tip-v1" in done.err
    asked = [json.loads(line)["body"]["messages"][-1]["content"]
             for line in (tool.folder / "asked").read_text().splitlines() if "actionability" in line]
    assert len(set(asked)) == 8
    assert len(asked) <= 9, "one was under way when it was stopped"
    assert [row["composite"]["mean"] for row in board(tool)["judges"][0]["rows"]] == pytest.approx([14 / 3] * 4)
