"""Models of the transformers library: folders, and its own server where it is to be had."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.scripts.chat import Chat
from benchmarks.scripts.replies import Reply
from benchmarks.scripts.settings import Settings
from core.errors import BadInput, ServerError, UsageError
from core.records import Endpoint, ModelInfo
from servers.backends.base import Found
from servers.backends.transformers_serve import TransformersServe, as_its_own, plan
from servers.fitting import Room
from servers.lifecycle import serve
from servers.model_hash import model_sha256
from servers.models import resolve
from servers.reasons import reason_of
from servers.spec import ServerSettings
from servers.transformers_model import generation_defaults
from tests import skips
from tests.servers.test_hub_models import Hub

ROOT = Path(__file__).resolve().parents[2]


def safetensors(shapes: dict[str, list[int]]) -> bytes:
    """As the library writes them, four bytes a weight."""
    header, at = {}, 0
    for name, shape in shapes.items():
        size = 4
        for length in shape:
            size *= length
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What resolves as a model; no library could load it."""
    path = tmp_path / "tiny"
    path.mkdir()
    config = {"model_type": "llama", "max_position_embeddings": 512, "num_hidden_layers": 2, "dtype": "bfloat16",
              "eos_token_id": 7}
    (path / "config.json").write_text(json.dumps(config))
    (path / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    (path / "model-00001-of-00002.safetensors").write_bytes(safetensors({"a": [2, 3]}))
    (path / "model-00002-of-00002.safetensors").write_bytes(safetensors({"b": [4], "c": []}))
    return path


def test_a_folder_is_described_by_its_config_and_the_headers_of_its_weights(folder: Path) -> None:
    found = resolve(f"transformers:{folder}")
    assert (found.label, found.backend, found.architecture) == ("tiny:BF16", "transformers", "llama")
    assert (found.parameters, found.ctx_train, found.layers) == (11, 512, 2)
    assert found.path == str(folder)
    assert found.size_bytes == sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    assert len(model_sha256(found, folder / "cache")) == 64


@pytest.mark.parametrize(("name", "layers"), [("n_positions", "n_layer"), ("seq_length", "n_layers")])
def test_the_context_has_other_names_in_other_configs(folder: Path, name: str, layers: str) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "x", name: 1024, layers: 3}))
    found = resolve(f"transformers:{folder}")
    assert (found.ctx_train, found.layers) == (1024, 3)


def test_a_model_without_a_context_has_none_in_its_record(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "mamba"}))
    end = Endpoint("http://127.0.0.1:1", "m", "transformers", ctx_size=0, effective={"ctx_size": 0, "slots": 1})
    own = as_its_own(end, resolve(f"transformers:{folder}"))
    assert (own.ctx_size, own.effective) == (None, {"slots": 1})


def test_a_second_copy_of_the_weights_is_not_counted(folder: Path) -> None:
    (folder / "consolidated.safetensors").write_bytes(safetensors({"a": [2, 3], "b": [4], "c": []}))
    assert resolve(f"transformers:{folder}").parameters == 11
    for path in folder.glob("model-*"):
        path.unlink()
    assert resolve(f"transformers:{folder}").parameters == 11
    (folder / "model.safetensors").write_bytes(safetensors({"a": [7]}))
    assert resolve(f"transformers:{folder}").parameters == 7


def test_weights_that_the_index_names_have_to_be_there(folder: Path) -> None:
    index = folder / "model.safetensors.index.json"
    files = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    index.write_text(json.dumps({"weight_map": files}))
    assert resolve(f"transformers:{folder}").parameters == 11
    index.write_text(json.dumps({"weight_map": {**files, "c": "model-00003-of-00003.safetensors"}}))
    with pytest.raises(BadInput, match=r"model-00003-of-00003\.safetensors is missing, one of the 3 files"):
        resolve(f"transformers:{folder}")
    maps: list[Any] = [None, [], {}, {"a": "../x.safetensors"}, {"a": 1}]
    for nonsense in maps:
        index.write_text(json.dumps({"weight_map": nonsense}))
        with pytest.raises(BadInput, match="names no files of weights"):
            resolve(f"transformers:{folder}")


