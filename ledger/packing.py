"""Moving a ledger's records into its archive, so that a long ledger stays quick to read.

Theory of operation. Under the ledger's lock the archive is written anew, whole and synced, under another name, and
renamed; then the ledger is replaced by one without the records that were moved. A kill between the two leaves them in
both files, so the archive notes how many records were moved and the SHA-256 of their texts: a ledger that still begins
with these is one from before, and they are not read twice; nor are all of them, where ``unpack`` is killed. The ledger
in turn notes how many records its archive has, so that one which was left behind somewhere is missed and not taken for
runs that never were. Readers take no lock; they look whether the archive is still the same when they have read the
ledger, and else read both again. Neither verb holds more of the records than their texts.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from core.errors import BenchError, UsageError
from ledger import archiving
from ledger.archive import Archive, beside
from ledger.columns import arrow_for
from ledger.rewriting import rewriting
from system import files


@dataclass(frozen=True, slots=True)
class Packed:
    """What was moved, and what is where now."""

    moved: int
    archived: int
    """Records in the archive."""
    path: Path
    """Of the archive."""


def pack(ledger: Path, progress: Callable[[int], None] = lambda _: None) -> Packed:
    """Moves all records of the ledger into its archive; ``progress`` hears how many the new archive has so far.

    Raises BadInput for a ledger or an archive that cannot be read whole, UsageError without pyarrow or for a ledger
    whose name does not end in ``.json``, BenchError when the disk does not take it; in every case no record is lost.
    """
    path = _archive_of(ledger)
    arrow_for(path)
    with rewriting(ledger) as held:
        _clear_parts(path)
        before = held.archive
        texts = held.texts[before.repeated(held.texts) if before is not None else 0:]
        there = int(before.head()["records"]) if before is not None else 0
        archived = _replace(path, held.path, before, texts, progress) if texts else there
        if held.texts:
            held.replace((), archived=archived)
        return Packed(len(texts), archived, path)


def unpack(ledger: Path) -> Packed:
    """All records back into the ledger's JSON, the older first, and the archive away. Raises as ``pack``."""
    path = _archive_of(ledger)
    with rewriting(ledger) as held:
        _clear_parts(path)
        before = held.archive
        if before is None:
            return Packed(0, 0, path)
        older = (record.text for record in before.records())
        held.replace(chain(older, held.texts[before.repeated(held.texts):]))
        path.unlink()
        files.sync_folder(path.parent)
        return Packed(int(before.head()["records"]), 0, path)


def _archive_of(ledger: Path) -> Path:
    path = beside(ledger)
    if path is None:
        raise UsageError(f"--results {ledger}: a ledger's archive is named after it, NAME.parquet for NAME.json, so "
                         "only one whose name ends in .json can have one; rename it first")
    return path


def _clear_parts(archive: Path) -> None:
    """Of moves that were killed."""
    files.clear_parts(archive.parent, glob.escape(archive.name))


def _replace(path: Path, ledger: Path, before: Archive | None, texts: Sequence[str],
             progress: Callable[[int], None]) -> int:
    """Who may read the ledger may read its archive, and nobody else."""
    try:
        with files.new_part(path, like=path if path.exists() else ledger) as part:
            return archiving.write(part, before, texts, progress)
    except OSError as error:
        raise BenchError(f"the ledger's archive {path} cannot be written ({error.strerror or error}); nothing was "
                         f"moved: {files.remedy(error)}, then do it again") from error
