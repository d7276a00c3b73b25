"""Files that a machine needs: found there, or brought there and kept by what is in them.

A model is looked for as the user named it (the same path, the demo models that each checkout has, the hub), then in the
machine's cache under its SHA-256, and only then read in pieces from the machine that asks. Wherever it comes from, its
SHA-256 must be the one that the cells were planned with.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadInput, BenchError
from servers.model_hash import file_sha256
from servers.models import resolve
from system.files import lock, sha256_file
from system.user_cache import user_cache_folder

PIECE: Final = 32 << 20
_SPARE_BYTES: Final = 2 << 30
"""Left free on a machine's disk."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file as it is on the machine that asks."""

    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Wanted:
        """Raises BadInput for a file that cannot be read."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise BadInput(f"{path} cannot be read ({error.strerror}): check the file and its permissions") from error
        return cls(str(path.absolute()), size, file_sha256(path))


@dataclass(frozen=True, slots=True)
class WantedModel:
    """A model's files, in the order of its parts, and what the user calls it."""

    spec: str
    parts: tuple[Wanted, ...]


Reader = Callable[[str, int, int], bytes]
"""(path on the machine that asks, offset, how many bytes) → those bytes."""


def model_here(wanted: WantedModel, read: Reader) -> str:
    """What to call the model on this machine. Raises BadInput where it cannot be had, BenchError for a full disk."""
    if _resolves(wanted):
        return wanted.spec
    return files_here(wanted.parts, read)[0]


def _resolves(wanted: WantedModel) -> bool:
    try:
        found = resolve(wanted.spec)
        return [file_sha256(Path(part)) for part in found.parts] == [part.sha256 for part in wanted.parts]
    except BenchError:  # not here, or not to be fetched from here
        return False


def files_here(wanted: tuple[Wanted, ...], read: Reader) -> list[str]:
    """Paths on this machine of files that belong together: where they are there, else in one folder of the cache."""
    if all(_is_there(Path(each.path), each) for each in wanted):
        return [each.path for each in wanted]
    folder = user_cache_folder() / "fetched" / wanted[0].sha256[:24]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with lock(folder / ".lock"):  # two units of one model: the second waits, and finds it
            return [_fetched(folder / Path(each.path).name, each, read) for each in wanted]
    except OSError as error:
        raise BenchError(f"{folder}: {wanted[0].path} cannot be kept there ({error.strerror}); see to the "
                         "disk") from error


def _is_there(path: Path, wanted: Wanted) -> bool:
    try:
        return path.stat().st_size == wanted.size and file_sha256(path) == wanted.sha256
    except (OSError, BadInput):
        return False


def _fetched(path: Path, wanted: Wanted, read: Reader) -> str:
    if _is_there(path, wanted):
        return str(path)
    free = shutil.disk_usage(path.parent).free
    if free < wanted.size + _SPARE_BYTES:
        raise BadInput(f"{wanted.path} is not on this machine, and for a copy of it ({wanted.size / 1e9:.1f} GB) "
                       f"{path.parent} has only {free / 1e9:.1f} GB free; make room, or put the model on a disk that "
                       "all machines share")
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        for offset in range(0, wanted.size, PIECE):
            file.write(read(wanted.path, offset, min(PIECE, wanted.size - offset)))
    if sha256_file(part) != wanted.sha256:
        part.unlink()
        raise BadInput(f"{wanted.path} changed while it was carried to this machine, or was damaged on the way; start "
                       "again when it is whole")
    part.replace(path)
    return str(path)
