"""Models of an Ollama server: a stand-in on loopback that is strict about what it receives."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, Interrupted, ServerError, UsageError
from core.records import ModelInfo
from servers.backends import ollama_api, ollama_names, ollama_notes
from servers.backends.ollama_notes import held, unload_leftovers, write
from servers.doctor import server_facts
from servers.http import post_json
from servers.lifecycle import RunningServer, Watch, serve
from servers.models import resolve
from servers.spec import ServerSettings

FAKE = Path(__file__).resolve().parents[1] / "fakes" / "ollama_server.py"
NAME = "llama3.2:1b"
MODEL = ModelInfo(NAME, backend="ollama")


@dataclass(frozen=True)
class Fake:
    """A stand-in that runs."""

    url: str
    log: Path

    def lines(self) -> list[dict[str, Any]]:
        """Those that are whole."""
        text = self.log.read_text() if self.log.exists() else ""
        return [json.loads(line) for line in text.rpartition("\n")[0].splitlines()]

    def loaded(self) -> list[str]:
        return [each.name for each in ollama_api.loaded(self.url)]


Start = Callable[..., Fake]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """A stand-in with the model on its disk, at OLLAMA_HOST; the user's cache is a folder of the test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("servers.backends.ollama_notes.user_cache_folder", lambda: tmp_path / "cache")
    with ExitStack() as stack:
        def run(*flags: str, model: str = NAME) -> Fake:
            log = tmp_path / "ollama.log"
            child = stack.enter_context(subprocess.Popen(
                [sys.executable, FAKE, "--log", log, "--model", model, *flags], stdout=subprocess.PIPE, text=True))
            stack.callback(child.kill)
            assert child.stdout is not None
            port = int(child.stdout.readline())
            monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{port}")
            return Fake(f"http://127.0.0.1:{port}", log)

        yield run


def serving(tmp_path: Path, model: ModelInfo = MODEL, **settings: Any) -> Any:
    return serve(model, ServerSettings(**{"ctx_needed": 3000, **settings}), tmp_path / "server.log")


def test_the_model_is_loaded_with_the_runs_context_and_gone_afterwards(start: Start, tmp_path: Path) -> None:
    there = start()
    with serving(tmp_path, ctx_size=8192) as server:
        end = server.endpoint
        assert (end.backend, end.model, end.build, end.ctx_size, end.slots) == ("ollama", NAME, "0.13.5", 8192, 1)
        assert end.native == {"options": {"num_ctx": 8192}, "keep_alive": "15m", "truncate": False, "shift": False}
        # Ollama loads a model anew for a request whose options or whose shift are others than those of its load.
        (load,) = [line["body"] for line in there.lines() if line.get("path") == "/api/chat"]
        assert load == {"model": NAME, "messages": [], "stream": False, **end.native}
        assert there.loaded() == [NAME]
        assert server.alive()
        assert server.pid is None
    assert there.loaded() == []
    assert not list((tmp_path / "cache" / "ollama").glob("*.json"))


def test_what_the_server_says_of_the_model_describes_it(start: Start, tmp_path: Path) -> None:
    start()
    with serving(tmp_path) as server:
        found = server.endpoint.described
        assert found is not None
        assert (found.label, found.architecture, found.parameters) == (f"{NAME}:Q8_0", "llama", 1_235_814_432)
        assert found.sha256 is not None
        assert len(found.sha256) == 64
        assert found.size_bytes == 1_321_098_329
        assert server.endpoint.effective["model_parameters"] == 'stop "<|eot_id|>" temperature 0.6'


def test_threads_and_layers_are_options_of_every_request(start: Start, tmp_path: Path) -> None:
    there = start()
    with serving(tmp_path, threads=3, gpu_layers="all") as server:
        assert server.endpoint.native["options"] == {"num_ctx": 4096, "num_thread": 3, "num_gpu": 999}
        ollama_api.load(there.url, NAME, {"options": server.endpoint.native["options"]}, 5.0)


def test_a_thinking_model_is_asked_to_think_apart(start: Start, tmp_path: Path) -> None:
    start("--capability", "completion", "--capability", "thinking")
    with serving(tmp_path) as server:
        assert server.endpoint.native["think"] is True


