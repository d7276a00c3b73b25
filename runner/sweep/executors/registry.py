"""The table of executors. Each is imported where it is used: an extra need not be installed for the others."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Final

from runner import cluster_flags
from runner.sweep.executors.base import Executor


def _local(flags: argparse.Namespace) -> Executor:
    from runner.sweep.executors.local import Local  # noqa: PLC0415  (see above)

    return Local(bars=not (flags.quiet or flags.json))


def _ray(flags: argparse.Namespace) -> Executor:
    from runner.sweep.executors.ray_units import RayUnits  # noqa: PLC0415  (see above)

    return RayUnits(cluster_flags.ray_address(flags))


def _slurm(flags: argparse.Namespace) -> Executor:
    from runner.sweep.executors.slurm_units import SlurmUnits  # noqa: PLC0415  (see above)

    return SlurmUnits(cluster_flags.slurm_settings(flags))


EXECUTORS: Final[Mapping[str, Callable[[argparse.Namespace], Executor]]] = {
    "local": _local, "ray": _ray, "slurm": _slurm,
}


def make(flags: argparse.Namespace) -> Executor:
    """The executor that ``--executor`` names. Raises UsageError where it cannot be had."""
    cluster_flags.refuse_strays(flags)
    return EXECUTORS[flags.executor](flags)