@pytest.mark.parametrize(("missing", "message"), [
    ("config.json", "holds no model of the transformers library"),
    ("tokenizer_config.json", "has no chat template"),
    ("*.safetensors", "holds no weights in safetensors files"),
])
def test_a_folder_that_lacks_something_says_what(folder: Path, missing: str, message: str) -> None:
    for path in folder.glob(missing):
        path.unlink()
    with pytest.raises(BadInput, match=message):
        resolve(f"transformers:{folder}")


@pytest.mark.parametrize("data", [b"", b"\xff" * 16, struct.pack("<Q", 4) + b"[1]x", struct.pack("<Q", 2) + b"[]",
                                  struct.pack("<Q", 14) + b'{"a": {"b": 1}'])
def test_weights_that_are_none_are_refused(folder: Path, data: bytes) -> None:
    (folder / "model-00001-of-00002.safetensors").write_bytes(data)
    with pytest.raises(BadInput, match="is damaged or cut short"):
        resolve(f"transformers:{folder}")


@pytest.mark.parametrize("text", ["[]", "{", "nonsense"])
def test_a_config_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)
    with pytest.raises(BadInput, match=r"config\.json"):
        resolve(f"transformers:{folder}")


@pytest.mark.parametrize("name", ["", "nowhere", "a/b/c", "../x/y"])
def test_what_is_neither_folder_nor_repository_is_bad_usage(name: str) -> None:
    with pytest.raises(UsageError, match="no OWNER/NAME"):
        resolve(f"transformers:{name}")


def test_the_models_own_generation_config_is_what_a_request_begins_with(folder: Path) -> None:
    assert generation_defaults(folder) == {"eos_token_id": 7}
    own = {"_from_model_config": True, "transformers_version": "5.0", "eos_token_id": [7, 8], "top_k": 20, "x": None}
    (folder / "generation_config.json").write_text(json.dumps(own))
    assert generation_defaults(folder) == {"eos_token_id": [7, 8], "top_k": 20}


def test_a_model_on_the_hub_is_a_folder_once_it_is_fetched(folder: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, ROOT / "tests" / "fakes" / "hub_server.py", "--root", folder, "--log", tmp_path / "hub.log",
         "--repo", "owner/tiny"], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            there = Hub(f"http://127.0.0.1:{int(child.stdout.readline())}", tmp_path / "hub.log", tmp_path)
            found = there.load("transformers:owner/tiny")
            assert found.get("error") is None
            assert found["name"] == "tiny:BF16"
            assert found["source"].startswith("hf:owner/tiny@0123456789abcdef")
            assert there.load("transformers:owner/tiny", HF_HUB_OFFLINE="1")["path"] == found["path"]
            assert "is not on the hub, or private" in there.load("transformers:owner/other")["error"]
            offline = there.load("transformers:owner/other", HF_HUB_OFFLINE="1")["error"]
            assert offline == ("transformers:owner/other is not in the cache, and HF_HUB_OFFLINE is set; go online "
                               "once, or give the path of its folder")
        finally:
            child.kill()


def test_weights_that_no_memory_holds_are_refused_before_a_start(folder: Path) -> None:
    kind, model = TransformersServe(), resolve(f"transformers:{folder}")
    found = _found()
    settings = ServerSettings()
    with pytest.raises(UsageError, match="its weights take"):
        plan(model, settings, kind, found, 1, lambda _found, _reserve: Room(100, 50))
    assert plan(model, settings, kind, found, 1, lambda _found, _reserve: Room(10_000, 50)).ctx_size == 512


def _found() -> Found:
    return Found("/bin/transformers", "5.0", gpu=False)


@pytest.mark.parametrize("settings", [
    {"ctx_size": 100}, {"parallel": 2}, {"gpu_layers": 3}, {"gpu_layers": "all"}, {"server_args": ("--port=1",)},
    {"server_args": ("--continuous-batching",)}, {"server_args": ("--no-continuous-batching",)}])
