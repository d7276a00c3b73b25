"""Cells made ready: what is refused before a server starts, and what a run folder says of the request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import UsageError
from core.records import Endpoint, ModelInfo
from core.strategy import StrategySettings
from runner.budget import Budget
from runner.choosing import work_for
from runner.observer import Hooks, Quiet
from runner.plan import Cell, drawn_and_replayed
from runner.prepare import fingerprint_parts, prepare
from runner.request import Outputs, Request, SamplingChoice, StrategyChoice, TaskChoice, Verifying
from runner.resume import differences
from runner.script import environment
from servers.spec import ServerSettings

MODEL = ModelInfo("some-model")
ENDPOINT = Endpoint("http://127.0.0.1:1", "some-model", "attach", api_key="secret-key", effective={"gpu_layers": 3})

HOOKS = Hooks(Quiet(), lambda: False, lambda _: True)


def asked(tmp_path: Path, **changes: Any) -> Request:
    return Request((MODEL,), ("mine",), ServerSettings(), outputs=Outputs(runs_root=tmp_path / "runs"), **changes)


def own(tmp_path: Path) -> Path:
    script = tmp_path / "own.py"
    script.write_text("print('1/2 passed')\n")
    return script


@pytest.mark.parametrize(
    ("choice", "flag"),
    [
        ({"tasks": TaskChoice(limit=3)}, "--limit"),
        ({"tasks": TaskChoice(task_ids=("a",))}, "--task-ids"),
        ({"tasks": TaskChoice(problems_file="x.jsonl")}, "--problems-file"),
        ({"tasks": TaskChoice(constrained=True)}, "--constrained"),
        ({"verifying": Verifying(grading="upstream")}, "--grading"),
    ],
)
def test_a_benchmark_of_ones_own_has_no_tasks_to_choose_from(
    tmp_path: Path, choice: dict[str, Any], flag: str
) -> None:
    with pytest.raises(UsageError, match=flag):
        work_for(asked(tmp_path, script=own(tmp_path), **choice), Cell(MODEL, "mine"), HOOKS)


def test_the_run_folder_says_what_was_asked_for_and_of_whom_without_the_key(tmp_path: Path) -> None:
    request = asked(tmp_path, sampling=SamplingChoice(temperature=0.5), tasks=TaskChoice(limit=2))
    work = work_for(request, Cell(MODEL, "math"), HOOKS)
    with prepare(request, work, ENDPOINT, HOOKS.observer.note).folder as folder:
        text = (folder.path / "run_config.json").read_text()
    config = json.loads(text)
    assert config["request"]["sampling"] == {
        "temperature": 0.5, "seed": 0, "request_timeout_s": 600.0, "loop": {"period": 1000, "count": 4, "span": 1600}
    }
    assert config["request"]["tasks"]["limit"] == 2
    assert config["request"]["server"]["backend"] == "auto"
    assert config["environment"]["effective"] == {"gpu_layers": 3}
    assert config["environment"]["host"]["cores"] >= 1
    assert "secret-key" not in text
    assert len(config["fingerprint"]) == 64


def test_a_script_finds_the_key_under_one_name_whatever_the_user_calls_it(tmp_path: Path) -> None:
    told = {"base_url": "http://127.0.0.1:1", "model": "m", "tasks_file": "t", "api_key_env": "MY_KEY"}
    env = environment(tmp_path / "request.json", told, "secret-key", tmp_path)
    assert (env["MY_KEY"], env["BENCH_API_KEY"]) == ("secret-key", "secret-key")


def test_what_decides_a_run_is_the_same_when_it_is_read_back_from_its_folder(tmp_path: Path) -> None:
    """Else a command that was stopped would do again what is done."""
    chosen = tuple(StrategyChoice(name, settings) for name, settings in (
        ("adaptive_margin", StrategySettings(max_n=4)), ("esc", StrategySettings(max_n=4, window=2)),
        ("best_of_n", StrategySettings(n=2, selectors=("agreement",)))))
    request = asked(tmp_path, sampling=SamplingChoice(temperature=0.5), tasks=TaskChoice(limit=2), strategies=chosen,
                    budget=Budget(tokens=5))
    drawn, others = drawn_and_replayed(chosen)
    work = work_for(request, Cell(MODEL, "math", drawn, others), HOOKS)
    for each in (work, *work.replays):
        parts = fingerprint_parts(request, each, ENDPOINT)
        assert differences(json.loads(json.dumps(parts)), parts) == []
    assert fingerprint_parts(request, work, ENDPOINT)["pool"], "all may stop early, so the pool is drawn for all"
