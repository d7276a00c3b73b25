"""The memory plan's numbers, against llama.cpp's own for headers of real models."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from servers.gguf import read_header
from servers.memory import MemoryModel, Setting
from servers.memory_options import MemoryOptions, memory_options
from servers.models import DEMO_FOLDER
from tests.servers.gguf_bytes import MATRIX, MINIMAL, whole
from tests.servers.model_headers import LAYERS, write_model

MIB = 1 << 20
HERE = Path(__file__).parent


def library(path: Path, setting: Setting, more: Mapping[str, Any]) -> tuple[float, float]:
    """(cache, buffers) in MiB, as llama.cpp tells them."""
    asked = {"model.path": str(path), "n_ctx": setting.ctx_size * setting.slots, "n_parallel": setting.slots, **more}
    done = subprocess.run([sys.executable, str(HERE / "library_memory.py"), json.dumps(asked)], check=True, text=True,
                          capture_output=True, env={"PYTHONPATH": str(HERE.parents[1])}, timeout=60)
    log = done.stdout + done.stderr

    def total(pattern: str) -> float:
        return sum(float(number) for number in re.findall(pattern, log))

    buffers = total(r"(?:compute|output) buffer size = +([\d.]+)")
    assert buffers, log[-2000:]
    return total(r"(?:llama_kv_cache|llama_memory_recurrent): size = +([\d.]+)"), buffers


USUAL, EIGHT = Setting(1, 4096), Setting(4, 2000)
Q8_CACHE = {"cache_type_k": "GGML_TYPE_Q8_0", "cache_type_v": "GGML_TYPE_Q8_0"}
SMALL_BATCH, NO_FLASH = {"n_ubatch": 128}, {"flash_attn_type": "LLAMA_FLASH_ATTN_TYPE_DISABLED"}


@pytest.mark.parametrize(("name", "setting", "more", "above"), [
    ("llama-8b", USUAL, {}, 0.01), ("llama-8b", EIGHT, Q8_CACHE, 0.01), ("llama-8b", EIGHT, NO_FLASH, 0.01),
    ("gemma3-4b", EIGHT, NO_FLASH, 0.05),
    ("qwen3-4b", EIGHT, SMALL_BATCH, 0.01), ("qwen3-moe", USUAL, {}, 0.01), ("mixtral", EIGHT, {}, 0.01),
    ("gemma3-4b", USUAL, {}, 0.01), ("gemma3-4b", EIGHT, {"swa_full": True}, 0.01), ("deepseek2", USUAL, {}, 0.05),
    ("mamba", EIGHT, {}, 0.05), ("qwen3.5", EIGHT, {}, 0.05), ("qwen3.5", EIGHT, SMALL_BATCH, 0.05),
])
def test_cache_and_buffers_are_those_that_llama_cpp_tells_for_headers_of_real_models(
    tmp_path: Path, name: str, setting: Setting, more: Mapping[str, Any], above: float,
) -> None:
    """The cache to the tenth of a MiB; the buffers to the hundredth, but for what is hard to tell."""
    path = write_model(tmp_path / "model.gguf", name)
    cache, buffers = library(path, setting, more)
    options = memory_options([f"{key}={value}" for key, value in more.items()], MemoryOptions())
    planned = MemoryModel(read_header(path), options).needs(setting).ram
    assert planned.kv_cache / MIB == pytest.approx(cache, abs=0.1)
    assert -max(0.011, above / 1.2) <= planned.buffers / MIB / buffers - 1 <= above


def test_the_layers_on_a_gpu_take_their_cache_with_them_and_the_embedding_stays(tmp_path: Path) -> None:
    header = read_header(write_model(tmp_path / "model.gguf", "llama-8b"))
    model, setting = MemoryModel(header, MemoryOptions(), "avx2", gpus=1), Setting(4, 4096)
    none, all_of_it = (model.needs(Setting(4, 4096, layers)) for layers in (0, LAYERS + 1))
    assert model.all_layers == LAYERS + 1
    assert none.vram.total == 0
    assert none.ram.kv_cache == all_of_it.vram.kv_cache
    assert all_of_it.ram.kv_cache == 0
    embedding = next(info.size_bytes for info in header.tensor_infos if info.name == "token_embd.weight")
    assert all_of_it.ram.weights == embedding
    assert all_of_it.both.weights == header.weight_bytes
    two = model.needs(Setting(4, 4096, 3))  # the output and two layers
    assert two.vram.kv_cache == 2 * none.ram.kv_cache // LAYERS
    assert two.both.weights == header.weight_bytes
    layer = max(sum(info.size_bytes for info in header.tensor_infos if info.name.startswith(f"blk.{index}."))
                for index in range(LAYERS))
    assert two.vram.buffers == all_of_it.vram.buffers + layer, "weights of one layer are sent over for each batch"
    assert model.needs(setting) == none


def test_an_embedding_that_is_the_output_too_is_in_both_places(tmp_path: Path) -> None:
    header = read_header(write_model(tmp_path / "model.gguf", "llama-8b"))
    tied = MemoryModel(_without(header, "output.weight"), MemoryOptions(), gpus=1)
    needs = tied.needs(Setting(1, 512, tied.all_layers))
    embedding = next(info.size_bytes for info in header.tensor_infos if info.name == "token_embd.weight")
    assert needs.ram.weights == embedding
    assert needs.both.weights == tied.header.weight_bytes + embedding


def _without(header: Any, name: str) -> Any:
    from dataclasses import replace

    infos = tuple(info for info in header.tensor_infos if info.name != name)
    by_type: dict[str, int] = {}
    for info in infos:
        by_type[str(info.kind)] = by_type.get(str(info.kind), 0) + info.size_bytes
    return replace(header, tensor_infos=infos, bytes_by_type=by_type)


def test_windows_and_states_are_kept_again_in_ram_while_the_server_runs(tmp_path: Path) -> None:
    setting = Setting(2, 8192)
    for name, share in (("gemma3-4b", 5 * 1536 / (5 * 1536 + 8192)), ("mamba", 1), ("llama-8b", 0)):
        header = read_header(write_model(tmp_path / name, name))
        needs = MemoryModel(header, MemoryOptions()).needs(setting).ram
        assert needs.checkpoints == 3 * round(share * needs.kv_cache)
        assert needs.needed == needs.total + needs.checkpoints
        none = memory_options(["--ctx-checkpoints", "0"], MemoryOptions())
        assert MemoryModel(header, none).needs(setting).ram.checkpoints == 0
        cached = memory_options(["--cache-ram", "512"], MemoryOptions())
        assert MemoryModel(header, cached).needs(setting).ram.needed == needs.needed + (512 << 20)


def test_repacked_weights_are_counted_twice_as_reported_and_once_as_needed() -> None:
    header = read_header(DEMO_FOLDER / "demo-3M-IQ4_NL.gguf")
    plain, packed = (MemoryModel(header, MemoryOptions(), kind).needs(Setting(1, 512)).ram for kind in (None, "avx2"))
    assert packed.weights > plain.weights
    assert packed.needed == plain.needed
    gpu_build = MemoryModel(header, MemoryOptions(), "avx2", gpus=1).needs(Setting(1, 512)).ram
    assert gpu_build.weights == plain.weights
    off = MemoryModel(header, memory_options(["--no-repack"], MemoryOptions()), "avx2").needs(Setting(1, 512)).ram
    assert off.weights == plain.weights


@pytest.mark.parametrize(("more", "numbers"), [
    ({}, 0),
    ({"llama.attention.head_count": 8, "llama.embedding_length": 64}, 2 * 8 * 16),
    ({"llama.attention.head_count": 8, "llama.attention.head_count_kv": 2, "llama.embedding_length": 64}, 2 * 2 * 16),
    ({"llama.attention.head_count_kv": [2, 0], "llama.attention.key_length": 10, "llama.attention.value_length": 6},
     2 * 16),
    ({"llama.attention.head_count_kv": [2], "llama.attention.key_length": 10, "llama.attention.value_length": 6}, 0),
    ({"llama.attention.head_count_kv": 1 << 31, "llama.attention.key_length": 1 << 31}, 0),
])
def test_the_cache_follows_the_headers_heads_as_far_as_they_can_be_true(
    tmp_path: Path, more: dict[str, object], numbers: int,
) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(whole({**MINIMAL, **more}, [MATRIX]))
    model = MemoryModel(read_header(path), MemoryOptions())
    assert model.needs(Setting(1, 256)).ram.kv_cache == 256 * numbers * 2
    assert model.shape.certain == bool(numbers)


@pytest.mark.parametrize(("arguments", "options"), [
    (("--cache-type-k=q8_0", "-ctv", "q4_0"), MemoryOptions(key_type="Q8_0", value_type="Q4_0")),
    (("cache_type_k=GGML_TYPE_Q8_0", "n_ubatch=64"), MemoryOptions(key_type="Q8_0", n_ubatch=64)),
    (("type_k=8", "flash_attn=false", "use_mmap=false"),
     MemoryOptions(key_type="Q8_0", flash_attention=False, mapped=False)),
    (("-fa", "off", "--swa-full", "-nkvo"), MemoryOptions(flash_attention=False, full_window=True, cache_on_gpu=False)),
    (("--no-mmap", "-ub", "many"), MemoryOptions(mapped=False)),
    (("-b", "9" * 5000, "-ub", "0"), MemoryOptions()),
    (("-cram", "8"), MemoryOptions(prompt_cache_bytes=8 << 20)),
    (("cache_ram_mib=8",), MemoryOptions(prompt_cache_bytes=8 << 20)),
    (("-cmoe", "--mmproj=x.gguf"), MemoryOptions(uncounted=("-cmoe", "--mmproj"))),
    (("speculative.draft.n_max=8", "--top-k=5"), MemoryOptions(uncounted=("speculative.draft.n_max",))),
])
def test_server_arguments_that_change_memory_are_understood_in_every_spelling(
    arguments: tuple[str, ...], options: MemoryOptions,
) -> None:
    assert memory_options(arguments, MemoryOptions()) == options
