"""The memory that counts as free for a server, by what the build names and the driver tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import UsageError
from core.records import ModelInfo
from servers.backends.base import Launch
from servers.backends.llama_server import LlamaServer
from servers.fitting import Room
from servers.planning import GPU_SLOTS, plan
from servers.room import reserve_bytes, room_for, with_gpus
from servers.spec import ServerSettings
from system.host import Gpu, total_memory_bytes
from tests.servers.conftest import FakeServer

GIB = 1 << 30
EMPTY = Room(16 * GIB, GIB)
H100 = Gpu("NVIDIA H100", "nvidia", 80 * GIB, 70 * GIB)


@pytest.mark.parametrize(("devices", "cards", "vram", "gpus"), [
    (["CUDA0: NVIDIA H100 (81920 MiB, 9 MiB free)"], [H100], 69 * GIB, 1),
    (["NVIDIA H100", "NVIDIA H100"], [H100, Gpu("NVIDIA H100", "nvidia", 80 * GIB, 11 * GIB)], 79 * GIB, 2),
    (["ROCm0: AMD Radeon RX 7900"], [Gpu("RX", "amd", 24 * GIB, 20 * GIB), H100], 19 * GIB, 1),
    (["Vulkan0: Intel Arc (16256 MiB, 15360 MiB free)"], [Gpu("intel GPU", "intel", None)], 14 * GIB, 1),
    (["Vulkan0: Intel Arc"], [Gpu("intel GPU", "intel", None)], None, 1),
    (["CUDA0: NVIDIA Tiny"], [Gpu("NVIDIA Tiny", "nvidia", GIB, GIB // 2)], 0, 1),
    ([], [H100], 69 * GIB, 1),
    ([], [], None, 1),
])
def test_free_gpu_memory_is_the_drivers_word_less_a_gibibyte_on_each(
    devices: list[str], cards: list[Gpu], vram: int | None, gpus: int,
) -> None:
    room = with_gpus(EMPTY, devices, cards)
    assert (room.vram_bytes, room.gpus, room.unified) == (vram, gpus, False)
    assert (room.ram_bytes, room.reserve_bytes) == (EMPTY.ram_bytes, EMPTY.reserve_bytes)


def test_apples_gpu_uses_the_ram_of_which_the_system_keeps_a_part() -> None:
    room = with_gpus(EMPTY, ["Metal: Apple M4"], [Gpu("Apple M4", "apple", 16 * GIB, 15 * GIB)])
    assert room.unified
    assert room.vram_bytes == 12 * GIB


def test_a_gibibyte_is_kept_free_and_on_small_machines_less() -> None:
    assert reserve_bytes(None) == min(GIB, total_memory_bytes() // 10)
    assert reserve_bytes(0) == 0
    assert reserve_bytes(2.5) == 5 * GIB // 2


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def free(folder: Path, mib: int) -> None:
    (folder / "nvidia-smi").write_text(f"#!/bin/sh\necho 'NVIDIA X, 8192, {mib}, 570.1'\n")
    (folder / "nvidia-smi").chmod(0o755)


def planned(fake: FakeServer, model: ModelInfo, **settings: object) -> Launch:
    asked = ServerSettings(server_bin=fake("--gpu", "CUDA0: NVIDIA X"), **settings)  # type: ignore[arg-type]  # keywords of the test
    backend = LlamaServer()
    return plan(model, asked, backend, backend.find(asked), 1234, room_for)


def test_a_gpu_with_room_gets_all_layers_and_as_many_slots_as_make_sense(
    driver: Path, fake: FakeServer, model: ModelInfo,
) -> None:
    free(driver, 8000)
    launch = planned(fake, model)
    assert (launch.gpu_layers, launch.slots) == (None, GPU_SLOTS)
    assert launch.memory is not None
    assert "on the GPU (5 of 5 layers)" in launch.memory.line()


def test_a_gpu_with_little_room_gets_the_layers_that_it_holds(
    driver: Path, fake: FakeServer, model: ModelInfo,
) -> None:
    free(driver, 1024 + 16)
    launch = planned(fake, model)
    assert launch.memory is not None
    assert launch.gpu_layers is not None
    assert 0 < launch.gpu_layers < launch.memory.layers
    assert launch.memory.needs.vram.needed <= 16 << 20


def test_all_layers_asked_onto_a_gpu_without_room_are_refused(
    driver: Path, fake: FakeServer, model: ModelInfo,
) -> None:
    free(driver, 1024 + 16)
    with pytest.raises(UsageError, match=r"on the GPU, where 17 MB can be used: it is not loaded; --"):
        planned(fake, model, gpu_layers="all")


def test_arguments_that_move_weights_leave_the_gpus_memory_to_the_user(
    driver: Path, fake: FakeServer, model: ModelInfo, monkeypatch: pytest.MonkeyPatch,
) -> None:
    free(driver, 1024 + 16)
    monkeypatch.setattr(LlamaServer, "check", lambda *_: None)  # the fake's help has no --cpu-moe
    launch = planned(fake, model, gpu_layers="all", server_args=("--cpu-moe",))
    assert launch.memory is not None
    assert launch.memory.uncounted == ("what --cpu-moe changes",)


def test_a_build_without_a_gpu_counts_no_gpu(driver: Path, fake: FakeServer, model: ModelInfo) -> None:
    free(driver, 8000)
    asked = ServerSettings(server_bin=fake())
    backend = LlamaServer()
    launch = plan(model, asked, backend, backend.find(asked), 1234, room_for)
    assert launch.gpu_layers == 0
    assert launch.memory is not None
    assert launch.memory.room.gpus == 0
