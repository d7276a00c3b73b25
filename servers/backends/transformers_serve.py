"""``transformers serve``: the OpenAI-compatible server of Hugging Face's library, in a child process.

It loads its one model before it opens its port. It has no key, no slots and no list of what it serves: it listens on
the loopback address only, requests are answered one at a time, and readiness is ``/health``. Its requests take no
``top_k`` and ``min_p``, and a temperature alone does not make it sample; so every request carries the whole generation
config, of the model's own with the run's sampling over it (``benchmarks.scripts.transformers``). The seed is the
process's, which is one more reason for one request at a time. Its continuous batching gives that up and is refused.
"""

from __future__ import annotations

import functools
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Final

from core.errors import BadInput, ServerError, UsageError
from core.records import Endpoint, ModelInfo
from servers.backends.base import Command, Found, Get, Launch, Ready, child_environment
from servers.memory_options import MemoryOptions
from servers.planning import RoomFor, default_threads
from servers.spec import ServerSettings
from servers.transformers_model import NAME, generation_defaults
from system.host import physical_cores, usable_cores
from system.process import capture

DESCRIBE_TIMEOUT_S: Final = 120.0  # importing torch from a cold disk takes its time
INSTALL: Final = "./setup --with transformers"
OURS: Final = frozenset({"--host", "--port", "--device", "--continuous-batching", "--default-seed", "--log-level",
                         "--model-timeout", "--enable-cors"})
_DESCRIBE = """
import json, torch, transformers
from transformers.utils.import_utils import is_serve_available
cards = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
print(json.dumps({"version": transformers.__version__, "torch": torch.__version__,
                  "serves": bool(is_serve_available()), "devices": list(map(torch.cuda.get_device_name, cards))}))
"""


class TransformersServe:
    """Settings by flags, readiness by ``/health``."""

    name = NAME
    max_slots: int | None = 1
    capabilities = frozenset({"seed", "reasoning_content"})
    memory_options = MemoryOptions()

    def find(self, settings: ServerSettings) -> Found:
        return _found(_program(settings))

    def check(self, settings: ServerSettings, found: Found) -> None:
        for argument in settings.server_args:
            name = argument.partition("=")[0]
            if name.removeprefix("--no-").removeprefix("--") in {flag.removeprefix("--") for flag in OURS}:
                raise UsageError(f"--server-arg {name} is set by the runner itself; leave it out.")
        if settings.ctx_size is not None:
            raise UsageError("--ctx-size: transformers takes the context of the model's config; leave it out.")
        if settings.parallel not in {"auto", 1}:
            raise UsageError(f"--parallel {settings.parallel}: transformers serve answers one request at a time (its "
                             "seed is the process's); use --parallel 1.")
        if settings.gpu_layers not in {"auto", "all", 0}:
            raise UsageError(f"--gpu-layers {settings.gpu_layers}: transformers takes all layers or none; use all "
                             "or 0.")
        if settings.gpu_layers == "all" and not found.gpu:
            raise UsageError(f"--gpu-layers all: {found.where} sees no GPU (torch is built for processors, or there is "
                             "none); use --gpu-layers 0, or install the torch for your GPU into its environment.")

    def command(self, launch: Launch, found: Found) -> Command:
        device = "cpu" if launch.gpu_layers == 0 else "auto"
        argv = (found.where, "serve", launch.model_path, "--host", "127.0.0.1", "--port", str(launch.port), "--device",
                device, *launch.server_args)
        threads = {name: str(launch.threads) for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}
        return Command(argv, child_environment({**threads, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}))

    def probe(self, get: Get, launch: Launch) -> Ready | None:
        return Ready(1, launch.ctx_size) if get("/health").status == 200 else None


def plan(
    model: ModelInfo, settings: ServerSettings, backend: TransformersServe, found: Found, port: int, room: RoomFor,
) -> Launch:
    """As ``servers.planning.plan``. Weights that no memory holds are refused; what else it takes is not known yet."""
    if model.path is None:
        raise BadInput(f"The model {model.label} has no folder.")
    backend.check(settings, found)
    on_gpu = bool(found.gpu) and settings.gpu_layers != 0
    there = room(found, settings.reserve_ram_gib)
    left = there.ram_bytes - there.reserve_bytes
    if not on_gpu and (model.size_bytes or 0) > left:
        raise UsageError(f"{model.label}: its weights take {(model.size_bytes or 0) / 1e9:.1f} GB, and "
                         f"{left / 1e9:.1f} GB of RAM are free; take a smaller model, or a quantized GGUF of it.")
    return Launch(
        model_path=model.path, label=model.path, port=port, api_key="", gpu_layers=None if on_gpu else 0,
        ctx_size=model.ctx_train or 0, slots=1,
        threads=settings.threads or default_threads(physical_cores(), usable_cores()), server_args=settings.server_args,
    )


def as_its_own(endpoint: Endpoint, model: ModelInfo) -> Endpoint:
    """Without a key, with what every request says (the model's own generation config), and without a context where the
    model's config has none, as those of recurrent models.
    """
    effective = endpoint.effective if model.ctx_train else {
        name: value for name, value in endpoint.effective.items() if name != "ctx_size"}
    return replace(endpoint, api_key=None, ctx_size=model.ctx_train, effective=effective,
                   native={"generation_config": generation_defaults(Path(model.path or ""))})


def _program(settings: ServerSettings) -> str:
    """The one named, that of our own environment, or that on PATH. Raises ServerError."""
    beside = Path(sys.executable).with_name("transformers")
    named = settings.server_bin or (str(beside) if beside.exists() else "transformers")
    found = shutil.which(named)
    if found is None:
        raise ServerError(f"transformers is not installed ({named} is not there); run {INSTALL}, or name the program "
                          "of another environment by --server-bin.")
    return found


@functools.lru_cache(maxsize=2)
def _found(program: str) -> Found:
    """Asks the library in the program's own environment."""
    python = Path(program).with_name("python")
    if not python.exists():
        raise ServerError(f"{program} has no python beside it; name the program in the environment where transformers "
                          "is installed.")
    done = capture([str(python), "-I", "-c", _DESCRIBE], timeout_s=DESCRIBE_TIMEOUT_S, env=child_environment())
    try:
        said = json.loads(done.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        lines = done.stderr.strip().splitlines()
        raise ServerError(f"transformers does not work in the environment of {program} "
                          f"({lines[-1][:200] if lines else f'exit code {done.code}'}); run {INSTALL}.") from None
    if not said["serves"]:
        raise ServerError(f"transformers {said['version']} of {program} lacks its server's packages; run {INSTALL}.")
    return Found(program, f"{said['version']}, torch {said['torch']}", bool(said["devices"]), tuple(said["devices"]))
