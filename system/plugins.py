"""What installed packages add, by entry points.

Three groups: ``bench_runner.benchmarks``, ``bench_runner.parsers``, ``bench_runner.evaluators``. Looked up by name, and
only for names that are not ours; nothing of a package is imported before it is asked for.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from core.errors import UsageError

BENCHMARKS, PARSERS, EVALUATORS = (f"bench_runner.{kind}" for kind in ("benchmarks", "parsers", "evaluators"))


def names(group: str) -> tuple[str, ...]:
    """What is installed in that group, sorted. Imports nothing."""
    return tuple(sorted({entry.name for entry in entry_points(group=group)}))


def load(group: str, name: str) -> Any | None:
    """The object of that name, None where there is none. UsageError for one that two packages claim, or that cannot be
    imported.
    """
    found = list({entry.value: entry for entry in entry_points(group=group, name=name)}.values())
    if not found:
        return None
    if len(found) > 1:
        both = " and ".join(sorted(_package(entry) for entry in found))
        raise UsageError(f"{name!r} is a plug-in ({group}) of {both}; uninstall one of them")
    try:
        return found[0].load()
    except Exception as error:  # whatever a stranger's module raises
        raise UsageError(
            f"the plug-in {name!r} ({group}) of {_package(found[0])} cannot be loaded "
            f"({type(error).__name__}: {error}); repair it or uninstall it"
        ) from error


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist is not None else entry.value
