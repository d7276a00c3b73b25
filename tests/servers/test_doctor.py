from __future__ import annotations

from pathlib import Path

import pytest

from servers.doctor import gpu_build, server_facts
from tests.servers.conftest import FakeServer


@pytest.fixture
def bare_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def test_a_machine_without_native_server_is_told_what_auto_means_and_how_to_get_one(bare_path: Path) -> None:
    rows = {row.subject: row for row in server_facts()}
    assert rows["xllamacpp"].ok
    assert rows["xllamacpp"].detail.startswith("xllamacpp ")
    assert rows["--server auto"].detail == "means xllamacpp here"
    assert rows["llama-server"].ok  # a choice, no fault
    assert "--server-bin" in rows["llama-server"].advice


def test_a_native_server_is_shown_with_its_path_and_version(bare_path: Path, fake: FakeServer) -> None:
    rows = {row.subject: row for row in server_facts(fake("--gpu", "CUDA0: Big Card"))}
    assert "version 9999 (fake)" in rows["llama-server"].detail
    assert "offloads to CUDA0: Big Card" in rows["llama-server"].detail
    assert rows["--server auto"].detail == "means llama-server here"


def test_a_gpu_that_no_build_can_use_brings_the_command_that_installs_one(bare_path: Path, fake: FakeServer) -> None:
    tool = bare_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA H200, 143771, 143000, 570.1'\n")
    tool.chmod(0o755)
    rows = {row.subject: row for row in server_facts(fake())}
    assert not rows["llama-server"].ok
    assert "-DGGML_CUDA=ON" in rows["llama-server"].advice
    assert "CUDA wheels in the README of the xllamacpp project" in rows["xllamacpp"].advice
    assert "NVIDIA H200, 140.4 GiB, 139.6 GiB free, driver 570.1" in rows["GPU"].detail


@pytest.mark.parametrize(("vendor", "flag"), [("nvidia", "GGML_CUDA"), ("amd", "GGML_HIP"), ("intel", "GGML_VULKAN"),
                                              ("apple", "GGML_METAL")])
def test_each_vendor_has_its_build_flag(vendor: str, flag: str) -> None:
    assert flag in gpu_build("llama-server", vendor)
    assert gpu_build("llama-cpp-python", vendor).startswith(f'CMAKE_ARGS="-D{flag}=ON" .venv/bin/pip install')


def test_where_models_of_the_hub_are_kept_and_what_opens_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    found = {row.subject: row for row in server_facts()}["hub"]
    assert found.ok
    assert f"is fetched with your token and kept in {tmp_path / 'hub'}, " in found.detail
    assert "hf_secret" not in found.detail + found.advice
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    found = {row.subject: row for row in server_facts()}["hub"]
    assert found.detail.startswith("HF_HUB_OFFLINE is set: only what is kept in")
    (tmp_path / "file").touch()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "file" / "hub"))
    found = {row.subject: row for row in server_facts()}["hub"]
    assert (found.ok, found.advice) == (False, "set HF_HOME to a folder that is yours")
