"""NVIDIA's GPUs through NVML: a small library with NVML's functions stands in for the driver's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import nvml_library

ASK = """
import json, sys
from system import host, nvml
cards = [[card.name, card.memory_total_bytes >> 30, card.memory_free_bytes >> 30, card.driver]
         for card in host.gpus() if card.vendor == "nvidia"]
told = nvml.processes()
print(json.dumps([cards, nvml.used_bytes_of({41, 43}), nvml.used_bytes_of({7}), told and sorted(told)]))
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library."""
    return nvml_library.build(tmp_path_factory.mktemp("nvml"))


def ask(folder: Path, **told: str) -> Any:
    done = subprocess.run([sys.executable, "-c", ASK], env=nvml_library.environment(folder, **told),
                          capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


FIRST, SECOND = ["NVIDIA H100", 80, 70, "570.1"], ["NVIDIA H100", 80, 10, "570.1"]


def test_gpus_are_read_with_their_free_memory_and_what_a_process_uses(driver: Path) -> None:
    assert ask(driver)[:3] == [[FIRST, SECOND], 1000 + 1000 + 500, None]


def test_the_hottest_gpu_that_a_server_would_see_tells_its_temperature(driver: Path, tmp_path: Path) -> None:
    hot = tmp_path / "celsius"
    hot.write_text("84")
    said = "import json; from system import nvml; print(json.dumps(nvml.hottest_c()))"

    def hottest(**told: str) -> str:
        done = subprocess.run([sys.executable, "-c", said], env=nvml_library.environment(driver, **told),
                              capture_output=True, text=True, check=True, timeout=60)
        return done.stdout.strip()

    assert hottest(NVML_TEMPERATURE=str(hot)) == "84"
    assert hottest(NVML_TEMPERATURE=str(hot), CUDA_VISIBLE_DEVICES="0") == "30"
    assert hottest() == "null"


def test_processes_are_named_though_the_driver_is_too_old_to_tell_which_of_them_draw(driver: Path) -> None:
    assert ask(driver)[3] == [41, 42, 43]
    assert ask(driver, CUDA_VISIBLE_DEVICES="0", NVML_PIDS="7,9")[3] == [7, 9]


@pytest.mark.parametrize(("visible", "cards"), [("1", [SECOND]), ("GPU-bb,0", [SECOND, FIRST]), ("0,7,1", [FIRST]),
                                                ("", []), ("-1", [])])
def test_only_the_gpus_that_a_server_of_ours_would_see_count(driver: Path, visible: str, cards: list[Any]) -> None:
    assert ask(driver, CUDA_VISIBLE_DEVICES=visible)[0] == cards


def test_a_driver_that_does_not_start_yields_no_gpu_and_no_error(driver: Path) -> None:
    assert ask(driver, NVML_INIT="9") == [[], None, None, None]
