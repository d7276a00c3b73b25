"""What a record says of energy (``docs/energy.md``). Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.joules import Joules


@dataclass(frozen=True, slots=True)
class Metered:
    """How a run was metered."""

    sources: Mapping[str, str]
    """By kind, e.g. ``gpu``: ``NVML energy counter of NVIDIA H100``."""
    idle_watts: Joules
    """By kind: mean power before the run's server was started."""
    shared_with: Sequence[str] | None = ()
    """Other programs that were on the GPU meanwhile; None: nobody tells."""


def energy_fields(joules: Joules, seconds: float, metered: Metered, passed: int | None) -> dict[str, Any]:
    """The record's ``energy``. ``seconds``: of generation; ``passed``: tasks solved. Unknown values are None."""
    kinds = {kind: _kind(joules[kind], seconds, metered.idle_watts.get(kind), metered.sources[kind])
             for kind in joules}
    total = sum(joules.values())
    idle = [metered.idle_watts[kind] for kind in joules if kind in metered.idle_watts]
    idle_watts = sum(idle) if len(idle) == len(joules) else None
    return {
        **_kind(total, seconds, idle_watts, "; ".join(f"{kind}: {fields['source']}" for kind, fields in kinds.items())),
        "seconds": round(seconds, 3),
        "per_solved_j": round(total / passed, 3) if passed else None,
        **kinds,
        "shared_with": None if metered.shared_with is None else list(metered.shared_with),
    }


def _kind(joules: float, seconds: float, idle_watts: float | None, source: str) -> dict[str, Any]:
    return {
        "energy_j": round(joules, 3),
        "above_idle_j": round(joules - idle_watts * seconds, 3) if idle_watts is not None else None,
        "mean_watts": round(joules / seconds, 3) if seconds > 0 else None,
        "idle_watts": round(idle_watts, 3) if idle_watts is not None else None,
        "source": source,
    }
