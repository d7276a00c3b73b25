"""The embedded default: llama.cpp's server inside the xllamacpp package, hosted by a child program of ours.

A ``--server-arg`` is ``NAME=VALUE`` and sets an attribute of its ``CommonParams`` (nested ones with a dot, as in
``speculative.draft.n_max=8``). Attributes move between releases, so names are looked up in what is installed.
"""

from __future__ import annotations

import difflib
import functools
import importlib.util
import json
import sys
from pathlib import Path
from typing import Any, Final

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
    split_assignments,
)
from servers.memory_options import MemoryOptions
from servers.spec import ServerSettings
from system.process import capture

HOST_PROGRAM: Final = str(Path(__file__).with_name("xllamacpp_host.py"))
DESCRIBE_TIMEOUT_S = 60.0  # a GPU build looks for its devices first
ALL_LAYERS = -2
OURS: Final[dict[str, str]] = {
    "model.path": "--model", "n_ctx": "--ctx-size", "kv_unified": "--ctx-size", "n_parallel": "--parallel",
    "n_gpu_layers": "--gpu-layers", "fit_params": "--gpu-layers and --ctx-size", "cpuparams.n_threads": "--threads",
    "port": "", "hostnames": "", "api_keys": "", "model_alias": "", "verbosity": "", "api_prefix": "",
    "ssl_file_key": "", "ssl_file_cert": "", "sleep_idle_seconds": "", "log_json": "",
}
"""Settings that a ``--server-arg`` may not set, and the option that does; empty: the runner's own business."""


class Xllamacpp:
    """Settings by standard input, readiness by ``/props``."""

    name = "xllamacpp"
    max_slots: int | None = None
    capabilities = HTTP_CAPABILITIES
    memory_options = MemoryOptions()

    def find(self, settings: ServerSettings) -> Found:
        if importlib.util.find_spec("xllamacpp") is None:
            raise ServerError("xllamacpp is not installed in this environment; run ./setup, which installs it.")
        return _found(sys.executable)

    def check(self, settings: ServerSettings, found: Found) -> None:
        for name in ("model.path", "n_ctx", "n_parallel", "n_gpu_layers", "port", "hostnames", "api_keys"):
            if name not in found.arguments:
                raise ServerError(f"{found.where} has no setting {name}; install a release between 2026.10 and 2027.")
        for name, text in split_assignments(settings.server_args, self.name):
            if name not in found.arguments:
                near = difflib.get_close_matches(name, sorted(found.arguments), n=3)
                hint = f"; near are {', '.join(near)}" if near else ""
                raise UsageError(f"--server-arg {name} is unknown to {found.where}{hint}.")
            if name in OURS:
                raise UsageError(f"--server-arg {name} is set by " + (f"{OURS[name]}; use that." if OURS[name]
                                                                      else "the runner itself; leave it out."))
            _value(name, text, found.about[name])

    def command(self, launch: Launch, found: Found) -> Command:
        settings: dict[str, Any] = {
            "model.path": launch.model_path, "model_alias": [launch.label],
            "hostnames": ["127.0.0.1"], "port": launch.port, "api_keys": [launch.api_key],
            "n_ctx": launch.ctx_size * launch.slots, "n_parallel": launch.slots, "kv_unified": False,
            "n_gpu_layers": ALL_LAYERS if launch.gpu_layers is None else launch.gpu_layers,
            "cpuparams.n_threads": launch.threads, "cpuparams_batch.n_threads": launch.threads,
            "fit_params": False,  # n_ctx and n_gpu_layers mean what they say
            "cache_ram_mib": 0,  # no cache of prompts in host memory
            "endpoint_metrics": True, "endpoint_slots": True,
            "verbosity": 4,  # the level at which the layers on the GPU are named
        }
        chosen = {name: _value(name, text, found.about[name])
                  for name, text in split_assignments(launch.server_args, self.name)}
        settings = {name: value for name, value in settings.items() if name in found.arguments or name == "model_alias"}
        return Command((sys.executable, "-I", HOST_PROGRAM), child_environment(),
                       json.dumps({**settings, **chosen}).encode())

    def probe(self, get: Get, launch: Launch) -> Ready | None:
        return llama_http.probe(get, launch)


def _value(name: str, text: str, kind: str) -> Any:
    """The text as the setting's kind. Raises UsageError."""
    word, *members = kind.split()
    try:
        match word:
            case "bool":
                return {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False}[text.lower()]
            case "int":
                return int(text)
            case "float":
                return float(text)
            case "list":
                value = json.loads(text)
                if isinstance(value, list):
                    return value
            case "enum" if text in members:
                return text
            case "str":
                return text
            case _:
                pass
    except (ValueError, KeyError):
        pass
    wanted = {"bool": "true or false", "list": "a JSON list", "enum": f"one of {', '.join(members)}"}
    takes = wanted.get(word, f"a value of kind {word}")
    raise UsageError(f"--server-arg {name}={text} is not understood; it takes {takes}.")


@functools.lru_cache(maxsize=2)
def _found(python: str) -> Found:
    """Asks the package in a child: importing it here would load a C++ server into the runner."""
    done = capture([python, "-I", HOST_PROGRAM, "--describe"], timeout_s=DESCRIBE_TIMEOUT_S, env=child_environment())
    try:
        said = json.loads(done.stdout)
    except json.JSONDecodeError:
        lines = done.stderr.strip().splitlines()
        raise ServerError("xllamacpp is installed but does not work here "
                          f"({lines[-1][:200] if lines else f'exit code {done.code}'}); install it again.") from None
    name = f"xllamacpp {said['version']}"
    return Found(name, name, bool(said["devices"]), tuple(said["devices"]), frozenset(said["settings"]),
                 said["settings"])