def test_a_shorter_context_than_asked_for_is_read_back_and_told(start: Start, tmp_path: Path) -> None:
    start("--most-ctx", "2048")
    with serving(tmp_path) as server:
        assert server.endpoint.ctx_size == 2048
        assert server.endpoint.effective["ctx_size_asked"] == 4096
        assert server.warnings == ("Ollama gives llama3.2:1b 2048 tokens of context, less than the 4096 asked for.",)


def test_a_version_that_does_not_tell_the_context_is_believed(start: Start, tmp_path: Path) -> None:
    start("--no-context-length")
    with serving(tmp_path) as server:
        assert server.endpoint.ctx_size == 4096
        assert not server.warnings


def test_a_model_that_is_not_there_names_the_command_and_what_there_is(start: Start, tmp_path: Path) -> None:
    start(model="qwen3:4b")
    with pytest.raises(BadInput, match=r"fetch it with 'ollama pull llama3\.2:1b', or add --pull; there are: qwen3:4b"):
        serving(tmp_path).__enter__()


def test_a_model_is_pulled_when_asked_and_goes_on_where_it_was_cut(start: Start, tmp_path: Path) -> None:
    there, bar = start("--cut-pull", model="other"), []
    asked = serve(MODEL, ServerSettings(pull=True), tmp_path / "log", Watch(on_transfer=lambda *told: bar.append(told)))
    with pytest.raises(ServerError, match="goes on where it stopped"):
        asked.__enter__()
    assert bar[-1] == ("ollama pull llama3.2:1b", 1_500_000, 4_000_000)
    bar.clear()
    with serve(MODEL, ServerSettings(pull=True), tmp_path / "log", Watch(on_transfer=lambda *told: bar.append(told))):
        assert bar[0] == ("ollama pull llama3.2:1b", 2_000_000, 4_000_000)
        assert bar[-1] == ("ollama pull llama3.2:1b", 4_000_000, 4_000_000)
        assert there.loaded() == [NAME]


def test_what_cannot_be_pulled_is_one_sentence(start: Start, tmp_path: Path) -> None:
    start()
    with pytest.raises(BadInput, match="could not be pulled: pull model manifest: file does not exist"):
        serving(tmp_path, ModelInfo("nowhere", backend="ollama"), pull=True).__enter__()


def test_another_model_in_memory_is_named_and_left_alone(start: Start, tmp_path: Path) -> None:
    there = start("--loaded", "qwen3:4b")
    with pytest.raises(UsageError, match=r"has qwen3:4b \(2.0 GB\) in memory.*'ollama stop qwen3:4b'"):
        serving(tmp_path).__enter__()
    assert there.loaded() == ["qwen3:4b"]


def test_two_runs_never_load_into_one_server(start: Start, tmp_path: Path) -> None:
    there = start()
    with held(there.url), pytest.raises(UsageError, match="another run of this tool has a model loaded"):
        serving(tmp_path).__enter__()
    assert there.loaded() == []


def test_a_model_that_does_not_fit_is_the_servers_own_words(start: Start, tmp_path: Path) -> None:
    start("--no-room")
    with pytest.raises(ServerError, match=r"did not load llama3\.2:1b: model requires more system memory"):
        serving(tmp_path).__enter__()
    assert unload_leftovers() == ()


def test_an_embedding_model_is_refused(start: Start, tmp_path: Path) -> None:
    start("--capability", "embedding")
    with pytest.raises(BadInput, match=r"no language model that answers \(it can: embedding\)"):
        serving(tmp_path).__enter__()


def test_a_stop_while_it_loads_is_heard_and_unloads(start: Start, tmp_path: Path) -> None:
    there = start("--load-s", "1")
    stop = iter([False, True])
    with pytest.raises(Interrupted):
        serve(MODEL, ServerSettings(), tmp_path / "log", Watch(lambda: next(stop, True))).__enter__()
    assert any(line.get("path") == "/api/chat" and line["body"].get("keep_alive") == "15m" for line in there.lines())
    assert there.loaded() == []
    assert unload_leftovers() == ()


