"""--measure-energy, from the driver's counter to the record: a library with NVML's functions counts 100 W."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import nvml_library
from tests.e2e.tool import Tool

RUN = ("--model", "demo", "--benchmark", "math", "--limit", "6", "--max-tokens", "128", "--temperature", "0.8",
       "--server", "xllamacpp", "--parallel", "2", "--threads", "1", "--measure-energy")


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nvml_library.build(tmp_path_factory.mktemp("nvml"))


def told(driver: Path, **more: str) -> dict[str, str]:
    """One GPU at 100 W, for a server that computes on the processor."""
    return {"LD_LIBRARY_PATH": str(driver), "NVML_ENERGY": "100", "CUDA_VISIBLE_DEVICES": "0", "NVML_PIDS": "1", **more}


def test_joules_of_a_run_are_its_power_over_its_time_and_those_of_its_tasks_add_up_to_them(
    tool: Tool, driver: Path
) -> None:
    done = tool(*RUN, "--strategy", "sc_fixed", "--n", "1", "4", env=told(driver))
    assert done.code == 0, done.err
    smaller, whole = tool.records()
    energy = whole["energy"]["gpu"]
    # Read a moment before the first question and after the last reply, and within the run.
    assert 0.99 * 100 * whole["latency"]["generation_s"] - 0.2 <= energy["energy_j"]
    assert energy["energy_j"] <= 1.01 * 100 * whole["results"]["time_taken"] + 0.2
    assert energy["source"] == "NVML energy counter of NVIDIA H100"
    assert energy["idle_watts"] == pytest.approx(100, rel=0.2)
    assert len(whole["energy"]["shared_with"]) == 1, "the first process is no server of ours"
    assert "(pid 1)" in whole["energy"]["shared_with"][0]
    assert "other programs were on the GPU" in done.err
    assert whole["energy"]["per_solved_j"] == pytest.approx(
        whole["energy"]["energy_j"] / whole["results"]["total_passed"], abs=0.01)
    tasks = {}
    for record in (smaller, whole):
        lines = (tool.runs_root / record["run_id"] / "tasks.jsonl").read_text().splitlines()
        tasks[record["run_id"]] = sum(json.loads(line)["joules"] for line in lines)
        assert tasks[record["run_id"]] == pytest.approx(record["energy"]["energy_j"], abs=0.1)
    assert smaller["energy"]["apportioned"] is True
    assert smaller["replayed_from"] == whole["run_id"]
    assert tasks[smaller["run_id"]] < tasks[whole["run_id"]]


def test_doctor_says_what_would_be_measured_and_what_not(tool: Tool, driver: Path) -> None:
    lines = json.loads(tool("doctor", "--json", env=told(driver)).out)
    details = {line["subject"]: line["detail"] for line in lines}
    assert details["energy, GPU"] == "NVML energy counter of NVIDIA H100"
    without = json.loads(tool("doctor", "--json", env=told(driver, NVML_INIT="9", PATH=str(driver))).out)
    assert next(line for line in without if line["subject"] == "energy, GPU")["detail"].startswith("no meter: NVML: ")


def test_a_meter_that_is_lost_in_mid_run_leaves_a_record_without_energy_that_says_so(
    tool: Tool, driver: Path, own_script: Callable[[str], str], tmp_path: Path
) -> None:
    lost = tmp_path / "lost"
    script = own_script(f"touch {lost}\necho 'Score: 50%'\n")
    done = tool("--model", "demo", "--benchmark", "mine", "--script", script, "--server", "xllamacpp", "--threads", "1",
                "--measure-energy", env=told(driver, NVML_LOST=str(lost)))
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert "gpu" not in record.get("energy", {})
    assert "GPU: its meter was lost in mid-run" in record["checks"]["energy"]
    assert done.err.count("the energy of the GPU is not recorded: its meter was lost in mid-run") == 1
