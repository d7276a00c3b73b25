"""What a server tells of the sampling and the template, asked once before a run."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from core.records import Endpoint, ModelInfo, Sampling
from servers import echo
from servers.echo import ask, differing
from servers.lifecycle import serve
from servers.spec import ServerSettings

ASKED = Sampling(temperature=0.7, top_p=0.9, top_k=20, min_p=0.02, seed=7)


def test_a_real_server_of_llama_cpp_tells_what_took_effect_and_what_it_evaluated(
    real: Callable[..., ServerSettings], model: ModelInfo, log_path: Path
) -> None:
    with serve(model, real(parallel=1), log_path) as server:
        found = ask(server.endpoint, ASKED, ("system", "user"))
    if server.endpoint.backend == "llama-cpp-python":
        assert found == echo.Echo(problem="llama-cpp-python does not tell")
        return
    assert {name: found.sampling[name] for name in ("temperature", "top_p", "top_k", "min_p")} == {
        "temperature": 0.7, "top_p": 0.9, "top_k": 20, "min_p": 0.02}
    assert (found.sampling_ignored, found.prompt_dropped, found.template_checked) == ((), None, True)


@pytest.mark.parametrize(("template", "gone"), [
    ("{{ messages[0].content }}", "user"), ("hello", "system and the user"),
])
def test_a_template_that_drops_a_message_is_found_whichever_it_is(
    model: ModelInfo, log_path: Path, template: str, gone: str
) -> None:
    settings = ServerSettings(backend="xllamacpp", parallel=1, server_args=(f"chat_template={template}",))
    with serve(model, settings, log_path) as server:
        assert ask(server.endpoint, ASKED, ("system", "user")).prompt_dropped == (
            f"the chat template drops the {gone} message")


CHAIN = ["penalties", "top_k", "top_p", "min_p", "temperature"]


@pytest.mark.parametrize(("settings", "says"), [
    ({"temperature": 0.699999988, "top_k": 20, "top_p": 0.899999976, "min_p": 0.0199999996, "samplers": CHAIN}, []),
    ({"temperature": 0.8, "top_k": 20, "samplers": CHAIN}, ["temperature is 0.8 instead of 0.7"]),
    ({"top_k": 40, "seed": 7}, ["top_k is 40 instead of 20"]),
    ({"samplers": ["top_k", "temperature"]}, ["top_p has no effect", "min_p has no effect"]),
    ({"samplers": CHAIN, "mirostat": 2}, ["top_p has no effect", "top_k has no effect", "min_p has no effect"]),
    ({}, []),
])
def test_a_setting_with_another_value_or_without_a_sampler_is_named(
    settings: Mapping[str, Any], says: list[str]
) -> None:
    asked = {"temperature": 0.7, "top_p": 0.9, "top_k": 20, "min_p": 0.02, "seed": 7, "max_tokens": 2048}
    assert differing(asked, settings) == says


class Odd(BaseHTTPRequestHandler):
    """Answers as the server says."""

    server: Any

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        time.sleep(self.server.wait_s)
        self.send_response(self.server.status)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def odd() -> Iterator[Any]:
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    server.daemon_threads, server.asked, server.wait_s, server.status, server.answer = True, [], 0.0, 200, b"{}"
    server.endpoint = Endpoint(f"http://127.0.0.1:{server.server_address[1]}", "m", "llama.cpp", api_key="k")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("status", "answer", "problem"), [
    (200, b"{}", "the server does not tell"), (200, b"[1]", "the server does not tell"),
    (200, b"<html>", "the server did not answer"), (500, b"{}", "the server did not answer"),
    (200, b'{"__verbose": {"generation_settings": 3}}', "the server does not tell"),
])
def test_what_cannot_be_read_is_no_reason_to_suspect_anything(
    odd: Any, status: int, answer: bytes, problem: str
) -> None:
    odd.status, odd.answer = status, answer
    assert ask(odd.endpoint, ASKED) == echo.Echo(problem=problem)


def test_a_server_that_hangs_holds_the_run_for_a_moment_only(odd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(echo, "TIMEOUT_S", 0.2)
    odd.wait_s = 5.0
    began = time.monotonic()
    assert ask(odd.endpoint, ASKED).problem == "the server did not answer"
    assert time.monotonic() - began < 3


def test_a_stop_is_heard_while_it_waits(odd: Any) -> None:
    odd.wait_s = 5.0
    began = time.monotonic()
    assert ask(odd.endpoint, ASKED, stop_requested=lambda: True) == echo.Echo(problem="stopped")
    assert time.monotonic() - began < 3


def test_it_asks_for_one_token_and_no_cache_with_the_runs_own_sampling(odd: Any) -> None:
    ask(odd.endpoint, Sampling(temperature=0.5, max_tokens=4096))
    [(path, body)] = odd.asked
    assert path == "/v1/chat/completions"
    assert (body["max_tokens"], body["cache_prompt"], body["temperature"], body["seed"]) == (1, False, 0.5, 0)
    assert "top_k" not in body


def test_another_kind_of_server_is_not_asked_at_all() -> None:
    nobody = Endpoint("http://127.0.0.1:9", "m", "openai")
    assert ask(nobody, ASKED).problem == "openai does not tell"
