"""What a record says beside a cell's samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analysis.energy import Metered
from analysis.prices import Price
from servers.echo import NOT_ASKED, Echo


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Facts that are not in the cell's outcome."""

    timestamp: str
    runner_version: str
    host: Mapping[str, Any]
    isolation: str
    time_factor: float
    """By what the verifiers' published limits were multiplied on this machine."""
    startup_s: float | None
    server_rss_bytes: int | None
    gguf_sha256: str | None
    memory: Mapping[str, Any]
    """What the server was expected to take, and what it says it took."""
    echo: Echo = NOT_ASKED
    """What the server told of the sampling and the template."""
    tokens: str | None = None
    """Whether it counted as many tokens as came."""
    metered: Metered | None = None
    """How energy was measured, where it was."""
    unmetered: str | None = None
    """What of it was not, though it was asked for, and why."""
    runner_commit: str | None = None
    """Of the checkout that this program runs from."""
    price: Price | None = None
    """What the model costs, where that is known."""
    unpriced: str | None = None
    """Where it is not, of a model that somebody wants money for."""
