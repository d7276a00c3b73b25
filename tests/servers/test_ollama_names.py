"""Where an Ollama server is, what its models are called, and one of our own where none answers."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from core.errors import ServerError, UsageError
from core.records import ModelInfo
from servers.backends import ollama_api, ollama_names
from servers.doctor import server_facts
from servers.models import resolve
from tests.servers.local_ollama import FAKE, NAME, Start, serving


@pytest.mark.parametrize("name", [
    "registry.ollama.ai/library/llama3.2:1b", "library/llama3.2:1b", "Llama3.2:1B"])
def test_a_model_is_known_by_each_of_its_names(start: Start, tmp_path: Path, name: str) -> None:
    there = start()
    with serving(tmp_path, ModelInfo(name, backend="ollama")) as server:
        assert server.endpoint.model == NAME
    assert there.loaded() == []


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


def test_the_doctor_says_what_answers_and_what_is_in_its_memory(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    there = start("--loaded", "qwen3:4b")
    found = {finding.subject: finding for finding in server_facts()}["ollama"]
    assert (found.ok, found.detail) == (True, f"0.13.5 answers at {there.url}, qwen3:4b in memory")
    assert found.advice == "before a run: ollama stop qwen3:4b"
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.setattr("servers.doctor.shutil.which", lambda _: None)
    found = {finding.subject: finding for finding in server_facts()}["ollama"]
    assert (found.ok, found.detail) == (True, "none answers at http://127.0.0.1:9")
