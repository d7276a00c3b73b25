"""Sweeps as their user has them: a plan, a folder, a ledger; killed, run twice at once, stopped and gone on with."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.tool import ROOT, Tool

PLAN = """
name = "small"
models = ["demo:Q8_0", "demo:Q2_K"]
benchmarks = ["math", { benchmark = "extraction", max-tokens = 96 }]
strategies = ["single", { strategy = "sc_fixed", n = [2, 4], temperature = 0.8 }]

[settings]
server = "xllamacpp"
limit = 4
max-tokens = 96
parallel = 1
server-arg = ["cache_prompt=false"]

[[exclude]]
benchmark = "extraction"
strategy = "sc_fixed"
"""
CELLS = 8


def planned(tool: Tool, plan: str = PLAN) -> str:
    (tool.folder / "plan.toml").write_text(plan)
    return "plan.toml"


def scores(tool: Tool) -> dict[str, Any]:
    return {record["cell"]: record["results"]["score"] for record in tool.records()}


def texts(tool: Tool) -> dict[str, dict[tuple[str, int], str]]:
    """By cell, what was answered."""
    found = {}
    for record in tool.records():
        lines = (tool.runs_root / record["run_id"] / "samples.jsonl").read_text().splitlines()
        samples = [json.loads(line) for line in lines]
        found[record["cell"]] = {(each["task_id"], each["sample"]): each["response"] for each in samples}
    return found


def samples_so_far(tool: Tool) -> int:
    return sum(path.read_bytes().count(b"\n") for path in tool.runs_root.glob("*/samples.jsonl"))


def until(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """Waits for a moment in a sweep's life, or its end."""
    deadline = time.monotonic() + 100
    while process.poll() is None and not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def killed_at(tool: Tool, samples: int, *arguments: str) -> bool:
    """Whether it was still at work then."""
    process = tool.start("sweep", *arguments)
    try:
        until(process, lambda: samples_so_far(tool) >= samples)
        return process.poll() is None
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Tool:
    tool = Tool(tmp_path_factory.mktemp("undisturbed"))
    done = tool("sweep", planned(tool), "--quiet")
    assert done.code == 0, done.err
    return tool


def test_a_sweep_that_is_killed_again_and_again_comes_to_the_same_records_each_once(
    tool: Tool, undisturbed: Tool
) -> None:
    plan, all_samples = planned(tool), samples_so_far(undisturbed)
    moments = sorted(random.Random(20).sample(range(1, all_samples), 4))
    assert sum(killed_at(tool, moment, plan) for moment in moments) >= 3
    done = tool("sweep", plan, "--quiet")
    assert done.code == 0, done.err
    cells = [record["cell"] for record in tool.records()]
    assert len(cells) == len(set(cells)) == CELLS
    assert scores(tool) == scores(undisturbed)
    assert texts(tool) == texts(undisturbed)


def test_a_plan_that_is_done_loads_nothing_and_a_run_by_hand_counts_as_done(undisturbed: Tool, tool: Tool) -> None:
    by_hand = tool("--model", "demo:Q8_0", "--benchmark", "math", "--server", "xllamacpp", "--limit", "4",
                   "--max-tokens", "96", "--parallel", "1", "--server-arg=cache_prompt=false", "--quiet")
    assert by_hand.code == 0, by_hand.err
    (record,) = tool.records()
    assert record["cell"] in scores(undisturbed)
    told = json.loads(tool("sweep", planned(tool), "--dry-run", "--json").out)
    states = {cell["cell"]: cell["state"] for cell in told["cells"]}
    assert states[record["cell"]] == "done"
    assert sorted(states.values()) == ["done"] + ["waiting"] * (CELLS - 1)
    again = undisturbed("sweep", "plan.toml")
    assert again.code == 0
    assert "starting" not in again.err
    assert len(undisturbed.records()) == CELLS


