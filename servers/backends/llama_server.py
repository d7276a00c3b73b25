"""llama.cpp's own binary, found on PATH or given by ``--server-bin``.

Its flags change from build to build, so every flag that is passed is looked up in the binary's own ``--help`` first.
Flags that pin a behaviour (no fitting to memory, no prompt cache in RAM, a context per slot) are passed where they
exist: a build without the flag has no such behaviour to switch off.
"""

from __future__ import annotations

import difflib
import functools
import os
import re
import shutil
from pathlib import Path
from typing import Final

from core.errors import ServerError, UsageError
from servers.backends import llama_http
from servers.backends.base import (
    HTTP_CAPABILITIES,
    Command,
    Found,
    Get,
    Launch,
    Ready,
    child_environment,
)
from servers.memory_options import MemoryOptions
from servers.spec import ServerSettings
from system.process import Captured, capture

ASK_TIMEOUT_S = 20.0  # a CUDA build looks for its GPUs before it prints its help
_FLAGS = re.compile(r"^\s{0,4}(-{1,2}[A-Za-z][\w.-]*(?:,\s+-{1,2}[A-Za-z][\w.-]*)*)(.*)")
_VERSION = re.compile(r"^version:\s*(.+)$", re.MULTILINE)
_DEVICE = re.compile(r"^\s+([A-Za-z]+\d*:\s.+)$", re.MULTILINE)

PINNED: Final[tuple[tuple[str, ...], ...]] = (
    ("--fit", "off"),  # -c and -ngl mean what they say
    ("--cache-ram", "0"),  # no cache of prompts in host memory
    ("--no-kv-unified",),  # each slot has its own context
    ("--no-context-shift",),  # a full context ends the reply; it never forgets the prompt
    ("--jinja",),
    ("--slots",),
    ("--metrics",),
    ("--log-verbosity", "4"),  # the level at which the layers on the GPU are named
)
OURS: Final[dict[str, str]] = {
    "--model": "--model", "--ctx-size": "--ctx-size", "--parallel": "--parallel", "--gpu-layers": "--gpu-layers",
    "--threads": "--threads", "--fit": "--gpu-layers and --ctx-size", "--no-kv-unified": "--ctx-size",
    "--host": "", "--port": "", "--api-key": "", "--api-key-file": "", "--alias": "", "--log-file": "",
    "--log-disable": "", "--log-verbosity": "", "--hf-repo": "--model", "--model-url": "--model",
    "--models-dir": "--model", "--models-preset": "--model", "--api-prefix": "", "--ssl-key-file": "",
    "--sleep-idle-seconds": "",
}
"""Flags that a ``--server-arg`` may not set, and the option that does; empty: the runner's own business."""


class LlamaServer:
    """Settings by flags, the key by the environment, readiness by ``/props``."""

    name = "llama-server"
    max_slots: int | None = None
    capabilities = HTTP_CAPABILITIES
    memory_options = MemoryOptions()

    def find(self, settings: ServerSettings) -> Found:
        wanted = settings.server_bin or "llama-server"
        path = shutil.which(wanted)
        if path is None:
            if settings.server_bin and Path(wanted).exists():
                raise ServerError(f"--server-bin {wanted} is not an executable file.")
            where = f"--server-bin {wanted} does not exist" if settings.server_bin else "llama-server is not on PATH"
            raise ServerError(f"{where}; name the binary by --server-bin or choose another --server.")
        facts = Path(path).stat()
        return _found(str(Path(path).absolute()), facts.st_size, facts.st_mtime_ns)

    def check(self, settings: ServerSettings, found: Found) -> None:
        for flag in ("--model", "--host", "--port", "--ctx-size", "--parallel", "--gpu-layers", "--threads"):
            if flag not in found.arguments:
                raise ServerError(f"{found.where} (version {found.build}) has no {flag}; use a newer build.")
        if not _key_in_environment(found) and "--api-key-file" not in found.arguments:
            raise ServerError(f"{found.where} (version {found.build}) takes an API key on its command line only, "
                              "where every user of this machine could read it; use a newer build.")
        owners = {spelling: flag for flag in OURS for spelling in _spellings(found, flag)}
        for token in _tokens(settings.server_args):
            if not _is_flag(token):
                continue
            if token not in found.arguments:
                near = difflib.get_close_matches(token, sorted(found.arguments), n=3)
                hint = f"; near are {', '.join(near)}" if near else ""
                raise UsageError(f"--server-arg {token} is unknown to {found.where} (version {found.build}){hint}.")
            if token in owners:
                option = OURS[owners[token]]
                raise UsageError(f"--server-arg {token} is set by " + (f"{option}; use that." if option
                                                                       else "the runner itself; leave it out."))

    def command(self, launch: Launch, found: Found) -> Command:
        layers = str(launch.gpu_layers) if launch.gpu_layers is not None else _all_layers(found)
        argv = [found.where, "--model", launch.model_path, "--host", "127.0.0.1", "--port", str(launch.port),
                "--ctx-size", str(launch.ctx_size * launch.slots), "--parallel", str(launch.slots),
                "--gpu-layers", layers, "--threads", str(launch.threads)]
        if "--alias" in found.arguments:
            argv += ["--alias", launch.label]
        tokens = _tokens(launch.server_args)
        for flag, *value in PINNED:
            if flag in found.arguments and not set(_spellings(found, flag)) & set(tokens):
                argv += [flag, *value]
        if _key_in_environment(found):
            return Command((*argv, *tokens), child_environment({"LLAMA_API_KEY": launch.api_key}))
        argv += ["--api-key-file", "/dev/stdin"]
        return Command((*argv, *tokens), child_environment(), launch.api_key.encode() + b"\n")

    def probe(self, get: Get, launch: Launch) -> Ready | None:
        return llama_http.probe(get, launch)


