"""The server of the extra ``[llama-cpp-python]``: ``python -m llama_cpp.server``.

It serves one request at a time, has no ``/health`` and shows neither slots nor context, so readiness is its list of
models and the context is read from its log. The settings come as a configuration file, which is the child's standard
input: that keeps the key out of the command line and off the disk, and no environment variable can change a setting.
"""

from __future__ import annotations

import difflib
import functools
import importlib.util
import json
import sys
from typing import Any, Final

from core.errors import ServerError, UsageError
from servers.backends.base import Command, Found, Get, Launch, Ready, child_environment, listed, split_assignments
from servers.memory_options import MemoryOptions
from servers.spec import ServerSettings
from system.process import capture

DESCRIBE_TIMEOUT_S = 60.0
OURS: Final[dict[str, str]] = {
    "model": "--model", "n_ctx": "--ctx-size", "n_gpu_layers": "--gpu-layers", "n_threads": "--threads",
    "model_alias": "", "host": "", "port": "", "api_key": "", "verbose": "", "root_path": "", "ssl_keyfile": "",
    "ssl_certfile": "", "models": "", "hf_model_repo_id": "--model",
}
"""Settings that a ``--server-arg`` may not set, and the option that does; empty: the runner's own business."""

_DESCRIBE = """
import json, llama_cpp
from llama_cpp.server.settings import ModelSettings, ServerSettings
print(json.dumps({"version": llama_cpp.__version__, "gpu": bool(llama_cpp.llama_supports_gpu_offload()),
                  "model": list(ModelSettings.model_fields), "server": list(ServerSettings.model_fields)}))
"""


class LlamaCppPython:
    """Settings by standard input, readiness by ``/v1/models``."""

    name = "llama-cpp-python"
    max_slots: int | None = 1
    capabilities = frozenset({"seed"})  # its response_format knows no json_schema, its replies no timings
    # its own defaults; and it has the logits of a whole batch computed
    memory_options = MemoryOptions(n_batch=512, n_ubatch=512, flash_attention=False, outputs=512, checkpoints=0)

    def find(self, settings: ServerSettings) -> Found:
        if importlib.util.find_spec("llama_cpp") is None:
            raise ServerError("llama-cpp-python is not installed; run ./setup --with llama-cpp-python (it compiles for "
                              "some minutes) or choose another --server.")
        return _found(sys.executable)

    def check(self, settings: ServerSettings, found: Found) -> None:
        for name, _ in split_assignments(settings.server_args, self.name):
            if name not in found.arguments:
                near = difflib.get_close_matches(name, sorted(found.arguments), n=3)
                hint = f"; near are {', '.join(near)}" if near else ""
                raise UsageError(f"--server-arg {name} is unknown to {found.where}{hint}.")
            if name in OURS:
                raise UsageError(f"--server-arg {name} is set by " + (f"{OURS[name]}; use that." if OURS[name]
                                                                      else "the runner itself; leave it out."))

    def command(self, launch: Launch, found: Found) -> Command:
        model: dict[str, Any] = {
            "model": launch.model_path, "model_alias": launch.label, "n_ctx": launch.ctx_size,
            "n_gpu_layers": -1 if launch.gpu_layers is None else launch.gpu_layers,
            "n_threads": launch.threads, "n_threads_batch": launch.threads,
            "logits_all": False,  # by default it keeps the logits of a whole context: gigabytes with a big vocabulary
            "verbose": True,  # the log is where it says what took effect
        }
        server: dict[str, Any] = {
            "host": "127.0.0.1", "port": launch.port, "api_key": launch.api_key,
            "interrupt_requests": False,  # by default a new request cuts the running one short
        }
        for name, text in split_assignments(launch.server_args, self.name):
            (server if found.about[name] == "server" else model)[name] = _loose(text)
        configuration = json.dumps({**server, "models": [model]}).encode()
        return Command((sys.executable, "-I", "-m", "llama_cpp.server", "--config_file", "/dev/stdin"),
                       child_environment(), configuration)

    def probe(self, get: Get, launch: Launch) -> Ready | None:
        reply = get("/v1/models")
        if reply.status != 200:
            return None
        shown = listed(reply.body, "data", 0, "id")
        if shown != launch.label:
            raise ServerError(f"The server shows the model {shown} instead of {launch.label}.")
        return Ready(1, None)


def _loose(text: str) -> Any:
    """Its settings are checked by pydantic, which takes JSON values; what is no JSON is a text."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


@functools.lru_cache(maxsize=2)
def _found(python: str) -> Found:
    """Asks the package in a child, as importing it loads llama.cpp."""
    done = capture([python, "-I", "-c", _DESCRIBE], timeout_s=DESCRIBE_TIMEOUT_S, env=child_environment())
    try:
        said = json.loads(done.stdout.strip().splitlines()[-1])
    except (json.JSONDecodeError, IndexError):
        lines = done.stderr.strip().splitlines()
        raise ServerError("llama-cpp-python is installed but its server does not work here "
                          f"({lines[-1][:200] if lines else f'exit code {done.code}'}); "
                          "run ./setup --with llama-cpp-python.") from None
    about = {**dict.fromkeys(said["server"], "server"), **dict.fromkeys(said["model"], "model")}
    name = f"llama-cpp-python {said['version']}"
    return Found(name, name, said["gpu"], (), frozenset(about), about)
