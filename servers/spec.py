"""What a user may ask of a server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from core.errors import UsageError

GpuLayers = Literal["auto", "all"] | int
Slots = Literal["auto"] | int

DEFAULT_CTX_SIZE = 4096
"""Tokens per slot where nobody asks for more and the model takes as many. The tasks' prompts take a few hundred tokens
and the default reply limit is 2,048, so this holds both; a model's full training context, times the slots, would cost
gigabytes of cache that no task uses."""

MOST = {"--gpu-layers": 100_000, "--ctx-size": 1 << 27, "--parallel": 4096, "--threads": 4096}
"""More is a slip of the finger; llama.cpp counts the context of all slots together in 32 bits."""

DEFAULT_RESERVE_BYTES = 1 << 30
"""RAM kept free for the runner, the verifiers and everything else on the machine."""

DEFAULT_STARTUP_TIMEOUT_S = 600.0
"""A 70B model from a slow disk takes minutes; a dead child is noticed at once, whatever this is."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Server flags of the command line. Raises UsageError for a value that no server could take."""

    backend: str = "auto"
    """``auto``, ``llama-server``, ``xllamacpp`` or ``llama-cpp-python``."""
    server_bin: str | None = None
    """Path (or name on PATH) of the llama-server binary."""
    base_url: str | None = None
    """A server that already runs and is never stopped by us."""
    gpu_layers: GpuLayers = "auto"
    ctx_size: int | None = None
    """Tokens per slot."""
    ctx_needed: int | None = None
    """Tokens per slot that the tasks need, longest reply included; counts where the user leaves ``ctx_size`` open."""
    parallel: Slots = "auto"
    threads: int | None = None
    server_args: tuple[str, ...] = ()
    startup_timeout_s: float = DEFAULT_STARTUP_TIMEOUT_S
    reserve_ram_gib: float | None = None
    """RAM that is kept free; None: ``DEFAULT_RESERVE_BYTES``, on small machines a tenth of the memory."""
    max_model_b: float | None = None
    """Billions of parameters that a model may have; counts here where only its server tells how many it has."""
    pull: bool = False
    """Whether Ollama is to fetch a model that it does not have."""
    api_key_env: str | None = None
    """Name of the environment variable that holds the key for ``base_url``."""

    def __post_init__(self) -> None:
        counts = (("--gpu-layers", self.gpu_layers, 0), ("--ctx-size", self.ctx_size, 1),
                  ("--parallel", self.parallel, 1), ("--threads", self.threads, 1))
        for flag, value, least in counts:
            if isinstance(value, int) and value < least:
                raise UsageError(f"{flag} {value} is too small; it must be at least {least}.")
            if isinstance(value, int) and value > MOST[flag]:
                raise UsageError(f"{flag} {value} is too large; it must be at most {MOST[flag]}.")
        if self.startup_timeout_s <= 0:
            raise UsageError(f"--startup-timeout {self.startup_timeout_s:g} must be more than 0 seconds.")
        if self.server_bin is not None and self.base_url is not None:
            raise UsageError("--server-bin starts a server and --base-url attaches to a running one; give one of them.")
        if self.server_bin is not None and self.backend not in {"auto", "llama-server"}:
            raise UsageError(f"--server-bin names a llama-server binary, but --server says {self.backend}; drop one.")