def _tokens(arguments: tuple[str, ...]) -> list[str]:
    """``--flag=value`` as two words, which is how llama.cpp reads them."""
    tokens = []
    for argument in arguments:
        flag, equals, value = argument.partition("=")
        tokens += [flag, value] if equals and flag.startswith("--") else [argument]
    return tokens


def _is_flag(token: str) -> bool:
    return token.startswith("-") and not re.fullmatch(r"-?[\d.,]*", token)


def _spellings(found: Found, flag: str) -> list[str]:
    """All spellings of the flag in this build: those on the first line of its help."""
    match = _FLAGS.match(found.about.get(flag, ""))
    return re.split(r",\s+", match[1]) if match else [flag]


def _all_layers(found: Found) -> str:
    return "all" if "'all'" in found.about["--gpu-layers"] else "999"


def _key_in_environment(found: Found) -> bool:
    return "LLAMA_API_KEY" in found.about.get("--api-key", "")


@functools.lru_cache(maxsize=8)
def _found(path: str, _size: int, _mtime_ns: int) -> Found:
    """Asks the binary itself; remembered until the file changes."""
    shown = _ask(path, "--help")
    about = _read_help(shown.stdout)
    if "--model" not in about:
        said = (shown.stderr or shown.stdout).strip().splitlines()
        code = f"exit code {shown.code}" if shown.code is not None else f"no end within {ASK_TIMEOUT_S:g} s"
        raise ServerError(f"{path} is no llama-server: asked for --help it gave no list of flags ({code}"
                          f"{', ' + said[-1][:200] if said else ''}).")
    version = _ask(path, "--version") if "--version" in about else Captured(0, "", "")
    named = _VERSION.search(version.stdout + "\n" + version.stderr)
    devices: tuple[str, ...] = ()
    gpu: bool | None = None
    if "--list-devices" in about:
        text = _ask(path, "--list-devices")
        after = (text.stdout + text.stderr).partition("Available devices:")[2]
        devices = tuple(d for d in _DEVICE.findall(after) if not d.startswith(("CPU", "BLAS", "RPC")))
        gpu = bool(devices)
    return Found(path, named[1].strip() if named else "unknown", gpu, devices, frozenset(about), about)


def _read_help(text: str) -> dict[str, str]:
    """The lines of help of each flag, by every spelling of it."""
    about: dict[str, str] = {}
    current: list[str] = []
    for line in text.splitlines():
        if match := _FLAGS.match(line):
            current = re.split(r",\s+", match[1])
        for flag in current:
            about[flag] = about.get(flag, "") + line + "\n"
    return about


def _ask(path: str, flag: str) -> Captured:
    try:
        return capture([path, flag], timeout_s=ASK_TIMEOUT_S, env=child_environment())
    except OSError as error:
        raise ServerError(f"{path} cannot be run ({error.strerror or error}); "
                          f"is it built for this system ({os.uname().machine})?") from error
