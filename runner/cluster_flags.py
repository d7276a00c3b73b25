"""The flags that say where work is done. Imports nothing heavy."""

from __future__ import annotations

import argparse

from core.errors import UsageError


def add_executor_flags(parser: argparse.ArgumentParser | argparse._ArgumentGroup, executors: tuple[str, ...]) -> None:
    parser.add_argument("--executor", default="local", choices=executors,
                        help="where the work is done: here, or on the machines of a cluster (docs/many-machines.md; "
                             f"{' and '.join(name for name in executors if name != 'local')}: ./setup --with NAME)")
    parser.add_argument("--ray-address", metavar="ADDR",
                        help="HOST:PORT of a Ray cluster's first machine, or auto on a machine of it (default: Ray is "
                             "started on this machine, one place for a model on each of its GPUs)")


def ray_address(flags: argparse.Namespace) -> str | None:
    """Raises UsageError where it means nothing."""
    address: str | None = flags.ray_address
    if address is not None and flags.executor != "ray":
        raise UsageError("--ray-address goes with --executor ray; leave it out, or add that.")
    return address
