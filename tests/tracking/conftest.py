"""One MLflow server for the whole session, and MLflow's own client to look into it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from system import files
from tests.e2e.tool import Tool
from tests.tracking.mlflow_server import QUIET, MlflowServer
from tests.tracking.seen import Seen

os.environ |= QUIET  # before anything here imports MLflow
_OTHERS_S = 100.0


@pytest.fixture(scope="session")
def shared_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Started by the worker that first wants it, for all workers; it is ended when the last of them is through."""
    root = tmp_path_factory.getbasetemp()
    root = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    note, server = root / "mlflow.json", MlflowServer(root / "mlflow")
    with files.lock(root / "mlflow.lock"):
        state: dict[str, Any] = json.loads(note.read_text()) if note.exists() else {"users": 0}
        mine = state["users"] == 0
        if mine:
            server.start()
            state["url"] = server.url
        _write(note, state, 1)
    try:
        yield state["url"]
    finally:
        with files.lock(root / "mlflow.lock"):
            _write(note, json.loads(note.read_text()), -1)
        deadline = time.monotonic() + _OTHERS_S
        while mine and json.loads(note.read_text())["users"] > 0 and time.monotonic() < deadline:
            time.sleep(0.1)  # the server ends with the worker that started it
        if mine:
            server.kill()


def _write(note: Path, state: dict[str, Any], more: int) -> None:
    state["users"] += more
    files.atomic_write(note, json.dumps(state).encode())


@pytest.fixture
def mlflow(shared_url: str) -> Seen:
    """The session's server; tests keep apart by their runs' ids and by experiments of their own."""
    return Seen(shared_url)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., MlflowServer]]:
    """Makes servers that a test may end."""
    made: list[MlflowServer] = []

    def make(*flags: str) -> MlflowServer:
        made.append(MlflowServer(tmp_path / f"mlflow-{len(made)}", *flags))
        made[-1].start()
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return Tool(tmp_path)
