"""The memory plan against what the real servers report of the demo models."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import UsageError
from servers.fitting import Room
from servers.lifecycle import Watch, serve
from servers.memory_plan import MemoryPlan
from servers.models import resolve
from servers.spec import ServerSettings

Settings = Callable[..., ServerSettings]
GB = 10**9

TABLE = [("demo:Q8_0", 512, 1), ("demo:Q8_0", 1024, 8), ("demo:F16", 2048, 4), ("demo:Q4_K_M", 512, 2),
         ("demo:Q4_K_M", 4096, 1), ("demo:Q2_K", 512, 1), ("demo-3M:IQ4_NL", 700, 3), ("demo-3M:Q4_K_M", 8192, 8)]


@pytest.mark.parametrize(("spec", "ctx_size", "slots"), TABLE)
def test_the_plan_is_within_a_tenth_of_the_servers_own_report(
    real: Settings, log_path: Path, spec: str, ctx_size: int, slots: int,
) -> None:
    settings = real(ctx_size=ctx_size)
    settings = replace(settings, parallel=1 if settings.backend == "llama-cpp-python" else slots)
    with serve(resolve(spec), settings, log_path) as server:
        check = server.memory
    assert check is not None
    assert check.plan is not None
    assert check.reported is not None
    planned, reported = check.plan.needs.both, check.reported
    assert planned.total == pytest.approx(reported.total_bytes, rel=0.10)
    assert planned.kv_cache == pytest.approx(reported.kv_cache_bytes, rel=0.01)
    assert planned.weights == pytest.approx(reported.weights_bytes, rel=0.02)
    assert planned.buffers == pytest.approx(reported.buffers_bytes, rel=0.12)
    assert check.warning() is None
    assert check.gpu_bytes is None


@pytest.mark.parametrize("arguments", [("n_ubatch=128",), ("flash_attn_type=LLAMA_FLASH_ATTN_TYPE_DISABLED",),
                                       ("cache_type_k=GGML_TYPE_Q8_0", "cache_type_v=GGML_TYPE_Q8_0"),
                                       ("load_mode=LLAMA_LOAD_MODE_NONE",)])
def test_server_arguments_are_part_of_the_plan(log_path: Path, arguments: tuple[str, ...]) -> None:
    settings = ServerSettings(backend="xllamacpp", ctx_size=1024, parallel=2, server_args=arguments)
    with serve(resolve("demo:Q4_K_M"), settings, log_path) as server:
        check = server.memory
    assert check is not None
    assert check.off == pytest.approx(0, abs=0.10)


def test_the_prompt_cache_in_ram_and_fitting_to_memory_are_off(real: Settings, log_path: Path) -> None:
    """llama.cpp's server would otherwise keep 8 GB of prompts, and change context and layers that nobody set."""
    if real().backend == "llama-cpp-python":
        return  # a server without either
    with serve(resolve("demo"), real(), log_path):
        until = time.monotonic() + 5  # the log is written by a thread of the server's own
        while "prompt cache is" not in (log := log_path.read_text(errors="replace")) and time.monotonic() < until:
            time.sleep(0.02)
    assert "prompt cache is disabled" in log
    assert "kv_unified            = false" in log
    for words in ("fit_params", "params_fit", "fitting params", "prompt cache is enabled"):
        assert words not in log


def test_what_does_not_fit_is_refused_before_anything_is_started(real: Settings, log_path: Path) -> None:
    settings = replace(real(ctx_size=2048), parallel=1)
    free = 24_500_000 if settings.backend == "llama-cpp-python" else 20_500_000  # it keeps the scores of all heads
    with pytest.raises(UsageError, match="it is not loaded; --ctx-size 1024 fits"), \
            serve(resolve("demo"), settings, log_path, Watch(room=lambda _found, _reserve: Room(free))):
        pass
    assert not log_path.exists()


def test_slots_left_open_are_those_that_memory_holds(log_path: Path) -> None:
    settings = ServerSettings(backend="xllamacpp", ctx_size=2048)
    plans: list[MemoryPlan] = []
    with serve(resolve("demo"), settings, log_path, Watch(
            on_plan=plans.append, room=lambda _found, _reserve: Room(30_000_000))) as server:
        assert server.endpoint.slots == 1
    assert [plan.setting.slots for plan in plans] == [1]
    assert plans[0].line().startswith("memory: weights 5.3 MB + KV 8.4 MB (2048 tokens) + buffers 11 MB = 25 MB of ")
