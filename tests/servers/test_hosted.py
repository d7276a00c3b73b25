"""Models of providers: found, refused and asked, at a small real server that is strict about its key."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.errors import ServerError, UsageError
from core.records import ModelInfo
from servers.backends import hosted
from servers.backends.hosted import PROVIDERS, named
from servers.doctor import server_facts
from servers.http import get_json
from servers.lifecycle import serve
from servers.models import resolve
from servers.spec import ServerSettings
from system.ports import free_port

FAKE = Path(__file__).resolve().parents[1] / "fakes" / "provider.py"
KEY = "sk-test-0123456789abcdefghij"
Start = Callable[..., str]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    with ExitStack() as stack:

        def begin(dialect: str, *flags: str) -> str:
            log = str(tmp_path / "requests")
            argv = [sys.executable, str(FAKE), "--dialect", dialect, "--log", log, "--key", KEY, *flags]
            process = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            return f"http://127.0.0.1:{int(process.stdout.readline())}"

        yield begin


@pytest.mark.parametrize(("spec", "name", "backend"), [
    ("openai:gpt-4o-mini", "gpt-4o-mini", "openai"), ("openai:ft:gpt-4o:me::x1", "ft:gpt-4o:me::x1", "openai"),
    ("openai:meta-llama/Llama-3.1-8B", "meta-llama/Llama-3.1-8B", "openai"),
    ("gemini:gemini-2.5-flash", "gemini-2.5-flash", "gemini"), ("gemini:models/gemini-pro", "gemini-pro", "gemini"),
])
def test_a_providers_model_is_told_by_its_prefix(spec: str, name: str, backend: str) -> None:
    model = resolve(spec)
    assert (model.name, model.backend, model.path, model.identity) == (name, backend, None, f"{backend}:{name}")


@pytest.mark.parametrize("spec", ["openai:", "gemini: ", "gemini:x?key=1", "gemini:a:generateContent", "openai:a\nb"])
def test_a_name_that_is_none_is_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="no model's name"):
        resolve(spec)


@pytest.mark.parametrize("backend", ["openai", "gemini"])
def test_a_provider_is_asked_for_its_models_and_nothing_is_started(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv("MY_KEY", KEY)
    settings = ServerSettings(base_url=start(backend, "--models", "m-1") + "/v1", api_key_env="MY_KEY")
    with serve(named(backend, "m-1"), settings, tmp_path / "log") as server:
        end = server.endpoint
        assert (end.backend, end.model, end.api_key, end.slots) == (backend, "m-1", KEY, hosted.SLOTS)
        assert (server.pid, server.alive(), server.warnings) == (None, True, ())
        assert KEY not in repr(end)
    assert not (tmp_path / "log").exists()


@pytest.mark.parametrize("backend", ["openai", "gemini"])
def test_a_key_that_is_refused_is_told_before_anything_is_asked(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    monkeypatch.setenv(PROVIDERS[backend].key_env, "sk-wrong-0123456789abcdef")
    settings = ServerSettings(base_url=start(backend))
    with pytest.raises(UsageError, match=f"the key in {backend.upper()}_API_KEY was refused") as caught, \
            serve(named(backend, "m"), settings, tmp_path / "log"):
        pass
    assert "sk-wrong" not in str(caught.value)


@pytest.mark.parametrize(("prefix", "given"), [("/api/paas/v4", "/api/paas/v4"), ("/v1beta/openai", "/v1beta/openai/"),
                                               ("", ""), ("/openai/v1", "/openai/v1"), ("/openai/v1", "/openai")])
def test_a_services_version_may_stand_anywhere_in_its_address(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, prefix: str, given: str
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = ServerSettings(base_url=start("openai", "--models", "m-1", "--prefix", prefix) + given)
    with serve(named("openai", "m-1"), settings, tmp_path / "log") as server:
        assert (server.warnings, server.alive()) == ((), True)
        assert (hosted.NO_VERSION in server.endpoint.capabilities) is not prefix.endswith("/v1")


def test_a_name_that_another_server_does_not_list_is_asked_all_the_same(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = ServerSettings(base_url=start("openai", "--models", "gpt-4o-mini", "gpt-4.1"))
    with serve(named("openai", "gpt-4o-mimi"), settings, tmp_path / "log") as server:
        (warning,) = server.warnings
        assert "lists no model gpt-4o-mimi (near: gpt-4o-mini" in warning


def test_keys_that_cannot_be_used_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    model, elsewhere = ModelInfo("m", backend="openai"), "http://192.0.2.1:8000"
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(UsageError, match="OPENAI_API_KEY holds no API key"):
        hosted.key_of(model, ServerSettings())
    assert hosted.key_of(model, ServerSettings(base_url=elsewhere)) is None, "a server of one's own may want none"
    with pytest.raises(UsageError, match="MY_KEY holds no API key"):
        hosted.key_of(model, ServerSettings(base_url=elsewhere, api_key_env="MY_KEY"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-ünïcode")
    with pytest.raises(UsageError, match="no header may carry") as caught:
        hosted.key_of(model, ServerSettings())
    assert "ünï" not in str(caught.value)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with pytest.raises(UsageError, match="unencrypted"):
        hosted.key_of(model, ServerSettings(base_url=elsewhere))
    monkeypatch.setenv("MY_KEY", KEY)
    assert hosted.key_of(model, ServerSettings(base_url=elsewhere, api_key_env="MY_KEY")) == KEY


def test_a_key_in_an_address_is_refused() -> None:
    for url in ("http://me:secret@127.0.0.1", "http://127.0.0.1/v1?key=secret"):
        with pytest.raises(UsageError, match="end up in files") as caught:
            hosted.address(ModelInfo("m", backend="gemini"), ServerSettings(base_url=url))
        assert "secret" not in str(caught.value)


def test_nobody_there_is_an_error_of_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    settings = ServerSettings(base_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ServerError, match="does not answer"), serve(named("openai", "m"), settings, tmp_path / "log"):
        pass


def test_doctor_says_whether_there_is_a_key_and_not_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    found = {fact.subject: fact for fact in server_facts()}
    assert "OPENAI_API_KEY is set" in found["openai"].detail
    assert "export GEMINI_API_KEY" in found["gemini"].advice
    assert KEY not in json.dumps([str(fact) for fact in found.values()])
    assert os.environ["OPENAI_API_KEY"] == KEY


@pytest.mark.parametrize("given", ["sk-proj-0123456789abcdef", "AIzaSy0123456789abcdef", "gsk_0123456789abcdef", ""])
def test_a_key_given_instead_of_its_variables_name_is_not_repeated(given: str) -> None:
    with pytest.raises(UsageError, match="the name of a variable, and not a key") as caught:
        hosted.key_of(named("openai", "m"), ServerSettings(base_url="http://127.0.0.1:1", api_key_env=given))
    assert "0123456789" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999", "http://a:b", "ftp://a", "127.0.0.1:80"])
def test_an_address_that_is_none_is_told_in_a_sentence(url: str) -> None:
    with pytest.raises(UsageError, match="is no http address"):
        hosted.address(named("openai", "m"), ServerSettings(base_url=url))


def test_an_address_is_taken_as_people_copy_it() -> None:
    for end in ("", "/", "/v1", "/v1/", "/v1/chat/completions"):
        assert hosted.address(named("openai", "m"), ServerSettings(base_url=f"https://a.example{end}")) \
            == "https://a.example"


def test_a_proxy_of_another_kind_is_told_as_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    assert "SOCKS proxy" in get_json("https://server.invalid", "/v1/models", None).problem
