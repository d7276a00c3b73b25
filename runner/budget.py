"""What a whole run may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """None: as much as it takes; of several the one that is spent first ends it."""

    tokens: int | None = None
    """Generated."""
    seconds: float | None = None
    """Of generation, over all sittings."""
    joules: float | None = None