def test_what_its_server_does_not_have_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        TransformersServe().check(ServerSettings(**settings), _found())


def test_without_the_library_the_command_that_installs_it_is_named(folder: Path) -> None:
    with pytest.raises(ServerError, match=r"run \./setup --with transformers"):
        TransformersServe().find(ServerSettings(server_bin=str(folder / "transformers")))


@pytest.mark.parametrize(("line", "sentence"), [
    ("Error: No such option: --sped", "it does not know the argument --sped"),
    ("The checkpoint has model type `foo` but Transformers does not recognize this architecture.",
     "does not know the model's architecture foo"),
    ("ValueError: The repository x contains custom code ... set the option `trust_remote_code=True`", "stranger's"),
    ("safetensors_rust.SafetensorError: Error while deserializing header: MetadataIncompleteBuffer", "cut short"),
    ("ERROR: [Errno 98] error while attempting to bind on address ('127.0.0.1', 1): address already in use", "port"),
])
def test_why_it_died_is_found_in_its_log(line: str, sentence: str) -> None:
    assert sentence in reason_of([line], 1).sentence


@pytest.fixture(scope="module")
def program() -> str:
    """The real library's program; otherwise skips by name, or fails where it is required."""
    beside = Path(sys.executable).with_name("transformers")
    found = os.environ.get("BENCH_TRANSFORMERS") or shutil.which(str(beside))
    if found is None:
        if os.environ.get("BENCH_REQUIRE_NATIVE") == "1":
            pytest.fail(f"BENCH_REQUIRE_NATIVE=1, but {skips.reason_of('transformers')}")
        skips.skip("transformers")
    return found


@pytest.fixture(scope="module")
def tiny(program: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of random weights, made by the library itself."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    subprocess.run([Path(program).with_name("python"), ROOT / "tests" / "fakes" / "tiny_transformers.py", path],
                   check=True, capture_output=True, timeout=200)
    return path


@pytest.mark.timeout(400)
def test_its_own_server_serves_a_tiny_model_and_ends(program: str, tiny: Path, tmp_path: Path) -> None:
    model: ModelInfo = resolve(f"transformers:{tiny}")
    with serve(model, ServerSettings(server_bin=program, threads=1), tmp_path / "log") as server:
        end = server.endpoint
        assert (end.backend, end.slots, end.ctx_size) == ("transformers", 1, 2048)
        assert end.native is not None
        assert end.native["generation_config"]["eos_token_id"] == 257
        assert end.effective["gpu_layers"] in {0, "all"}
        assert server.alive()
        assert server.answers()
        greedy = reply_of(end, 1, temperature=0.0)
        assert reply_of(end, 2, temperature=0.0) == greedy
        assert reply_of(end, 1, temperature=1.0, top_k=1) == greedy  # which a request of its own has no field for
        sampled = reply_of(end, 1, temperature=1.0)
        assert reply_of(end, 1, temperature=1.0) == sampled
        assert reply_of(end, 2, temperature=1.0) != sampled != greedy


def reply_of(end: Endpoint, seed: int, **sampling: float) -> str:
    settings = Settings(end.base_url, Path(), model=end.model, native=end.native, capabilities=end.capabilities,
                        sampling={"max_tokens": 24, **sampling})
    found = Chat(settings).ask([{"role": "user", "content": "How many are two and two?"}], seed, {})
    assert isinstance(found, Reply), found
    assert (found.finish_reason, found.completion_tokens) == ("length", 24)
    return found.response


@pytest.mark.timeout(400)
def test_weights_that_are_cut_short_are_said_to_be(program: str, tiny: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny, broken)
    (weights,) = broken.glob("*.safetensors")
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(BadInput, match="cut short or damaged"):
        serve(resolve(f"transformers:{broken}"), ServerSettings(server_bin=program), tmp_path / "log").__enter__()
