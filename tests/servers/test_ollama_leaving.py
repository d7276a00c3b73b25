"""What an Ollama server has in its memory: ours leaves it however a run ends, what is not ours stays."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from core.errors import Interrupted, ServerError, UsageError
from servers.backends import ollama_api, ollama_notes
from servers.backends.ollama_notes import held, unload_leftovers, write
from servers.http import post_json
from servers.lifecycle import RunningServer, Watch, serve
from servers.spec import ServerSettings
from tests.servers.local_ollama import MODEL, NAME, Start, serving


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


def test_a_server_that_is_gone_is_seen(start: Start, tmp_path: Path) -> None:
    start()
    with serving(tmp_path) as server:
        gone = RunningServer(server.endpoint.__class__("http://127.0.0.1:9", NAME, "ollama"))
        assert server.alive()
        assert not gone.alive()
