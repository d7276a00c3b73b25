"""Attaching by ``--base-url`` to a server that somebody else runs."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.errors import ServerError, UsageError
from core.records import ModelInfo
from servers.http import Reply, get_json
from servers.lifecycle import serve
from servers.spec import ServerSettings
from system.ports import free_port
from tests.servers.conftest import Serve
from tests.servers.test_lifecycle import failure


class Plain(BaseHTTPRequestHandler):
    """An OpenAI-compatible server that is not llama.cpp's: models ``a`` and ``b``, key ``k``."""

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        allowed = self.headers.get("Authorization") == "Bearer k"
        status = 404 if self.path != "/v1/models" else 200 if allowed else 401
        body = json.dumps({"data": [{"id": "a"}, {"id": "b"}]}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def plain() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Plain)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_llama_server_that_runs_is_used_and_left_running(
    run_fake: Serve, log_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with run_fake(ctx_size=512, parallel=2) as running:
        monkeypatch.setenv("THE_KEY", str(running.endpoint.api_key))
        settings = ServerSettings(base_url=running.endpoint.base_url + "/v1/", api_key_env="THE_KEY")
        with serve(ModelInfo("demo-5M", "Q4_K_M"), settings, log_path) as server:
            end = server.endpoint
            assert (end.base_url, end.slots, end.ctx_size) == (running.endpoint.base_url, 2, 512)
            assert end.backend == "llama.cpp"
            assert end.effective["build"] == "b9999-fake"
            assert server.pid is None
            assert server.alive()
            server.stop()
        assert running.alive()
        running.stop()
        assert not server.alive()
        assert "no longer answers" in server.exit_reason()


def test_less_than_asked_for_is_warned_of(run_fake: Serve, log_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with run_fake(ctx_size=512, parallel=2) as running:
        monkeypatch.setenv("THE_KEY", str(running.endpoint.api_key))
        settings = ServerSettings(base_url=running.endpoint.base_url, api_key_env="THE_KEY", ctx_size=4096, parallel=8)
        with serve(ModelInfo(""), settings, log_path) as server:
            assert len(server.warnings) == 2
            assert (server.endpoint.slots, server.endpoint.ctx_size) == (8, 512)


def test_another_kind_of_server_is_asked_for_its_models(
    plain: str, log_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THE_KEY", "k")
    settings = ServerSettings(base_url=plain, api_key_env="THE_KEY")
    with serve(ModelInfo("b"), settings, log_path) as server:
        assert (server.endpoint.model, server.endpoint.backend, server.endpoint.ctx_size) == ("b", "openai", None)
    message = failure(serve(ModelInfo("c"), settings, log_path), UsageError)
    assert "a, b" in message


def test_a_missing_or_wrong_key_is_the_users_mistake(
    plain: str, log_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("THE_KEY", raising=False)
    settings = ServerSettings(base_url=plain, api_key_env="THE_KEY")
    assert "THE_KEY holds no API key" in failure(serve(ModelInfo("a"), settings, log_path), UsageError)
    monkeypatch.setenv("THE_KEY", "secret-value")
    message = failure(serve(ModelInfo("a"), settings, log_path), UsageError)
    assert "THE_KEY was refused" in message
    assert "secret-value" not in message
    message = failure(serve(ModelInfo("a"), ServerSettings(base_url=plain), log_path), UsageError)
    assert "wants a key" in message


def test_nothing_there_is_a_server_error(log_path: Path) -> None:
    settings = ServerSettings(base_url=f"http://127.0.0.1:{free_port()}")
    assert "does not answer" in failure(serve(ModelInfo("a"), settings, log_path), ServerError)


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://x", "http://", ""])
def test_an_address_that_is_none_is_the_users_mistake(url: str, log_path: Path) -> None:
    assert "no http address" in failure(serve(ModelInfo("a"), ServerSettings(base_url=url), log_path), UsageError)


@pytest.mark.parametrize("settings", [
    {"gpu_layers": 3}, {"threads": 2}, {"server_args": ("--x",)}, {"backend": "xllamacpp"}])
def test_settings_that_only_a_start_could_give_are_refused(settings: dict[str, object], log_path: Path) -> None:
    asked = ServerSettings(base_url="http://127.0.0.1:1", **settings)  # type: ignore[arg-type]  # keywords of the test
    assert "already runs" in failure(serve(ModelInfo("a"), asked, log_path), UsageError)


def test_a_proxy_in_the_environment_does_not_come_between_us_and_our_own_machine(
    run_fake: Serve, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    with run_fake() as server:
        assert server.alive()


class Endless(Plain):
    """Lists its models for ever, in so many bytes at a time, so often."""

    piece, pause_s = b" ", 0.05

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(self.piece)
                time.sleep(self.pause_s)


class Deep(Plain):
    """What it lists is nested deeper than anybody can read."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"[" * 100_000)


def listening(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_an_answer_that_does_not_end_is_none() -> None:
    began = time.monotonic()
    for url in listening(Endless):
        assert get_json(url, "/v1/models", None, 0.5) == Reply(0, problem="no answer in time", slow=True)
    assert time.monotonic() - began < 5
    for url in listening(type("Flood", (Endless,), {"piece": b"[" * (1 << 20), "pause_s": 0})):
        assert get_json(url, "/v1/models", None, 30).problem == "its answer is larger than 16 MiB"


def test_an_answer_that_cannot_be_read_is_one_without_content() -> None:
    for url in listening(Deep):
        assert get_json(url, "/v1/models", None) == Reply(200)


class Named(Plain):
    """Its models have names that are none on one line, and one that is."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v1/models" else 404)
        self.end_headers()
        ids = ["a\nb", "\x1b[31m", {"a": 1}, "c"]
        self.wfile.write(json.dumps({"data": [{"id": name} for name in ids]}).encode())


def test_what_is_no_name_on_one_line_is_no_model(log_path: Path) -> None:
    for url in listening(Named):
        with serve(ModelInfo(""), ServerSettings(base_url=url), log_path) as server:
            assert server.endpoint.model == "c"


class Slow(Plain):
    """Answers the list of models once, then is too busy."""

    busy = False

    def do_GET(self) -> None:
        if type(self).busy:
            threading.Event().wait(3)
        super().do_GET()


def test_a_busy_server_of_somebody_else_is_not_taken_for_lost(
    log_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THE_KEY", "k")
    monkeypatch.setattr(Slow, "busy", False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        with serve(ModelInfo("a"), ServerSettings(base_url=url, api_key_env="THE_KEY"), log_path) as running:
            Slow.busy = True
            assert running.alive()
            server.shutdown()
            server.server_close()
            assert not running.alive()
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Listless(Plain):
    """Has no list of models."""

    def do_GET(self) -> None:
        self.send_error(501)


def test_a_server_without_a_list_of_models_serves_the_one_that_is_named(log_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Listless)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = ServerSettings(base_url=f"http://127.0.0.1:{server.server_address[1]}")
    try:
        with serve(ModelInfo("its-name"), settings, log_path) as running:
            assert running.endpoint.model == "its-name"
        with pytest.raises(UsageError, match="--model"), serve(ModelInfo(""), settings, log_path):
            pass
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_password_in_the_address_is_refused_and_not_repeated(log_path: Path) -> None:
    settings = ServerSettings(base_url="http://me:hunter2@127.0.0.1:9")
    with pytest.raises(UsageError) as raised, serve(ModelInfo("a"), settings, log_path):
        pass
    assert "hunter2" not in str(raised.value)
