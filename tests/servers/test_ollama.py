"""Models of an Ollama server: a stand-in on loopback that is strict about what it receives."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import BadInput, Interrupted, ServerError, UsageError
from core.records import ModelInfo
from servers.backends import ollama_api
from servers.backends.ollama_notes import unload_leftovers
from servers.lifecycle import Watch, serve
from servers.spec import ServerSettings
from tests.servers.local_ollama import MODEL, NAME, Start, serving


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


def test_a_model_that_does_not_fit_is_the_servers_own_words(start: Start, tmp_path: Path) -> None:
    start("--no-room")
    with pytest.raises(ServerError, match=r"did not load llama3\.2:1b: model requires more system memory"):
        serving(tmp_path).__enter__()
    assert unload_leftovers() == ()


def test_an_embedding_model_is_refused(start: Start, tmp_path: Path) -> None:
    start("--capability", "embedding")
    with pytest.raises(BadInput, match=r"no language model that answers \(it can: embedding\)"):
        serving(tmp_path).__enter__()


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