def test_what_a_killed_run_left_is_unloaded_and_nothing_else(start: Start, tmp_path: Path) -> None:
    there = start("--loaded", "qwen3:4b")
    with held(there.url) as note:
        write(note, there.url, NAME, 4096)
        ollama_api.load(there.url, NAME, {"options": {"num_ctx": 4096}, "keep_alive": "15m"}, 5.0)
        assert unload_leftovers() == ()  # it is in use
    assert unload_leftovers() == (
        "ollama:llama3.2:1b was left in memory by a run that was killed, and is unloaded now",)
    assert there.loaded() == ["qwen3:4b"]
    assert unload_leftovers() == ()


def test_what_was_given_less_context_than_asked_for_is_still_known_as_ours(start: Start, tmp_path: Path) -> None:
    there = start()
    with held(there.url) as note:
        write(note, there.url, NAME, 200_000, 131_072)
        ollama_api.load(there.url, NAME, {"options": {"num_ctx": 200_000}}, 5.0)
    assert len(unload_leftovers()) == 1
    assert there.loaded() == []
    short = start("--most-ctx", "2048")
    with serving(tmp_path):
        (path,) = (tmp_path / "cache" / "ollama").glob("*.json")
        assert json.loads(path.read_text())["ctx_size"] == 2048
    assert short.loaded() == []


