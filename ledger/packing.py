"""Moving a ledger's records into its archive, so that a long ledger stays quick to read.

Theory of operation. Under the ledger's lock the archive is written anew, whole and synced, under another name, and
renamed; then the ledger is replaced by one without the records that were moved. A kill between the two leaves them in
both files, so the archive notes how many records were moved and the SHA-256 of their texts: a ledger that still begins
with these is one from before, and they are not read twice; nor are all of them, where ``unpack`` is killed. Readers
take no lock; they look whether the archive is still the same when they have read the ledger, and else read both again.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from core.errors import BenchError
from ledger import archive, store
from ledger.archive import ROWS_A_GROUP, Archive, digest
from ledger.record import FORMAT, Record
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

    Raises BadInput for a ledger or an archive that cannot be read whole, UsageError without pyarrow, BenchError when
    the disk does not take it; in every case no record is lost.
    """
    with store.rewriting(ledger) as held:
        path = archive.beside(ledger)
        archive.require(path)
        before = Archive(path) if path.exists() else None
        there = int(before.head()["records"]) if before is not None else 0
        records = held.records if before is None else before.without_its_own(held.records)
        if records:
            _replace(path, before, records, _head(before, records, there), progress)
        if held.records:
            held.replace(())
        return Packed(len(records), there + len(records), path)


def unpack(ledger: Path) -> Packed:
    """All records back into the ledger's JSON, the older first, and the archive away. Raises as ``pack``."""
    with store.rewriting(ledger) as held:
        path = archive.beside(ledger)
        if not path.exists():
            return Packed(0, 0, path)
        before = Archive(path)
        older = tuple(before.records())
        held.replace((*older, *before.without_its_own(held.records)))
        path.unlink()
        files.sync_folder(path.parent)
        return Packed(len(older), 0, path)


def _head(before: Archive | None, added: Sequence[Record], there: int) -> Mapping[str, object]:
    every = chain(before.records() if before is not None else (), added)
    return {"format": FORMAT, "records": there + len(added), "sha256": digest(every),
            "moved": {"records": len(added), "sha256": digest(added)}}


def _replace(path: Path, before: Archive | None, records: Sequence[Record], head: Mapping[str, object],
             progress: Callable[[int], None]) -> None:
    files.clear_parts(path.parent, path.name)
    part = path.with_name(f".{path.name}.{secrets.token_hex(6)}.part")
    try:
        archive.write(part, before, _in_groups(records), head, progress)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        part.replace(path)
        files.sync_folder(path.parent)
    except OSError as error:
        raise BenchError(f"the ledger's archive {path} cannot be written ({error.strerror or error}); nothing was "
                         f"moved: {files.remedy(error)}, then do it again") from error
    finally:
        part.unlink(missing_ok=True)


def _in_groups(records: Sequence[Record]) -> Iterator[Sequence[Record]]:
    for start in range(0, len(records), ROWS_A_GROUP):
        yield records[start:start + ROWS_A_GROUP]
