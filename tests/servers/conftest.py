"""Servers for the tests: a fake that is a real process, and the compiled ones where they are to be had."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.records import ModelInfo
from servers.lifecycle import RunningServer, Watch, serve
from servers.spec import ServerSettings
from tests import skips
from tests.servers.local_ollama import FAKE as OLLAMA
from tests.servers.local_ollama import NAME, Fake, Start

ROOT = Path(__file__).parents[2]
FAKE = ROOT / "tests" / "fakes" / "llama_server.py"

FakeServer = Callable[..., str]
Serve = Callable[..., contextlib.AbstractContextManager[RunningServer]]


def _is_new(child: psutil.Process, before: set[int]) -> bool:
    """Neither there before nor started by one that was: the browser of other rooms' tests goes on having children."""
    try:
        return before.isdisjoint({child.pid, *(parent.pid for parent in child.parents())})
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(autouse=True)
def _no_process_left() -> Iterator[None]:
    """After each test of this room, whatever it did, no child of ours may be left."""
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    yield
    deadline = time.monotonic() + 2.0
    while True:
        left = [child for child in psutil.Process().children(recursive=True) if _is_new(child, before)]
        if not left or time.monotonic() > deadline:
            break
        time.sleep(0.05)
    described = [str(child) for child in left]
    for child in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    assert not described, f"processes were left: {described}"


@pytest.fixture
def fake(tmp_path: Path) -> FakeServer:
    """Writes an executable that is the fake with the given options; returns its path."""
    def write(*options: str, name: str = "llama-server") -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\nexec {shlex.join([sys.executable, '-I', str(FAKE), *options])} \"$@\"\n")
        path.chmod(0o755)
        return str(path)

    return write


@pytest.fixture
def model() -> ModelInfo:
    """The small demo model."""
    path = ROOT / "models" / "demo-5M-Q4_K_M.gguf"
    return ModelInfo("demo-5M", "Q4_K_M", path=str(path), ctx_train=2048, layers=4)


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "server.log"


@pytest.fixture
def run_fake(fake: FakeServer, model: ModelInfo, log_path: Path) -> Serve:
    """``serve`` with a fake of the given options; settings and hooks by keyword."""
    def start(
        *options: str, hooks: dict[str, object] | None = None, **settings: object,
    ) -> contextlib.AbstractContextManager[RunningServer]:
        asked = ServerSettings(server_bin=fake(*options), **{"startup_timeout_s": 20.0, **settings})  # type: ignore[arg-type]  # keywords of the test
        watch = {key: hook for key, hook in (hooks or {}).items() if key != "choose_port"}
        ports = {key: hook for key, hook in (hooks or {}).items() if key == "choose_port"}
        return serve(model, asked, log_path, Watch(**watch), **ports)  # type: ignore[arg-type]  # keywords of the test

    return start


def native_or_skip(name: str) -> str:
    """Where the compiled backend is; otherwise skips by name, or fails where it is required."""
    if name == "llama-server":
        found = os.environ.get("BENCH_LLAMA_SERVER") or shutil.which("llama-server")
    else:
        found = "llama_cpp" if importlib.util.find_spec("llama_cpp") else None
    if found is None:
        if os.environ.get("BENCH_REQUIRE_NATIVE") == "1":
            pytest.fail(f"BENCH_REQUIRE_NATIVE=1, but a backend is missing: {skips.reason_of(name)}")
        skips.skip(name)
    return found


REAL = ["xllamacpp", pytest.param("llama-server", marks=pytest.mark.native),
        pytest.param("llama-cpp-python", marks=pytest.mark.native)]


@pytest.fixture(params=REAL)
def real(request: pytest.FixtureRequest) -> Callable[..., ServerSettings]:
    """Settings for each real backend in turn; more by keyword."""
    name = str(request.param)
    server_bin = None if name == "xllamacpp" else native_or_skip(name)
    if name != "llama-server":
        server_bin = None

    def settings(**more: object) -> ServerSettings:
        return ServerSettings(backend=name, server_bin=server_bin, **{"startup_timeout_s": 60.0, **more})  # type: ignore[arg-type]  # keywords of the test

    return settings


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """A stand-in with the model on its disk, at OLLAMA_HOST; the user's cache is a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("servers.backends.ollama_notes.user_cache_folder", lambda: tmp_path / "cache")
    with contextlib.ExitStack() as stack:
        def run(*flags: str, model: str = NAME) -> Fake:
            log = tmp_path / "ollama.log"
            child = stack.enter_context(subprocess.Popen(
                [sys.executable, OLLAMA, "--log", log, "--model", model, *flags], stdout=subprocess.PIPE, text=True))
            stack.callback(child.kill)
            assert child.stdout is not None
            port = int(child.stdout.readline())
            monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{port}")
            return Fake(f"http://127.0.0.1:{port}", log)

        yield run
