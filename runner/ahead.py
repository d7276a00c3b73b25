"""The next model's files, read ahead while the last run of the present one decodes."""

from __future__ import annotations

from pathlib import Path

from core.records import ModelInfo
from servers.room import reserve_bytes
from servers.spec import ServerSettings
from system.host import available_memory_bytes
from system.readahead import ReadAhead


def read_ahead(present: ModelInfo, following: ModelInfo | None, settings: ServerSettings) -> ReadAhead:
    """Into memory that neither the present server nor ``--reserve-ram`` needs.

    The present model's file counts as free memory where it is mapped, and is in use all the same.
    """
    paths: list[Path] = []
    if following is not None and following.path is not None and following.path != present.path:
        paths = [Path(part) for part in following.parts or (following.path,)]
    kept = (present.size_bytes or 0) + reserve_bytes(settings.reserve_ram_gib)
    return ReadAhead(paths, lambda: available_memory_bytes() - kept)
