"""``kill -9`` of the runner at any stage leaves no server; servers of others are never touched."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core.records import ModelInfo
from servers.lifecycle import serve
from servers.spec import ServerSettings
from system.ports import free_port, listens
from tests.processes import lives
from tests.servers.conftest import ROOT, FakeServer, native_or_skip

RUNNER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from core.records import ModelInfo
from servers.lifecycle import Watch, serve
from servers.spec import ServerSettings
model = ModelInfo("demo-5M", "Q4_K_M", path={path!r}, ctx_train=2048)
settings = ServerSettings(backend={backend!r}, server_bin={server_bin!r})
with serve(model, settings, Path({log!r}), Watch(on_state=lambda state: print(state, flush=True))) as server:
    if {stage!r} != "stopping":
        time.sleep(60)
    print("stopping", flush=True)
"""


def kill_at(stage: str, backend: str, server_bin: str | None, model: ModelInfo, log: Path) -> None:
    """Runs a runner, kills it at the stage, and looks for its family two seconds later."""
    program = RUNNER.format(root=str(ROOT), path=model.path, backend=backend, server_bin=server_bin, log=str(log),
                            stage=stage)
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as runner:
        assert runner.stdout is not None
        while line := runner.stdout.readline():
            if line.strip() == stage:
                break
        else:
            pytest.fail("the runner ended before the stage")
        deadline = time.monotonic() + 5
        family: list[psutil.Process] = []
        while len(family) < 2 and time.monotonic() < deadline:  # the guard and the server
            family = psutil.Process(runner.pid).children(recursive=True)
        assert len(family) >= 2
        runner.kill()
    time.sleep(2.0)
    left = [member for member in family if lives(member)]
    assert not left


@pytest.mark.parametrize("stage", ["starting", "ready", "stopping"])
def test_kill_9_of_the_runner_leaves_no_stubborn_server(
    stage: str, fake: FakeServer, model: ModelInfo, log_path: Path,
) -> None:
    options = ["--ignore-sigterm", "--grandchild"] + (["--ready-after", "600"] if stage == "starting" else [])
    kill_at(stage, "llama-server", fake(*options), model, log_path)


@pytest.mark.parametrize("stage", ["starting", "ready"])
@pytest.mark.parametrize("backend", [
    "xllamacpp", pytest.param("llama-server", marks=pytest.mark.native),
    pytest.param("llama-cpp-python", marks=pytest.mark.native)])
def test_kill_9_of_the_runner_leaves_no_real_server(
    stage: str, backend: str, model: ModelInfo, log_path: Path,
) -> None:
    server_bin = native_or_skip(backend) if backend != "xllamacpp" else None
    kill_at(stage, backend, server_bin if backend == "llama-server" else None, model, log_path)


@pytest.fixture
def neighbour() -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Somebody else's server, and a port beside it that is free."""
    while True:
        port = free_port()
        command = [sys.executable, "-m", "http.server", str(port + 1), "--bind", "127.0.0.1"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
            while other.poll() is None and not listens(other.pid, port + 1):
                time.sleep(0.05)
            if other.poll() is not None:  # that port was taken
                continue
            try:
                yield port, other
            finally:
                other.kill()
        return


def test_an_unrelated_server_on_a_neighbouring_port_is_never_touched(
    neighbour: tuple[int, subprocess.Popen[bytes]], fake: FakeServer, model: ModelInfo, log_path: Path,
) -> None:
    port, other = neighbour
    ports = iter([port + 1, port + 1, port])  # the neighbour's own first: taken, and left alone
    settings = ServerSettings(server_bin=fake("--ignore-sigterm"))
    with serve(model, settings, log_path, choose_port=lambda: next(ports)) as server:
        assert server.endpoint.base_url.endswith(f":{port}")
        server.stop()
    kill_at("starting", "llama-server", fake("--hang"), model, log_path)
    assert other.poll() is None
    assert listens(other.pid, port + 1)
