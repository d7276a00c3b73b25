"""What a plan comes to: cells, and units, each the work of one ordinary command.

A unit is one model under one setting: one start of a server, all the cells it is asked. Its ``argv`` are the flags of
an equal ``run`` command, so a unit is carried out the same way by this process, by a child of it, or by a child on
another machine; which of its cells are still wanted is added as ``--cells ID...``, where the records and run folders go
as ``--results`` and ``--runs-root``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlannedCell:
    """One record to be."""

    cell_id: str
    """The key of ``runner.cell_key``, which the record has as ``cell``."""
    model_label: str
    benchmark: str
    prompt_version: str
    strategy: str
    """With its settings, for people: ``sc_fixed n=4``."""
    varied: str = ""
    """What the plan varies beside these, for people: ``temperature 0.8, seed 1``."""

    @property
    def label(self) -> str:
        """For people: what tells it from its neighbours."""
        parts = (self.benchmark, "" if self.strategy == "single" else self.strategy,
                 "" if self.prompt_version in {"v1", "own"} else self.prompt_version, self.varied)
        return f"{self.model_label} on {', '.join(filter(None, parts))}"


@dataclass(frozen=True, slots=True)
class Needs:
    """What a machine must have for a unit. None: not known beforehand."""

    gpus: int = 0
    """GPUs that its server is to use; 0 where it computes on the processor, or elsewhere."""
    gpu_bytes: int | None = None
    ram_bytes: int | None = None
    local_model: bool = True
    """Whether a model is loaded on the machine itself: never two of these at once on one GPU, or on one processor."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One load of one model with one setting of its server."""

    unit_id: str
    argv: tuple[str, ...]
    cells: tuple[PlannedCell, ...]
    needs: Needs = Needs()
    model: str = ""
    """The spec behind ``--model``: a path, ``demo:F16``, ``hf:OWNER/REPO:QUANT``, ..."""
    load: str = ""
    """Equal for units that one start of a server can serve one after the other."""

    @property
    def cell_ids(self) -> tuple[str, ...]:
        return tuple(cell.cell_id for cell in self.cells)

    def command(self, cells: Sequence[str], *more: str) -> tuple[str, ...]:
        """The flags of the command that runs these of its cells; ``more``: where results go, and the like."""
        return (*self.argv, "--cells", *cells, *more)


def unit_id_of(argv: Sequence[str]) -> str:
    """The same for the same flags."""
    return hashlib.sha256("\0".join(argv).encode()).hexdigest()[:12]
