"""What ``doctor`` says of servers and GPUs, and the command that installs a GPU build for what is found."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from core.errors import BenchError
from core.findings import Finding
from servers.backends import ollama_api, ollama_names
from servers.backends.base import Found
from servers.backends.hosted import PROVIDERS, Provider
from servers.backends.registry import BACKENDS, choose
from servers.backends.transformers_serve import INSTALL as INSTALL_TRANSFORMERS
from servers.spec import ServerSettings
from system.host import Gpu, gpus

INSTALL = {
    "llama-server": "install llama.cpp (its releases, Homebrew or its source) and put llama-server on PATH, "
                    "or name it by --server-bin",
    "xllamacpp": "./setup",
    "llama-cpp-python": "optional: ./setup --with llama-cpp-python (compiles for some minutes)",
}
CMAKE_FLAG = {
    "nvidia": "-DGGML_CUDA=ON", "amd": "-DGGML_HIP=ON", "intel": "-DGGML_VULKAN=ON", "apple": "-DGGML_METAL=ON",
}
XLLAMACPP_INDEX = {"nvidia": "CUDA", "amd": "ROCm", "intel": "Vulkan"}
PIP = ".venv/bin/pip install --force-reinstall"
"""Into the environment that ./setup made, and over the build for processors that is there."""
WANTED = frozenset({"xllamacpp"})
"""The others are choices; one that is absent is no fault."""


def server_facts(server_bin: str | None = None) -> tuple[Finding, ...]:
    """A line for each backend, for what ``--server auto`` means, and for the GPUs."""
    cards = gpus()
    found = {name: _look(name, server_bin) for name in BACKENDS}
    rows = [_backend(name, what, cards) for name, what in found.items()]
    auto = choose(ServerSettings(server_bin=server_bin)).name
    rows.append(Finding("--server auto", not isinstance(found[auto], BenchError), f"means {auto} here"))
    rows += [_transformers(), _hub(), _ollama()]
    rows.extend(_hosted(provider) for provider in PROVIDERS.values())
    rows.extend(_gpu(cards))
    return tuple(rows)


def _transformers() -> Finding:
    """Looked for, not asked: importing its PyTorch takes seconds."""
    beside = Path(sys.executable).with_name("transformers")
    found = str(beside) if beside.exists() else shutil.which("transformers")
    if found is None:
        return Finding("transformers", ok=True, detail="not installed", advice=f"optional: {INSTALL_TRANSFORMERS}")
    return Finding("transformers", ok=True, detail=f"{found}, for transformers:DIR_OR_ID")


def _hub() -> Finding:
    """Where hf:OWNER/REPO:QUANT is kept and what opens it; the hub is not asked."""
    from huggingface_hub import constants, get_token  # noqa: PLC0415  (half a second)

    cache = Path(constants.HF_HUB_CACHE)
    there = next(each for each in (cache, *cache.parents) if each.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        return Finding("hub", ok=False, detail=f"{cache} cannot be written, so hf:OWNER/REPO:QUANT cannot be fetched",
                       advice="set HF_HOME to a folder that is yours")
    kept = f"kept in {cache}, {shutil.disk_usage(there).free / 1e9:.0f} GB free"
    if constants.HF_HUB_OFFLINE:
        return Finding("hub", ok=True, detail=f"HF_HUB_OFFLINE is set: only what is {kept}",
                       advice="to fetch hf:OWNER/REPO:QUANT, unset it")
    if get_token():
        return Finding("hub", ok=True, detail=f"hf:OWNER/REPO:QUANT is fetched with your token and {kept}")
    return Finding("hub", ok=True, detail=f"hf:OWNER/REPO:QUANT is fetched without a token and {kept}",
                   advice="for gated and private models: .venv/bin/hf auth login, or export HF_TOKEN")


def _ollama() -> Finding:
    """Whether one answers, and what is in its memory, which a run would refuse."""
    try:
        base_url = ollama_names.address()
        version = ollama_api.version(base_url)
        names = [each.name for each in ollama_api.loaded(base_url)] if version is not None else []
    except BenchError as error:
        return Finding("ollama", ok=False, detail=str(error), advice="set OLLAMA_HOST, or start Ollama again")
    if version is not None:
        said = f"{', '.join(names)} in memory" if names else "no model in memory"
        return Finding("ollama", ok=True, detail=f"{version} answers at {base_url}, {said}",
                       advice=f"before a run: ollama stop {names[0]}" if names else "")
    if shutil.which("ollama") is not None and ollama_names.is_here(base_url):
        return Finding("ollama", ok=True, detail="installed and not running; ollama:NAME starts it for a run")
    return Finding("ollama", ok=True, detail=f"none answers at {base_url}",
                   advice="for ollama:NAME install Ollama (ollama.com), or set OLLAMA_HOST")


def _hosted(provider: Provider) -> Finding:
    """Whether there is a key; nobody is asked anything."""
    if os.environ.get(provider.key_env, "").strip():
        return Finding(provider.name, ok=True, detail=f"{provider.key_env} is set; models are asked of {provider.url}")
    return Finding(provider.name, ok=True, detail=f"{provider.key_env} is not set", advice=(
        f"for --model {provider.name}:NAME export {provider.key_env}, or name another variable by --api-key-env"))


def _look(name: str, server_bin: str | None) -> Found | BenchError:
    settings = ServerSettings(backend=name, server_bin=server_bin if name == "llama-server" else None)
    try:
        found = BACKENDS[name].find(settings)
        BACKENDS[name].check(settings, found)
    except BenchError as error:
        return error
    return found


def _backend(name: str, found: Found | BenchError, cards: Sequence[Gpu]) -> Finding:
    if isinstance(found, BenchError):
        return Finding(name, name not in WANTED, str(found), INSTALL[name])
    if found.gpu:
        seen = f"offloads to {', '.join(found.devices)}" if found.devices else "built with GPU support"
    else:
        seen = "no GPU support" if found.gpu is False else "GPU support unknown"
    build = found.build if found.build.startswith(name) else f"{found.where}, version {found.build}"
    lacks = bool(cards) and found.gpu is False
    return Finding(name, not lacks, f"{build}; {seen}", gpu_build(name, cards[0].vendor) if lacks else "")


def gpu_build(name: str, vendor: str) -> str:
    """The command (or the place) from which a build for that vendor's GPUs comes."""
    flag = CMAKE_FLAG.get(vendor, "-DGGML_VULKAN=ON")
    if name == "llama-cpp-python":
        return (f'CMAKE_ARGS="{flag}" {PIP} --no-binary llama-cpp-python '
                '"llama-cpp-python[server]"')
    if name == "llama-server":
        homebrew = "brew install llama.cpp, or " if vendor == "apple" else ""
        return (f"{homebrew}a GPU build from llama.cpp's releases, or in its source: cmake -B build {flag} && "
                "cmake --build build --config Release --target llama-server; then --server-bin build/bin/llama-server")
    index = XLLAMACPP_INDEX.get(vendor, "Vulkan")
    return (f"PIP_EXTRA_INDEX_URL=INDEX {PIP} xllamacpp, where INDEX is the address of the "
            f"{index} wheels in the README of the xllamacpp project")


def _gpu(cards: Sequence[Gpu]) -> list[Finding]:
    if not cards:
        return [Finding("GPU", ok=True, detail="none seen; models run on the processor")]
    return [Finding("GPU", ok=True, detail=", ".join(_facts(card))) for card in cards]


def _facts(card: Gpu) -> list[str]:
    facts = [card.name]
    if card.memory_total_bytes is not None:
        facts.append(f"{card.memory_total_bytes / 2**30:.1f} GiB")
    if card.memory_free_bytes is not None:
        facts.append(f"{card.memory_free_bytes / 2**30:.1f} GiB free")
    if card.driver is not None:
        facts.append(f"driver {card.driver}")
    return facts
