"""NVIDIA's GPUs through NVML: a small library with NVML's functions stands in for the driver's."""

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

ROOT = Path(__file__).parents[2]
SOURCE = r"""
#include <string.h>
typedef struct { unsigned long long total, free, used; } memory_t;
typedef struct { unsigned pid; unsigned long long used; unsigned gpu, compute; } process_t;
static int handles[2] = {0, 1};
int nvmlInitWithFlags(unsigned flags) { return INIT; }
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **handle) { *handle = &handles[index]; return 0; }
int nvmlDeviceGetMemoryInfo(void *handle, memory_t *memory) {
    int which = *(int *)handle;
    memory->total = 80ull << 30; memory->free = (which ? 10ull : 70ull) << 30;
    memory->used = memory->total - memory->free;
    return 0;
}
int nvmlDeviceGetName(void *handle, char *name, unsigned size) { strcpy(name, "NVIDIA H100"); return 0; }
int nvmlDeviceGetUUID(void *handle, char *uuid, unsigned size) {
    strcpy(uuid, *(int *)handle ? "GPU-bbbb" : "GPU-aaaa"); return 0;
}
int nvmlSystemGetDriverVersion(char *version, unsigned size) { strcpy(version, "570.1"); return 0; }
int nvmlDeviceGetComputeRunningProcesses_v3(void *handle, unsigned *count, process_t *found) {
    if (!found) { *count = 2; return 7; }
    found[0].pid = 41; found[0].used = 1000; found[1].pid = 42 + *(int *)handle; found[1].used = 500;
    *count = 2;
    return 0;
}
"""
ASK = """
import json, sys
from system import host, nvml
cards = [[card.name, card.memory_total_bytes >> 30, card.memory_free_bytes >> 30, card.driver]
         for card in host.gpus() if card.vendor == "nvidia"]
print(json.dumps([cards, nvml.used_bytes_of({41, 43}), nvml.used_bytes_of({7})]))
"""


@pytest.fixture(scope="module", params=["0"])
def driver(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the library; its parameter is what starting it returns."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if sys.platform != "linux":
        skips.skip("linux")
    if compiler is None:
        skips.skip("a compiler")
    folder = tmp_path_factory.mktemp("nvml")
    (folder / "nvml.c").write_text(SOURCE.replace("INIT", str(request.param)))
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(folder / "libnvidia-ml.so.1"), str(folder / "nvml.c")],
                   check=True)
    return folder


def ask(folder: Path, **environment: str) -> Any:
    kept = {key: value for key, value in os.environ.items() if key != "CUDA_VISIBLE_DEVICES"}
    env = {**kept, "LD_LIBRARY_PATH": str(folder), "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **environment}
    done = subprocess.run([sys.executable, "-c", ASK], env=env, capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


FIRST, SECOND = ["NVIDIA H100", 80, 70, "570.1"], ["NVIDIA H100", 80, 10, "570.1"]


def test_gpus_are_read_with_their_free_memory_and_what_a_process_uses(driver: Path) -> None:
    assert ask(driver) == [[FIRST, SECOND], 1000 + 1000 + 500, None]


@pytest.mark.parametrize(("visible", "cards"), [("1", [SECOND]), ("GPU-bb,0", [SECOND, FIRST]), ("0,7,1", [FIRST]),
                                                ("", []), ("-1", [])])
def test_only_the_gpus_that_a_server_of_ours_would_see_count(driver: Path, visible: str, cards: list[Any]) -> None:
    assert ask(driver, CUDA_VISIBLE_DEVICES=visible)[0] == cards


@pytest.mark.parametrize("driver", ["9"], indirect=True)
def test_a_driver_that_does_not_start_yields_no_gpu_and_no_error(driver: Path) -> None:
    assert ask(driver) == [[], None, None]
