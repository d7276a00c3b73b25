"""The lifecycle over the fake server: every way to start, to fail and to end."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BenchError, Interrupted, ServerError, UsageError
from core.records import ModelInfo
from servers.lifecycle import State, serve
from servers.spec import ServerSettings
from system.ports import free_port
from tests.servers.conftest import FakeServer, Serve


def failure(context: Any, error: type[BenchError]) -> str:
    """Enters the context, which must raise exactly this class; returns the message, one sentence."""
    with pytest.raises(error) as caught, context:
        pass
    assert caught.type is error
    message = str(caught.value)
    assert message.endswith((".", "?"))
    assert "\n" not in message
    return message


def test_a_ready_server_has_shown_its_model_slots_and_context(run_fake: Serve) -> None:
    states: list[State] = []
    asked = {"ctx_size": 512, "parallel": 3, "threads": 1}
    with run_fake("--ready-after", "0.3", **asked, hooks={"on_state": states.append}) as server:
        end = server.endpoint
        assert server.alive()
        assert (end.slots, end.ctx_size, end.model, end.backend) == (3, 512, "demo-5M:Q4_K_M", "llama-server")
        assert end.build == "9999 (fake)"
        assert end.effective["threads"] == 1
        assert end.effective["gpu_layers"] == 0
    assert not server.alive()
    assert states == [State.STARTING, State.READY, State.STOPPED]


def test_the_key_is_never_on_the_command_line_and_secrets_do_not_reach_the_child(
    run_fake: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("OPENAI_API_KEY", "sk_secret")
    monkeypatch.setenv("LLAMA_ARG_CTX_SIZE", "1")
    record = tmp_path / "record.json"
    with run_fake("--record", str(record)) as server:
        said = json.loads(record.read_text())
        assert said["pid"] == server.pid
        key = server.endpoint.api_key
        assert key
        assert key not in " ".join(said["argv"])
        assert said["env"]["LLAMA_API_KEY"] == key
        assert not {"HF_TOKEN", "OPENAI_API_KEY", "LLAMA_ARG_CTX_SIZE"} & set(said["env"])
        assert key not in repr(server.endpoint)


def test_a_build_that_reads_its_key_from_a_file_gets_it_by_its_standard_input(run_fake: Serve, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    with run_fake("--key-file-only", "--record", str(record)) as server:
        said = json.loads(record.read_text())
        assert said["argv"][said["argv"].index("--api-key-file") + 1] == "/dev/stdin"
        assert server.endpoint.api_key not in [*said["argv"], *said["env"].values()]


def test_flags_that_pin_a_behaviour_are_passed_only_where_the_help_knows_them(run_fake: Serve, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    with run_fake("--record", str(record)):
        argv = json.loads(record.read_text())["argv"]
    assert argv[argv.index("--fit") + 1] == "off"
    assert "--metrics" in argv
    assert "--cache-ram" not in argv


def test_a_server_arg_reaches_the_server_as_two_words(run_fake: Serve, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    with run_fake("--record", str(record), server_args=("--temp=0.5",)) as server:
        argv = json.loads(record.read_text())["argv"]
        assert argv[argv.index("--temp") + 1] == "0.5"
        assert server.endpoint.effective["server_args"] == ["--temp=0.5"]


def test_an_older_build_without_a_needed_flag_gives_a_clear_message(run_fake: Serve) -> None:
    message = failure(run_fake("--without=--parallel"), ServerError)
    assert "has no --parallel" in message
    assert "9999" in message


def test_an_unknown_server_arg_is_the_users_mistake_and_names_near_ones(run_fake: Serve) -> None:
    message = failure(run_fake(server_args=("--tempp", "1")), UsageError)
    assert "--tempp is unknown" in message
    assert "--temp" in message.partition("near are")[2]


@pytest.mark.parametrize(("argument", "says"), [("--port", "the runner itself"), ("-c", "--ctx-size; use that")])
def test_a_server_arg_that_is_not_the_users_to_set_is_refused(run_fake: Serve, argument: str, says: str) -> None:
    assert says in failure(run_fake(server_args=(argument, "1")), UsageError)


def test_a_bad_value_for_a_server_arg_is_found_in_the_log(run_fake: Serve) -> None:
    line = 'error while handling argument "--temp": stof'
    context = run_fake("--log", line, "--exit-after", "0", server_args=("--temp", "x"))
    assert "--temp (stof)" in failure(context, UsageError)


def test_a_binary_that_is_missing(model: ModelInfo, log_path: Path) -> None:
    message = failure(serve(model, ServerSettings(server_bin="/no/such/llama-server"), log_path), ServerError)
    assert "/no/such/llama-server does not exist" in message


def test_a_binary_that_cannot_be_run(model: ModelInfo, log_path: Path, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    assert "not an executable" in failure(serve(model, ServerSettings(server_bin=str(plain)), log_path), ServerError)
    plain.chmod(0o755)
    assert "cannot be run" in failure(serve(model, ServerSettings(server_bin=str(plain)), log_path), ServerError)


def test_a_program_that_is_no_llama_server(model: ModelInfo, log_path: Path) -> None:
    message = failure(serve(model, ServerSettings(server_bin="/bin/false"), log_path), ServerError)
    assert "no llama-server" in message
    assert "exit code 1" in message


def test_a_binary_that_exits_at_once(run_fake: Serve) -> None:
    message = failure(run_fake("--exit-after", "0", "--exit-code", "42"), ServerError)
    assert "exit code 42" in message


def test_a_binary_that_hangs_fails_at_the_start_up_deadline(run_fake: Serve) -> None:
    began = time.monotonic()
    message = failure(run_fake("--hang", startup_timeout_s=1.0), ServerError)
    assert "not ready after 1 s: it never opened its port" in message
    assert time.monotonic() - began < 6


def test_a_model_that_loads_too_long_fails_at_the_start_up_deadline(run_fake: Serve) -> None:
    message = failure(run_fake("--ready-after", "600", startup_timeout_s=1.0), ServerError)
    assert "not ready after 1 s: it has opened its port but is still loading" in message


def test_a_hanging_binary_that_ignores_term_is_gone_as_well(run_fake: Serve) -> None:
    failure(run_fake("--hang", "--ignore-sigterm", "--grandchild", startup_timeout_s=0.5), ServerError)


def test_a_child_killed_while_loading_is_noticed_at_once(run_fake: Serve, tmp_path: Path) -> None:
    record = tmp_path / "record.json"

    def kill() -> None:
        while not record.exists() or not record.stat().st_size:
            time.sleep(0.02)
        time.sleep(0.2)
        os.kill(json.loads(record.read_text())["pid"], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    began = time.monotonic()
    message = failure(run_fake("--ready-after", "600", "--record", str(record)), ServerError)
    killer.join()
    assert "killed (signal 9)" in message
    assert time.monotonic() - began < 5


def test_a_crash_while_loading_is_named(run_fake: Serve) -> None:
    assert "segmentation fault" in failure(run_fake("--die-by", "11"), ServerError)


@pytest.mark.parametrize(("line", "error", "says"), [
    ("E gguf_init_from_reader: invalid magic characters: 'hell', expected 'GGUF'", BadInput, "not a GGUF"),
    ("tensor 'x' data is not within the file bounds, model is corrupted or incomplete", BadInput, "cut short"),
    ("error loading model: unknown model architecture: 'mamba9'", ServerError, "'mamba9'"),
    ("ggml_aligned_malloc: insufficient memory (attempted to allocate 78126.00 MB)", ServerError, "memory does not"),
    ("ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory", ServerError, "GPU's memory"),
    ("x: error while loading shared libraries: libcudart.so.12: cannot open", ServerError, "libcudart.so.12"),
])
def test_the_cause_is_found_in_the_log_above_the_lines_that_follow_every_failure(
    run_fake: Serve, line: str, error: type[BenchError], says: str,
) -> None:
    context = run_fake("--log", line, "--log", "E srv load_model: failed to load model, 'x.gguf'", "--exit-after", "0")
    assert says in failure(context, error)


def test_a_server_error_carries_the_last_lines_of_its_log_and_not_those_of_an_earlier_server(
    run_fake: Serve, log_path: Path,
) -> None:
    log_path.write_text("address already in use, long ago\n")
    with pytest.raises(ServerError) as caught, run_fake("--log", "hello", "--exit-after", "0"):
        pass
    assert caught.value.log_tail == ("hello",)


def test_a_stop_request_ends_the_start(run_fake: Serve) -> None:
    asked = time.monotonic() + 0.5
    context = run_fake("--ready-after", "600", hooks={"stop_requested": lambda: time.monotonic() > asked})
    failure(context, Interrupted)


def test_a_port_taken_between_choice_and_bind_costs_only_another_try(run_fake: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        taken = stranger.getsockname()[1]
        ports = iter([taken, taken, free_port()])
        with run_fake(hooks={"choose_port": lambda: next(ports)}) as server:
            assert server.alive()
            assert str(taken) not in server.endpoint.base_url
        assert stranger.fileno() >= 0


def test_ports_that_are_always_taken_end_in_one_clear_error(run_fake: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        message = failure(run_fake(hooks={"choose_port": lambda: stranger.getsockname()[1]}), ServerError)
    assert "port taken 3 times" in message


def test_a_stranger_on_our_port_is_not_taken_for_our_server(run_fake: Serve, fake: FakeServer, model: ModelInfo,
                                                            tmp_path: Path) -> None:
    """The child hangs before it binds; a healthy server of somebody else answers on the port that we chose."""
    with serve(model, ServerSettings(server_bin=fake(name="other")), tmp_path / "other.log") as other:
        port = int(other.endpoint.base_url.rpartition(":")[2])
        message = failure(run_fake("--hang", startup_timeout_s=1.0, hooks={"choose_port": lambda: port}), ServerError)
        assert "never opened its port" in message
        assert other.alive()


@pytest.mark.parametrize(("options", "says"), [
    (("--show-slots", "9"), "9 slots instead of 2"),
    (("--show-ctx", "0"), "does not show its context"),
    (("--show-model", "/other.gguf"), "shows the model /other.gguf"),
])
def test_a_healthy_server_that_serves_something_else_is_an_error(
    run_fake: Serve, options: tuple[str, ...], says: str,
) -> None:
    assert says in failure(run_fake(*options, parallel=2), ServerError)


def test_a_smaller_context_than_asked_is_recorded_and_warned_of(run_fake: Serve) -> None:
    with run_fake("--show-ctx", "256", ctx_size=1024) as server:
        assert server.endpoint.ctx_size == 256
        assert server.endpoint.effective["ctx_size_asked"] == 1024
        assert "256 tokens" in server.warnings[0]


def test_a_server_lost_after_it_was_ready_says_why(run_fake: Serve) -> None:
    states: list[State] = []
    options = ("--exit-after", "1.5", "--exit-code", "3", "--log", "CUDA error: out of memory")
    with run_fake(*options, hooks={"on_state": states.append}) as server:
        deadline = time.monotonic() + 10
        while server.alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "GPU's memory" in server.exit_reason()
        assert server.log_tail() == ("CUDA error: out of memory",)
    assert states[-2:] == [State.LOST, State.STOPPED]


def test_stop_is_idempotent_and_ends_a_stubborn_family(run_fake: Serve) -> None:
    with run_fake("--ignore-sigterm", "--grandchild") as server:
        server.stop()
        server.stop()
        assert not server.alive()


def test_an_error_in_the_block_stops_the_server(run_fake: Serve) -> None:
    with pytest.raises(KeyError), run_fake() as server:
        raise KeyError
    assert not server.alive()


@pytest.mark.parametrize("layers", [1, "all"])
def test_gpu_layers_on_a_build_that_sees_no_gpu_are_the_users_mistake_and_name_the_build(
    run_fake: Serve, layers: Any,
) -> None:
    message = failure(run_fake(gpu_layers=layers), UsageError)
    assert f"--gpu-layers {layers}" in message
    assert "9999 (fake)" in message


@pytest.mark.parametrize(("asked", "passed"), [("auto", "all"), ("all", "all"), (2, "2"), (0, "0")])
def test_gpu_layers_reach_a_gpu_build_and_are_read_back(
    run_fake: Serve, tmp_path: Path, asked: Any, passed: str,
) -> None:
    record = tmp_path / "record.json"
    options = ("--gpu", "CUDA0: Big Card (80 GiB)", "--log", "load_tensors: offloaded 2/5 layers to GPU")
    with run_fake(*options, "--record", str(record), gpu_layers=asked) as server:
        argv = json.loads(record.read_text())["argv"]
        assert argv[argv.index("--gpu-layers") + 1] == passed
        assert (server.endpoint.effective["gpu_layers"], server.endpoint.effective["gpu_layers_of"]) == (2, 5)


def test_a_build_that_cannot_list_devices_is_judged_by_its_log(run_fake: Serve) -> None:
    options = ("--without=--list-devices", "--log", "warning: no usable GPU found, --gpu-layers will be ignored")
    assert "put no layer on a GPU" in failure(run_fake(*options, gpu_layers=3), UsageError)
    with run_fake(*options) as server:
        assert server.endpoint.effective["gpu_layers"] == 0
        assert "processor" in server.warnings[0]


@pytest.mark.parametrize(("settings", "says"), [
    ({"ctx_size": 0}, "--ctx-size 0"), ({"parallel": -1}, "--parallel -1"), ({"threads": 0}, "--threads 0"),
    ({"gpu_layers": -1}, "--gpu-layers -1"), ({"startup_timeout_s": 0}, "--startup-timeout"),
    ({"server_bin": "x", "base_url": "y"}, "give one of them"),
    ({"server_bin": "x", "backend": "xllamacpp"}, "drop one"),
])
def test_settings_that_no_server_could_take_are_refused_early(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        ServerSettings(**settings)


def test_an_unknown_backend_names_the_near_one(model: ModelInfo, log_path: Path) -> None:
    message = failure(serve(model, ServerSettings(backend="llama-sever"), log_path), UsageError)
    assert "Did you mean llama-server?" in message


def test_more_slots_than_llama_cpp_has_are_refused_before_a_start(run_fake: Serve, log_path: Path) -> None:
    assert "--parallel 300: llama.cpp serves at most 256 requests at a time" in failure(
        run_fake(parallel=300, ctx_size=256), UsageError)
    assert not log_path.exists()
