"""Finding runs by their folders: by name, or because they did not end and can be taken up."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from core.errors import BadInput, BenchError
from ledger.folder import CONFIG, RunFolder
from ledger.run_id import choose


def check_writable(runs_root: Path) -> None:
    """Finds out before a run whether folders can be made there. Raises BadInput."""
    try:
        runs_root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=runs_root):
            pass
    except OSError as error:
        hint = "free some space" if error.errno in {errno.ENOSPC, errno.EDQUOT} else "give --runs-root another place"
        raise BadInput(f"{runs_root}: no run folder can be made there ({error.strerror}); {hint}") from error


def find(runs_root: Path, name: str) -> RunFolder:
    """The run with this id, or the only one whose id begins so. Raises BadInput that lists what comes near."""
    return RunFolder(runs_root, choose(_run_ids(runs_root), name, str(runs_root)))


def unfinished(runs_root: Path, fingerprint: str, skipped: Callable[[str], None]) -> RunFolder | None:
    """The latest run with this fingerprint that did not end, locked; None without one.

    Of one that cannot be taken up, because another runner holds it or it is somebody else's, ``skipped`` is told why.
    """
    for folder, config in _latest_first(runs_root, lambda folder: not folder.ended):
        if config.get("fingerprint") == fingerprint and (held := _taken(folder, skipped)) is not None:
            return held
    return None


def unended(runs_root: Path) -> Iterator[dict[str, Any]]:
    """The configurations of the runs that did not end, the latest first. Nothing is locked."""
    return (config for _, config in _latest_first(runs_root, lambda folder: not folder.ended))


def left_behind(runs_root: Path, settings: Mapping[str, Any]) -> RunFolder | None:
    """The latest run that has these settings among others, locked; None when it ended or another runner holds it."""
    for folder, config in _latest_first(runs_root, lambda _: True):
        theirs = config.get("settings")
        if isinstance(theirs, dict) and all(theirs.get(key) == value for key, value in settings.items()):
            return None if folder.ended else _taken(folder, lambda _: None)
    return None


def _latest_first(
    runs_root: Path, wanted: Callable[[RunFolder], bool]
) -> Iterator[tuple[RunFolder, dict[str, Any]]]:
    """The wanted ones of the runs that we may read, and their configurations; damaged ones are left out."""
    for run_id in reversed(_run_ids(runs_root)):
        folder = RunFolder(runs_root, run_id)
        with suppress(BenchError):
            if wanted(folder):
                yield folder, folder.config()


def _taken(folder: RunFolder, skipped: Callable[[str], None]) -> RunFolder | None:
    try:
        held = RunFolder.resume(folder.path.parent, folder.run_id)
    except BenchError as error:
        skipped(str(error))
        return None
    if not held.ended:
        return held
    held.close()  # the other runner ended it between our look and our lock
    return None


def _run_ids(runs_root: Path) -> list[str]:
    """Names of the folders that hold a run, oldest first; those that we may not look into are none of ours."""
    try:
        return sorted(entry.name for entry in runs_root.iterdir() if os.access(entry / CONFIG, os.R_OK))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise BadInput(f"{runs_root} cannot be read ({error.strerror}); give --runs-root the runs' folder") from error
