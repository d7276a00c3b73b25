"""The three real llama.cpp backends: what takes effect, and failures whose cause only a real log can show."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import requests

from core.errors import BadInput, ServerError, UsageError
from core.records import ModelInfo
from servers.backends.registry import BACKENDS
from servers.fitting import Room
from servers.lifecycle import RunningServer, Watch, serve
from servers.spec import ServerSettings
from system.ports import free_port
from tests.servers.test_lifecycle import failure

Settings = Callable[..., ServerSettings]
LIMIT_BYTES = 4 << 30


def chat(server: RunningServer, key: str | None) -> requests.Response:
    body = {"model": server.endpoint.model, "messages": [{"role": "user", "content": "What is 2+2?"}], "max_tokens": 4,
            "temperature": 0}
    return requests.post(f"{server.endpoint.base_url}/v1/chat/completions", json=body, timeout=30,
                         headers={"Authorization": f"Bearer {key}"})


def test_it_answers_with_the_settings_asked_for_and_only_to_its_key(
    real: Settings, model: ModelInfo, log_path: Path,
) -> None:
    settings = real(ctx_size=512, threads=1, parallel=1, gpu_layers=0)
    with serve(model, settings, log_path) as server:
        end = server.endpoint
        assert (end.backend, end.slots, end.ctx_size, end.model) == (settings.backend, 1, 512, "demo-5M:Q4_K_M")
        assert end.effective["gpu_layers"] == 0
        assert end.effective["threads"] == 1
        assert end.build
        assert chat(server, end.api_key).json()["choices"][0]["message"]["content"]
        assert chat(server, "wrong").status_code == 401
        assert end.api_key
        family = [psutil.Process(server.pid), *psutil.Process().children(recursive=True)]
        assert end.api_key not in " ".join(word for member in family for word in member.cmdline())
        listening = [c for c in family[0].net_connections("tcp") if c.status == psutil.CONN_LISTEN]
        assert [c.laddr.ip for c in listening] == ["127.0.0.1"]


def test_slots_have_their_own_context_each(real: Settings, model: ModelInfo, log_path: Path) -> None:
    settings = real(ctx_size=512, parallel=3)
    if BACKENDS[settings.backend].max_slots == 1:
        assert "at most 1 request" in failure(serve(model, settings, log_path), UsageError)
        return
    with serve(model, settings, log_path) as server:
        assert (server.endpoint.slots, server.endpoint.ctx_size) == (3, 512)


def test_without_a_context_asked_for_the_models_own_is_the_upper_bound(
    real: Settings, model: ModelInfo, log_path: Path,
) -> None:
    with serve(model, real(), log_path) as server:
        assert server.endpoint.ctx_size == model.ctx_train


def test_a_server_arg_takes_effect(real: Settings, model: ModelInfo, log_path: Path) -> None:
    settings = real()
    argument = {"llama-server": "--alias-not", "xllamacpp": "n_batch=64", "llama-cpp-python": "n_batch=64"}
    words = ("--batch-size=64",) if settings.backend == "llama-server" else (argument[settings.backend],)
    with serve(model, replace(settings, server_args=words), log_path):
        assert "n_batch               = 64" in log_path.read_text(errors="replace")


def test_an_unknown_server_arg_is_the_users_mistake(real: Settings, model: ModelInfo, log_path: Path) -> None:
    words = ("--batch-sise=64",) if real().backend == "llama-server" else ("n_bach=64",)
    message = failure(serve(model, real(server_args=words), log_path), UsageError)
    assert "is unknown" in message
    assert "batch" in message.partition("near are")[2]


def test_a_model_file_that_is_missing(real: Settings, model: ModelInfo, log_path: Path) -> None:
    message = failure(serve(replace(model, path="/no/model.gguf"), real(), log_path), BadInput)
    assert "does not exist (/no/model.gguf)" in message


def test_a_file_that_is_no_gguf(real: Settings, model: ModelInfo, log_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(b"hello world" * 1000)
    assert "not a GGUF" in failure(serve(replace(model, path=str(path)), real(), log_path), BadInput)


def test_a_gguf_that_is_cut_short(real: Settings, model: ModelInfo, log_path: Path, tmp_path: Path) -> None:
    path, whole = tmp_path / "x.gguf", Path(str(model.path)).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "cut short or damaged" in failure(serve(replace(model, path=str(path)), real(), log_path), BadInput)


def test_an_unknown_architecture(real: Settings, model: ModelInfo, log_path: Path, tmp_path: Path) -> None:
    path, whole = tmp_path / "x.gguf", Path(str(model.path)).read_bytes()
    at = whole.index(b"llama", whole.index(b"general.architecture"))
    path.write_bytes(whole[:at] + b"xlamx" + whole[at + 5:])
    assert "architecture 'xlamx'" in failure(serve(replace(model, path=str(path)), real(), log_path), ServerError)


def test_a_context_too_large_for_memory(real: Settings, model: ModelInfo, log_path: Path) -> None:
    """Of which no plan knew: another program took the memory meanwhile."""
    settings = real(ctx_size=20_000_000, parallel=1)
    message = failure(serve(model, settings, log_path, Watch(room=lambda _found, _reserve: Room(1 << 50)),
                            limits={"address_space_bytes": LIMIT_BYTES}), ServerError)
    assert "memory does not suffice; lower --ctx-size" in message


def test_a_port_taken_between_choice_and_bind(real: Settings, model: ModelInfo, log_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        ports = iter([stranger.getsockname()[1], free_port()])
        with serve(model, real(), log_path, choose_port=lambda: next(ports)) as server:
            assert server.alive()


def test_killed_while_loading(real: Settings, model: ModelInfo, log_path: Path) -> None:
    def kill_server() -> bool:
        """Called at each look at the starting server, the first time right after it was started."""
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if not any("guard.py" in word for word in child.cmdline()):
                    child.kill()
        return False

    message = failure(serve(model, real(), log_path, Watch(kill_server)), ServerError)
    assert "killed (signal 9)" in message


@pytest.mark.parametrize("layers", [1, "all"])
def test_gpu_layers_without_gpu_support_name_the_build(
    real: Settings, model: ModelInfo, log_path: Path, layers: object,
) -> None:
    settings = real(gpu_layers=layers)
    found = BACKENDS[settings.backend].find(settings)
    if found.gpu:
        with serve(model, settings, log_path) as server:
            assert server.endpoint.effective["gpu_layers"] == (1 if layers == 1 else 5)
        return
    assert found.build in failure(serve(model, settings, log_path), UsageError)


@pytest.mark.parametrize(("argument", "says"), [
    ("n_batch", "write NAME=VALUE"), ("n_batch=many", "a value of kind int"), ("warmup=perhaps", "true or false"),
    ("port=1", "the runner itself"), ("n_ctx=5", "--ctx-size; use that"), ("split_mode=nowhere", "one of"),
])
def test_values_that_xllamacpp_cannot_take_are_refused_before_it_starts(
    model: ModelInfo, log_path: Path, argument: str, says: str,
) -> None:
    settings = ServerSettings(backend="xllamacpp", server_args=(argument,))
    assert says in failure(serve(model, settings, log_path), UsageError)
    assert not log_path.exists()


def test_nested_settings_and_enums_reach_xllamacpp(model: ModelInfo, log_path: Path) -> None:
    arguments = ("cpuparams.poll=0", "flash_attn_type=LLAMA_FLASH_ATTN_TYPE_DISABLED")
    with serve(model, ServerSettings(backend="xllamacpp", server_args=arguments), log_path):
        assert "flash_attn            = disabled" in log_path.read_text(errors="replace")