def test_a_server_that_is_slow_is_no_server_that_is_gone(
        start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside one that only takes its time none is started, and its note is kept."""
    monkeypatch.setattr(ollama_api, "LOOK_TIMEOUT_S", 0.2)
    monkeypatch.setattr(ollama_api, "ASK_TIMEOUT_S", 0.2)
    monkeypatch.setattr(ollama_notes, "LEFT_WITHIN_S", 0.2)
    monkeypatch.setattr(ollama_notes, "LEFT_ASK_S", 0.2)
    there = start("--answer-s", "2")
    assert not ollama_api.is_gone(there.url)
    with pytest.raises(ServerError, match="does not answer within"):
        serving(tmp_path).__enter__()
    with held(there.url) as note:
        write(note, there.url, NAME, 4096)
    (sentence,) = unload_leftovers()
    assert "is asked again at the next start" in sentence
    assert note.exists()
    a_day_ago = note.stat().st_mtime - ollama_notes.FORGOTTEN_S - 1
    os.utime(note, (a_day_ago, a_day_ago))
    assert unload_leftovers() == ()
    assert not note.exists()


def test_the_same_server_by_two_names_is_held_once(start: Start) -> None:
    there = start()
    with held(there.url), pytest.raises(UsageError, match="another run"), held(
            there.url.replace("127.0.0.1", "localhost")):
        pass


def test_a_model_that_is_answering_leaves_memory_when_it_has_answered(start: Start, tmp_path: Path) -> None:
    there = start("--token-s", "0.1")
    with serving(tmp_path) as server:
        asking = threading.Thread(target=post_json, args=(there.url, "/api/chat", None, {
            "model": NAME, "messages": [{"role": "user", "content": "2+2?"}], "stream": False,
            **server.endpoint.native}, 10.0))
        asking.start()
        while not any(line.get("path") == "/api/chat" and line["body"]["messages"] for line in there.lines()):
            assert asking.is_alive()
            time.sleep(0.01)
    assert there.loaded() == []
    asking.join()


@pytest.mark.parametrize("name", [
    "registry.ollama.ai/library/llama3.2:1b", "library/llama3.2:1b", "Llama3.2:1B"])
def test_a_model_is_known_by_each_of_its_names(start: Start, tmp_path: Path, name: str) -> None:
    there = start()
    with serving(tmp_path, ModelInfo(name, backend="ollama")) as server:
        assert server.endpoint.model == NAME
    assert there.loaded() == []


def test_a_model_of_more_parameters_than_allowed_is_refused_before_it_is_loaded(start: Start, tmp_path: Path) -> None:
    there = start()
    with pytest.raises(BadInput, match=r"llama3\.2:1b:Q8_0 has 1\.24 billion parameters, more than --max-model-b 1"):
        serving(tmp_path, max_model_b=1.0).__enter__()
    assert not any(line.get("path") == "/api/chat" for line in there.lines())
    with serving(tmp_path, max_model_b=1.5):
        assert there.loaded() == [NAME]


def test_a_model_that_is_computed_elsewhere_is_refused(start: Start, tmp_path: Path) -> None:
    start("--remote", "https://ollama.com:443")
    with pytest.raises(BadInput, match="is not computed by this Ollama but at https://ollama"):
        serving(tmp_path).__enter__()


def test_a_load_that_takes_too_long_names_the_flag(start: Start, tmp_path: Path) -> None:
    there = start("--load-s", "1")
    with pytest.raises(ServerError, match=r"did not load llama3\.2:1b within 0\.3 s: raise --startup-timeout"):
        serving(tmp_path, startup_timeout_s=0.3).__enter__()
    assert unload_leftovers() == ()
    assert there.log.exists()


def test_a_pull_that_says_nothing_can_be_stopped(start: Start, tmp_path: Path) -> None:
    there = start("--pull-s", "30", model="other")
    with pytest.raises(Interrupted, match="the same command goes on there"):
        serve(MODEL, ServerSettings(pull=True), tmp_path / "log",
              Watch(lambda: any(line.get("path") == "/api/pull" for line in there.lines()))).__enter__()


@pytest.mark.parametrize(("status", "said"), [("502", "status 502"), ("500", "no space left")])
def test_a_pull_that_fails_before_its_first_word_is_told(
        start: Start, tmp_path: Path, status: str, said: str) -> None:
    start("--pull-status", status, model="other")
    with pytest.raises(BadInput, match=f"could not be pulled: {said}; check the name"):
        serving(tmp_path, pull=True).__enter__()


def test_a_pull_whose_checksum_is_wrong_is_the_servers_own_words(start: Start, tmp_path: Path) -> None:
    start("--wrong-digest", model="other")
    with pytest.raises(BadInput, match=r"could not be pulled: digest mismatch, file must be downloaded again"):
        serving(tmp_path, pull=True).__enter__()


def test_what_the_server_calls_its_models_paints_no_terminal(start: Start, tmp_path: Path) -> None:
    start("--loaded", "\x1b[2J\nother:1b")
    with pytest.raises(UsageError, match=r"has \[2J other:1b \(2\.0 GB\) in memory"):
        serving(tmp_path).__enter__()


def test_a_model_that_somebody_loaded_since_with_another_context_is_not_ours(start: Start, tmp_path: Path) -> None:
    there = start()
    with held(there.url) as note:
        write(note, there.url, NAME, 4096)
    ollama_api.load(there.url, NAME, {"options": {"num_ctx": 32768}}, 5.0)
    assert unload_leftovers() == ()
    assert there.loaded() == [NAME]


def test_a_server_that_does_not_let_go_is_asked_again_at_the_next_start(
        start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("servers.backends.ollama.UNLOAD_S", 0.2)
    there = start("--stay")
    told: list[str] = []
    with serve(MODEL, ServerSettings(ctx_needed=3000), tmp_path / "log", Watch(on_note=told.append)):
        pass
    (sentence,) = told
    assert sentence == (f"Ollama at {there.url} did not let go of {NAME} within 0.2 s, so it may still be in memory: "
                        f"it is unloaded at the next start of this tool, or by 'ollama stop {NAME}'")
    assert there.loaded() == [NAME]
    (note,) = (tmp_path / "cache" / "ollama").glob("*.json")
    assert json.loads(note.read_text()) == {"base_url": there.url, "model": NAME, "ctx_size": 4096}
    monkeypatch.setattr("servers.backends.ollama_notes.LEFT_WITHIN_S", 0.2)
    (sentence,) = unload_leftovers()
    assert "does not say that it let go of it" in sentence
    assert note.exists()


@pytest.mark.parametrize("note", [
    b"", b"[]", b'{"base_url": "x"}', b'{"base_url": "http://127.0.0.1:9", "model": "m", "ctx_size": 1}'])
def test_a_note_that_leads_nowhere_is_removed(start: Start, tmp_path: Path, note: bytes) -> None:
    start()
    path = tmp_path / "cache" / "ollama" / "x.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(note)
    assert unload_leftovers() == ()
    assert not path.exists()


def test_where_none_answers_a_server_of_our_own_is_started_and_ended(
        start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "bin" / "ollama"
    program.parent.mkdir()
    fake = shlex.join([sys.executable, "-I", str(FAKE), "--log", str(tmp_path / "own.log"), "--model", NAME])
    program.write_text(f'#!/bin/sh\ntest "$1" = serve && exec {fake} --port "${{OLLAMA_HOST##*:}}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    with serving(tmp_path) as server:
        own = server.endpoint.base_url
        assert server.pid is not None
        assert server.alive()
        assert [each.name for each in ollama_api.loaded(own)] == [NAME]
    assert ollama_api.version(own) is None


def test_without_a_server_and_a_program_it_says_how_to_get_them(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    with pytest.raises(ServerError, match=r"no Ollama server answers at http://127\.0\.0\.1:9: start it"):
        serving(tmp_path).__enter__()


@pytest.mark.parametrize(("given", "url"), [
    ("", "http://127.0.0.1:11434"), ("0.0.0.0", "http://127.0.0.1:11434"), (":8080", "http://127.0.0.1:8080"),
    ("box:1234", "http://box:1234"), ("http://box", "http://box:80"), ("https://box/", "https://box:443"),
    ("[::1]:99", "http://[::1]:99"), (' "box" ', "http://box:11434"), ("::1", "http://[::1]:11434"),
    ("[::1]", "http://[::1]:11434"), ("[::]:80", "http://[::1]:80"), ("::", "http://[::1]:11434"),
    ("https://box/ollama/", "https://box:443/ollama"), ("box:77/a/b", "http://box:77/a/b"),
    ("0.0.0.0:8080", "http://127.0.0.1:8080"), ("http://192.168.0.7", "http://192.168.0.7:80"), ("Box", "http://box:11434"),
    ("ollama.com", "https://ollama.com:443"), ("box:", "http://box:11434"),
])
def test_ollama_host_is_read_as_ollama_reads_it(given: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", given)
    assert ollama_names.address() == url


@pytest.mark.parametrize("given", [
    "ftp://box", "box:nine", "user@box", "box:0", "box:70000", "a b", "box:\u0661", "box/a?b"])
def test_an_ollama_host_that_is_none_is_bad_usage(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OLLAMA_HOST", given)
    with pytest.raises(UsageError, match="OLLAMA_HOST"):
        ollama_names.address()


@pytest.mark.parametrize("name", ["", "a b", "../x", "a/b/c/d/e", "x:y:z:w"])
def test_what_is_no_name_is_bad_usage(name: str) -> None:
    with pytest.raises(UsageError, match="no model's name"):
        resolve(f"ollama:{name}")


def test_names_are_those_of_ollama() -> None:
    for name in ("llama3.2", "llama3.2:1b", "hf.co/owner/repo:Q4_K_M", "registry:5000/me/model:tag"):
        assert resolve(f"ollama:{name}").name == name


def test_a_server_that_is_gone_is_seen(start: Start, tmp_path: Path) -> None:
    start()
    with serving(tmp_path) as server:
        gone = RunningServer(server.endpoint.__class__("http://127.0.0.1:9", NAME, "ollama"))
        assert server.alive()
        assert not gone.alive()


def test_the_doctor_says_what_answers_and_what_is_in_its_memory(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    there = start("--loaded", "qwen3:4b")
    found = {finding.subject: finding for finding in server_facts()}["ollama"]
    assert (found.ok, found.detail) == (True, f"0.13.5 answers at {there.url}, qwen3:4b in memory")
    assert found.advice == "before a run: ollama stop qwen3:4b"
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setattr("servers.doctor.shutil.which", lambda _: None)
    found = {finding.subject: finding for finding in server_facts()}["ollama"]
    assert (found.ok, found.detail) == (True, "none answers at http://127.0.0.1:9")
