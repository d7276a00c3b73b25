"""The flags that say where work is done. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from core.errors import UsageError


def add_executor_flags(parser: argparse.ArgumentParser | argparse._ArgumentGroup, executors: tuple[str, ...]) -> None:
    extras = " or ".join(name for name in executors if name != "local")
    parser.add_argument("--executor", default="local", choices=executors,
                        help="where the work is done: here, or on the GPUs and machines of a cluster "
                             f"(docs/many-machines.md; ./setup --with {extras})")
    parser.add_argument("--ray-address", metavar="ADDR",
                        help="HOST:PORT of a Ray cluster's first machine, or auto on a machine of it (default: Ray is "
                             "started on this machine, one place for a model on each of its GPUs)")
    if "slurm" in executors:
        parser.add_argument("--slurm-arg", action="append", default=[], metavar="KEY=VALUE",
                            help="handed to sbatch, e.g. --slurm-arg partition=gpu --slurm-arg account=lab "
                                 "--slurm-arg time=240 (minutes for a unit; default: 1440); may be repeated")


def refuse_strays(flags: argparse.Namespace) -> None:
    """UsageError for flags of another executor than the one that was chosen."""
    ray_address(flags)
    slurm_settings(flags)


def ray_address(flags: argparse.Namespace) -> str | None:
    """Raises UsageError where it means nothing."""
    address: str | None = flags.ray_address
    if address is not None and flags.executor != "ray":
        raise UsageError("--ray-address goes with --executor ray; leave it out, or add that.")
    return address


def slurm_settings(flags: argparse.Namespace) -> Mapping[str, str]:
    """Raises UsageError for one that is no KEY=VALUE, or means nothing."""
    found: dict[str, str] = {}
    for word in flags.slurm_arg:
        key, equals, value = word.partition("=")
        key = key.lstrip("-").replace("-", "_")
        if not equals or not value or not key.isidentifier() or any(not char.isprintable() for char in value):
            raise UsageError(f"--slurm-arg {word[:80]!r}: give KEY=VALUE as sbatch has it, e.g. partition=gpu")
        if key == "time" and not value.isdecimal():
            raise UsageError(f"--slurm-arg time={value[:40]}: give the minutes that a unit may take, e.g. time=240")
        found[key] = value
    if found and flags.executor != "slurm":
        raise UsageError("--slurm-arg goes with --executor slurm; leave it out, or add that.")
    return found
