"""What makes a cell: what was asked, and nothing that the machine chose or that decides where results go."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.records import ModelInfo
from core.strategy import StrategySettings
from runner.cell_key import cell_key
from runner.choosing import unopened, work_for
from runner.observer import Hooks, Quiet
from runner.plan import Cell
from runner.request import Outputs, Request, SamplingChoice, StrategyChoice, TaskChoice, Verifying
from servers.models import resolve
from servers.spec import ServerSettings

HOOKS = Hooks(Quiet(), lambda: False, lambda _: True)
DEMO = resolve("demo:Q2_K")
NONE_GIVEN = ServerSettings()
SEVERAL = StrategyChoice("sc_fixed", StrategySettings(n=4))


def key(benchmark: str = "math", model: ModelInfo = DEMO, strategy: StrategyChoice | None = None, **asked: Any) -> str:
    request = Request((model,), (benchmark,), asked.pop("server", ServerSettings()), **asked)
    return cell_key(request, work_for(request, Cell(model, benchmark, strategy or StrategyChoice()), HOOKS))


@pytest.mark.parametrize("asked", [
    {"tasks": TaskChoice(limit=3)},
    {"tasks": TaskChoice(start_problem=1)},
    {"sampling": SamplingChoice(temperature=0.5)},
    {"sampling": SamplingChoice(seed=1)},
    {"sampling": SamplingChoice(max_tokens=99)},
    {"sampling": SamplingChoice(loop=None)},
    {"server": ServerSettings(ctx_size=4096)},
    {"server": ServerSettings(parallel=1)},
    {"server": ServerSettings(server_args=("--no-mmap",))},
    {"strategy": SEVERAL},
    {"audit": 2},
    {"verifying": Verifying(timeout_s=3.0)},
    {"benchmark": "human_eval"},
    {"model": resolve("demo:Q8_0")},
])
def test_what_is_asked_otherwise_is_another_cell(asked: dict[str, Any]) -> None:
    assert key(**asked) != key()


@pytest.mark.parametrize("asked", [
    {"outputs": Outputs(Path("other.json"), Path("elsewhere"), resume=False)},
    {"server": ServerSettings(threads=1, startup_timeout_s=1.0, reserve_ram_gib=0.0)},
    {"verifying": Verifying(workers=1)},
    {"sampling": SamplingChoice(request_timeout_s=1.0)},
    {"sampling": SamplingChoice(temperature=0.0)},
    {"measure_energy": True},
    {"tasks": TaskChoice(start_problem=0)},
])
def test_where_results_go_and_how_fast_they_come_is_no_other_cell(asked: dict[str, Any]) -> None:
    assert key(**asked) == key()


def test_a_file_of_another_name_with_the_same_bytes_is_the_same_model(tmp_path: Path) -> None:
    copy = shutil.copy(DEMO.path or "", tmp_path / "renamed.gguf")
    assert key(model=resolve(str(copy)), tasks=TaskChoice(problems_file="demo")) == key(
        tasks=TaskChoice(problems_file="demo"))


def test_a_model_that_its_server_described_meanwhile_is_still_the_one_that_was_asked_for() -> None:
    asked = resolve("ollama:tiny")
    request = Request((asked,), ("math",), ServerSettings())
    work = work_for(request, Cell(asked, "math"), HOOKS)
    told = replace(asked, name="tiny:latest", sha256="0" * 64)
    assert cell_key(request, replace(work, cell=replace(work.cell, model=told), asked=asked)) == cell_key(request, work)


def test_tasks_named_in_another_order_are_the_same_tasks() -> None:
    work = work_for(Request((DEMO,), ("math",), ServerSettings()), Cell(DEMO, "math"), HOOKS)
    ids = tuple(task.task_id for task in work.tasks[:2])
    assert key(tasks=TaskChoice(task_ids=ids)) == key(tasks=TaskChoice(task_ids=ids[::-1]))


OWN = """
name = "mine"
[tasks]
file = "mine.jsonl"
[prompt]
user = "{question}"
[answer]
parser = "text"
evaluator = "exact"
expected = "answer"
"""


def test_a_benchmark_of_ones_own_is_known_by_its_files_wherever_they_lie(tmp_path: Path) -> None:
    for name, answer in (("one", "4"), ("same", "4"), ("other", "5")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.toml").write_text(OWN)
        (tmp_path / name / "mine.jsonl").write_text(json.dumps({"question": "2+2?", "answer": answer}) + "\n")
    one, same, other = (key(str(tmp_path / name / "mine.toml")) for name in ("one", "same", "other"))
    assert one == same != other


def test_a_task_that_is_named_twice_is_one() -> None:
    tasks = [task.task_id for task in work_for(Request((DEMO,), ("math",), ServerSettings()), Cell(DEMO, "math"),
                                               HOOKS).tasks[:2]]
    assert key(tasks=TaskChoice(task_ids=(*tasks, tasks[0]))) == key(tasks=TaskChoice(task_ids=tuple(tasks)))


@pytest.mark.parametrize("written", ["http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/"])
def test_an_address_is_the_same_however_it_is_written(written: str) -> None:
    served, plain = ModelInfo(name="tiny"), ServerSettings(base_url="http://127.0.0.1:8080")
    assert bare("math", served, ServerSettings(base_url=written)) == bare("math", served, plain)
    assert bare("math", served, ServerSettings(base_url="http://127.0.0.1:8081")) != bare("math", served, plain)


def test_the_release_that_is_asked_anyway_makes_no_other_cell() -> None:
    model = ModelInfo(name="tiny")
    releases = (None, "release_v6", "release_latest")
    named = [bare("lcb", model, tasks=TaskChoice(problems_file=name)) for name in releases]
    assert len(set(named)) == 1
    assert bare("lcb", model, tasks=TaskChoice(problems_file="v6")) not in named


def test_what_a_provider_takes_no_notice_of_makes_no_other_cell_of_its_model() -> None:
    hosted = resolve("openai:gpt-4o-mini")
    assert bare("math", hosted, ServerSettings(gpu_layers=3, server_args=("--x",))) == bare("math", hosted)
    assert bare("math", hosted, ServerSettings(ctx_size=4096)) != bare("math", hosted)


def bare(benchmark: str, model: ModelInfo, server: ServerSettings = NONE_GIVEN, **asked: Any) -> str:
    request = Request((model,), (benchmark,), server, **asked)
    return cell_key(request, unopened(request, Cell(model, benchmark)))
