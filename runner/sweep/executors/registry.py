"""The table of executors. Each is imported where it is used: an extra need not be installed for the others."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from typing import Final

from runner.sweep.executors.base import Executor


def _local(flags: argparse.Namespace) -> Executor:
    from runner.sweep.executors.local import Local  # noqa: PLC0415  (see above)

    return Local(bars=not (flags.quiet or flags.json))


EXECUTORS: Final[Mapping[str, Callable[[argparse.Namespace], Executor]]] = {"local": _local}


def make(flags: argparse.Namespace) -> Executor:
    """The executor that ``--executor`` names. Raises UsageError where it cannot be had."""
    return EXECUTORS[flags.executor](flags)
