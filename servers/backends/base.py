"""What every backend offers to the lifecycle."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from core.errors import UsageError
from servers.http import Reply
from servers.memory_options import MemoryOptions
from servers.memory_plan import MemoryPlan
from servers.spec import ServerSettings

SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL|COOKIE", re.IGNORECASE)
STEERING = re.compile(r"LLAMA_|PYTHON(?!HASHSEED)|CONFIG_FILE$")
"""Variables by which a server would take settings that nobody asked this run for, and no record would show."""

HTTP_CAPABILITIES = frozenset({"json_schema", "seed", "timings", "cache_prompt", "reasoning_content"})
"""What llama.cpp's own server can do."""


@dataclass(frozen=True, slots=True)
class Found:
    """A backend as installed here."""

    where: str
    """The binary's path, or the package's name and version."""
    build: str
    """Version as the backend itself tells it."""
    gpu: bool | None
    """Whether it can offload to a GPU that it sees; None where it cannot tell."""
    devices: tuple[str, ...] = ()
    """The GPUs it sees, by name."""
    arguments: frozenset[str] = frozenset()
    """The arguments it knows, by every spelling."""
    about: Mapping[str, str] = field(default_factory=dict)
    """Help text, or kind, by argument."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One start, fully decided: nothing is ``auto`` any more."""

    model_path: str
    label: str
    """The name requests use for the model."""
    port: int
    api_key: str = field(repr=False)
    gpu_layers: int | None
    """None: all of them."""
    ctx_size: int
    """Tokens per slot."""
    slots: int
    threads: int
    server_args: tuple[str, ...] = ()
    memory: MemoryPlan | None = None
    """What it is expected to take; None where the header could not be read, which the server will tell better."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class Command:
    """How to start the child. Secrets are in ``env`` or ``stdin``, never in ``argv``."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    stdin: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Ready:
    """What a ready server says of itself."""

    slots: int
    ctx_size: int | None
    """Tokens per slot; None where it cannot say."""
    build: str | None = None


class Get(Protocol):
    """Asks the starting server for a path, with its key."""

    def __call__(self, path: str, /) -> Reply: ...


class Backend(Protocol):
    """One kind of server."""

    @property
    def name(self) -> str: ...
    @property
    def max_slots(self) -> int | None:
        """Most sequences at once; None for no limit."""
    @property
    def capabilities(self) -> frozenset[str]: ...
    @property
    def memory_options(self) -> MemoryOptions:
        """What its memory depends on where no argument says otherwise."""
    def find(self, settings: ServerSettings) -> Found:
        """Raises ServerError when it is not installed or does not work."""
    def check(self, settings: ServerSettings, found: Found) -> None:
        """Raises UsageError for a setting that this backend, in this build, lacks."""
    def command(self, launch: Launch, found: Found) -> Command: ...
    def probe(self, get: Get, launch: Launch) -> Ready | None:
        """None: not ready yet. Raises ServerError when it is ready with something else than was asked."""


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Our environment without secrets and without variables that would steer the server; ``extra`` is added last."""
    kept = {name: value for name, value in os.environ.items()
            if not SECRET.search(name) and not STEERING.match(name)}
    return {**kept, **(extra or {})}


def split_assignments(arguments: Sequence[str], backend: str) -> list[tuple[str, str]]:
    """``NAME=VALUE`` arguments as pairs, leading dashes dropped. Raises UsageError for one without a ``=``."""
    pairs = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or not name.strip("-"):
            raise UsageError(f"--server-arg {argument} is not understood by {backend}; write NAME=VALUE.")
        pairs.append((name.lstrip("-"), value))
    return pairs


def listed(value: Any, *path: str | int) -> Any:
    """The value at ``path`` inside JSON from outside, or None where the shape is another."""
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value
