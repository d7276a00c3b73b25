"""Every model against every other on the same tasks: how many tasks each passed that the other failed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """A run in a matrix."""

    label: str
    """Of its model; with a number where another run of the matrix has the same."""
    score: float
    """Percent."""
    run_id: str | None = None
    suspect: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Two runs of a matrix, by their places in it; the first stands above the second."""

    first: int
    second: int
    only_first: tuple[str, ...]
    """Tasks that the first alone passed."""
    only_second: tuple[str, ...]
    p_value: float
    """Exact McNemar, two-sided."""
    p_corrected: float
    """The same after Holm's correction for all pairs of the matrix."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Runs that pair, the best score first, and all their pairs."""

    benchmark: str
    total: int
    """Tasks."""
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    left_out: int = 0
    """Further runs that pair with these and scored less."""
