"""A server that is started for a run that is taken up is the server it had."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.records import Endpoint, ModelInfo
from ledger.folder import RunFolder
from runner.config import run_config
from runner.observer import Hooks, Quiet
from runner.request import Outputs, Request
from runner.resume import in_effect_before
from runner.serving import Serving
from servers.models import resolve
from servers.spec import ServerSettings

HOOKS = Hooks(Quiet(), lambda: False, lambda _: False)
OPEN = ServerSettings(backend="xllamacpp", threads=1)
"""Slots and layers are left to the memory there is."""


@pytest.mark.parametrize(("before", "slots"), [
    ({"slots": 3, "gpu_layers": 0}, {3}),
    ({"slots": 3, "gpu_layers": 5}, {1, 2, 4}),  # this build has no GPU any more: as was asked
    ({"slots": 10**6, "gpu_layers": -7}, {1, 2, 4}),  # somebody edited its file
    (None, {1, 2, 4}),
])
def test_what_memory_decided_once_is_not_decided_again(
    tmp_path: Path, before: dict[str, int] | None, slots: set[int]
) -> None:
    with Serving(resolve("demo-3M"), OPEN, tmp_path / "server.log", HOOKS, before) as serving:
        assert serving.server.endpoint.slots in slots


def test_it_is_known_from_the_unfinished_run_of_the_very_same_request(tmp_path: Path) -> None:
    model = resolve("demo-3M")
    request = Request((model,), ("math",), OPEN, outputs=Outputs(runs_root=tmp_path))
    served = Endpoint("http://127.0.0.1:1", "m", "xllamacpp", slots=2, effective={"gpu_layers": 7})
    config = {"settings": {"model": model.label, "gpu_layers": 7}, **run_config(request, served)}
    folder = RunFolder.create(tmp_path, "20261121T000000Z-math-demo-aaaaaa", config)
    with folder:
        assert in_effect_before(request, model.label) == {"slots": 2, "gpu_layers": 7}
        assert in_effect_before(request, "another") is None
        assert in_effect_before(replace(request, benchmarks=("lcb",)), model.label) is None
        assert in_effect_before(
            replace(request, outputs=replace(request.outputs, resume=False)), model.label) is None
        folder.write_record({})
        folder.end()
    assert in_effect_before(request, model.label) is None


class Counting(BaseHTTPRequestHandler):
    """Lists one model, and counts how often it is asked."""

    asked = 0

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.end_headers()
        self.wfile.write(b'{"data": [{"id": "m"}]}')


def test_somebody_elses_server_is_not_asked_every_second_whether_it_is_there(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        settings = ServerSettings(base_url=f"http://127.0.0.1:{server.server_address[1]}")
        with Serving(ModelInfo("m"), settings, tmp_path / "server.log", HOOKS) as serving:
            before = Counting.asked
            for _ in range(12):
                serving.look(lambda: "")
                time.sleep(0.1)
            assert Counting.asked == before
            serving.watch(lambda: "")  # after a lost connection it is
            assert Counting.asked == before + 1
        server.shutdown()
        thread.join()
