"""What a provider's refusals come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import ServerError
from core.records import Endpoint, ModelInfo
from runner import hearing as room
from runner.asking import Asking
from runner.choosing import work_for
from runner.collect import Collection
from runner.hearing import BUSY_TOO_LONG_S, Hearing
from runner.observer import Hooks, Quiet
from runner.plan import Cell
from runner.prepare import prepare
from runner.request import Outputs, Request, TaskChoice
from runner.sitting import Sitting
from servers.spec import ServerSettings

MODEL = ModelInfo("m", backend="gemini")
HOOKS = Hooks(Quiet(), lambda: False, lambda _question: True)


class NothingClosed:
    """Answers of a cell in which none is filed."""

    def write_closed(self) -> None:
        return None


def error(kind: str) -> str:
    return json.dumps({"event": "error", "task_id": "basic/000", "sample": 0, "kind": kind, "message": "HTTP 429"})


def test_a_provider_that_is_only_busy_is_given_up_after_a_quarter_of_an_hour(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = Request((MODEL,), ("math",), ServerSettings(), tasks=TaskChoice(limit=1),
                      outputs=Outputs(runs_root=tmp_path / "runs"))
    work = work_for(request, Cell(MODEL, "math"), HOOKS)
    prepared = prepare(request, work, Endpoint("http://127.0.0.1:1", "m", "gemini"), HOOKS.observer.note)
    times = iter((0.0, BUSY_TOO_LONG_S / 2, BUSY_TOO_LONG_S, BUSY_TOO_LONG_S + 1))
    monkeypatch.setattr(room, "monotonic_s", lambda: next(times))
    with prepared.folder as folder:
        collection = Collection(work.tasks, work.drawing, 0)
        answers: Any = NothingClosed()
        hearing = Hearing(prepared, collection, answers, HOOKS)
        hearing.begin(Asking(collection.opening(), 1), Sitting(prepared.earlier.spent))
        for _ in range(3):
            hearing.line(error("busy"), lambda _failure: None)
        with pytest.raises(ServerError, match="for 15 minutes the provider has only said that it is busy"):
            hearing.line(error("busy"), lambda _failure: None)
        assert len(folder.failures_path.read_text().splitlines()) == 3