def test_two_sweeps_of_one_plan_at_once_run_no_cell_twice(tool: Tool) -> None:
    plan = planned(tool)
    both = [tool.start("sweep", plan, "--quiet") for _ in range(2)]
    ended = [process.communicate(timeout=110) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    cells = [record["cell"] for record in tool.records()]
    assert len(cells) == len(set(cells)) == CELLS


def test_one_server_is_started_for_all_that_is_asked_of_a_model(undisturbed: Tool) -> None:
    logs = {(undisturbed.runs_root / record["run_id"] / "server.log").read_bytes()[:2000]
            for record in undisturbed.records() if "replayed_from" not in record}
    assert len(logs) == 2


def test_an_interrupt_stops_in_order_and_the_same_command_goes_on(tool: Tool, undisturbed: Tool) -> None:
    process = tool.start("sweep", planned(tool))
    until(process, lambda: samples_so_far(tool) >= 6)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Give the same command again to go on" in err
    status = json.loads(tool("sweep", "plan.toml", "--status", "--json").out)
    assert status["waiting"] > 0 == status["failed"] == status["running"]
    assert any(cell.get("progress", "").endswith("/4") for cell in status["cells"] if cell["state"] == "waiting")
    assert "small: 8 cells" in out
    assert tool("sweep", "plan.toml", "--quiet").code == 0
    assert scores(tool) == scores(undisturbed)


def test_a_cell_that_fails_is_a_row_with_its_reason_and_its_log_and_is_tried_again_when_asked(
    tool: Tool, own_script: Callable[[str], str]
) -> None:
    own_script(f"test -e {tool.folder}/luck && echo '1/2 passed' && exit 0\necho out of luck >&2\nexit 3\n")
    plan = planned(tool, """
models = ["demo:Q2_K"]
benchmarks = [{ benchmark = "mine", script = "own.sh" }, { benchmark = "math", limit = 2, max-tokens = 32 }]
settings = { parallel = 1, server = "xllamacpp" }
""")
    done = tool("sweep", plan)
    assert done.code == 1, done.err
    assert [record["benchmark"] for record in tool.records()] == ["math"]
    status = json.loads(tool("sweep", plan, "--status", "--json").out)
    (failed,) = [cell for cell in status["cells"] if cell["state"] == "failed"]
    assert "on mine" in failed["label"]
    assert "3" in failed["reason"]
    assert failed["log_tail"] == ["out of luck"]
    left_alone = tool("sweep", plan)
    assert left_alone.code == 1
    assert "--retry-failed" in left_alone.err
    assert "out of luck" in left_alone.out
    (tool.folder / "luck").touch()
    again = tool("sweep", plan, "--retry-failed", "--quiet")
    assert again.code == 0, again.err
    assert [record["benchmark"] for record in tool.records()] == ["math", "mine"]
    assert list((tool.runs_root / ".failed").iterdir()) == []


def test_a_sweep_of_a_day_that_is_over_waits_and_can_be_stopped(tool: Tool) -> None:
    hour = (time.localtime().tm_hour + 12) % 24
    process = tool.start("sweep", planned(tool), "--only-between", f"{hour:02d}:00-{hour:02d}:30")
    assert process.stderr is not None
    said = ""
    while "going on at" not in said:
        line = process.stderr.readline()
        assert line, said
        said += line
    assert tool.records() == []
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130


def faults_of(tool: Tool, plan: str) -> list[str]:
    done = tool("sweep", planned(tool, plan), "--dry-run")
    assert done.code == 2, done.err
    assert done.out == ""
    assert "Traceback" not in done.err
    return [line for line in done.err.splitlines() if line.startswith("plan.toml:")]


def test_everything_that_is_wrong_with_a_plan_is_told_at_once_each_with_its_line(tool: Tool) -> None:
    missing, memory, misspelt, date = faults_of(tool, """\
models = [
  "demo:F16",
  "models/qwen3-8b.gguf",
  { model = "demo:Q8_0", ctx-size = 100000000 },
]
benchmarks = ["math", "human_evil", { benchmark = "lcb", problems-file = "demo", start-date = 2025-02-30 }]
""")
    assert missing.startswith("plan.toml:3: models: ")
    assert "qwen3-8b.gguf does not exist" in missing
    assert memory.startswith("plan.toml:4: demo-5M:Q8_0: ")
    assert "it is not loaded" in memory
    assert "did you mean human_eval" in misspelt
    assert "'2025-02-30' is not a date" in date
    assert misspelt.startswith("plan.toml:6:")
    assert date.startswith("plan.toml:6:")
    assert not tool.runs_root.exists()


def test_a_plan_tells_how_long_it_will_take_from_what_ran_here_and_says_where_nobody_knows(undisturbed: Tool) -> None:
    told = json.loads(undisturbed("sweep", "plan.toml", "--dry-run", "--json").out)
    assert all(cell["estimate_s"] >= 0 and cell["tasks"] == 4 for cell in told["cells"])
    assert (told["memory"], told["downloads"]) == ([], []), "nothing is left to load"
    elsewhere = json.loads(undisturbed("sweep", "plan.toml", "--dry-run", "--json", "--results", "new.json").out)
    assert not any("estimate_s" in cell for cell in elsewhere["cells"] if "n=2" not in cell["label"])
    assert ["memory: weights" in load["plan"] for load in elsewhere["memory"]] == [True, True]


@pytest.mark.parametrize(("arguments", "said"), [
    (("nowhere.toml",), "nowhere.toml"),
    (("plan.toml", "--only-between", "22-7"), "--only-between"),
    (("plan.toml", "--only-between", ""), "--only-between"),
    (("plan.toml", "--notify", "ftp://x"), "--notify"),
    (("plan.toml", "--notify", ""), "--notify"),
    (("plan.toml", "--max-gpu-temp", "80"), "--max-gpu-temp"),
])
def test_what_cannot_be_carried_out_is_said_in_a_sentence_and_nothing_runs(
    tool: Tool, arguments: tuple[str, ...], said: str
) -> None:
    planned(tool)
    done = tool("sweep", *arguments, env={"CUDA_VISIBLE_DEVICES": ""})
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert tool.records() == []


def test_a_plan_that_is_no_toml_is_refused_with_its_line(tool: Tool) -> None:
    (tool.folder / "plan.toml").write_text('models = ["demo"]\nbenchmarks = [\n')
    done = tool("sweep", "plan.toml")
    assert done.code == 2
    assert "plan.toml" in done.err
    assert "is no TOML" in done.err


def test_the_example_of_the_docs_is_a_plan(tool: Tool) -> None:
    example = Path(__file__).resolve().parents[2] / "docs" / "examples" / "sweep.toml"
    done = tool("sweep", str(example), "--dry-run", "--json")
    assert done.code == 0, done.err
    assert len(json.loads(done.out)["cells"]) == 24


PAUSED = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from runner.observer import Quiet
from runner.request import Outputs
from runner.sweep.building import build
from runner.sweep.document import read
from runner.sweep.driver import Driving, drive
from runner.sweep.executors.local import Local
from runner.sweep.gates import Hours
from runner.sweep.named import look_up
from runner.sweep.pausing import Gates, Pausing, Watch
from runner.sweep.plan import plan_of

looks = []

def now():
    "Noon for a while, once a few samples are there; night before and after."
    samples = sum(path.read_bytes().count(b"\\n") for path in Path("runs").glob("*/samples.jsonl"))
    if samples >= 3 and len(looks) < 4:
        looks.append(samples)
        return datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
    return datetime(2026, 1, 5, 23, 0, tzinfo=UTC)

class Notes(Quiet):
    def note(self, text):
        print(text)
    status = note

plan = plan_of(read(Path("plan.toml")))
units = [each.unit for each in build(plan, look_up(plan, print)).planned]
watch = Watch(lambda: False, now, lambda: 100 * time.monotonic(), lambda _: time.sleep(0.01))
swept = drive(units, Driving(Local(), Outputs(Path("benchmark_results.json"), Path("runs")),
                             Pausing(Gates(Hours.of("22:00-07:00")), watch, Notes())))
sys.exit(swept.exit_code)
"""


def test_what_runs_when_the_hours_end_is_stopped_at_the_sample_and_goes_on_from_there(tool: Tool) -> None:
    planned(tool, """
models = ["demo:F16"]
benchmarks = ["math", "extraction"]
settings = { server = "xllamacpp", limit = 24, max-tokens = 128, parallel = 1 }
""")
    done = subprocess.run([sys.executable, "-c", PAUSED], cwd=tool.folder, capture_output=True, text=True, timeout=100,
                          env={**tool.environment(), "PYTHONPATH": str(ROOT)}, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("paused: it is not between 22:00-07:00 any more") == 1
    assert done.stdout.count("waiting: going on at 22:00") == 1
    first, second = tool.records()
    assert (first["benchmark"], second["benchmark"]) == ("math", "extraction")
    assert sorted(each["latency"].get("sittings", 1) for each in (first, second)) == [1, 2]
    assert len(tool.run_folders()) == 2 + 1  # and the folder of claims
