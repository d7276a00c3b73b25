"""Reading a ledger: its file and, where it was packed, the archive of the records before those in it.

Readers take no lock. The file is only ever replaced whole; so is the archive, and when it is replaced while the file is
read, both are read again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from core.errors import BadInput
from core.lookup import count_at, text_at
from ledger.archive import SUFFIX, Archive, beside
from ledger.jsontext import Document, strict_value
from ledger.ledger_file import content_of, document_of, records_of
from ledger.record import Record
from ledger.run_id import choose

ARCHIVE = "archive"
"""Beside ``runs``: ``{"records": N}``, how many were in the archive when records were last moved there."""

_TRIES = 5
"""To find a ledger and its archive of one moment; each is lost only to a move that came in between."""


def exists(path: Path) -> bool:
    """Whether there is a ledger: its file, or an archive of it."""
    older = beside(path)
    return path.exists() or (older is not None and older.exists())


def read(path: Path) -> tuple[Record, ...]:
    """All records, oldest first, those of its archive before those of the file; none when both are missing or empty.

    Raises BadInput for a file that is cut short, no JSON, of another shape or of a newer format, or whose archive is
    missing.
    """
    return tuple(each(path))


def each(path: Path) -> Iterator[Record]:
    """As ``read``, one by one, so that those of the archive are not all held at once."""
    recent, archive = parts(path)
    if archive is not None:
        yield from archive.records()
    yield from recent


def where(path: Path, field: str, values: Collection[str]) -> Iterator[Record]:
    """Those of ``read`` whose ``field``, a column of the archive, is one of these texts; others are not looked at."""
    recent, archive = parts(path)
    if archive is not None and (rows := archive.rows_where(field, lambda text: text in values)):
        yield from archive.records(rows)
    yield from (record for record in recent if text_at(record, field) in values)


def in_experiments(path: Path) -> tuple[Record, ...]:
    """Those of ``read`` that name an experiment, ``config.experiment``; of an archive no others are looked at."""
    recent, archive = parts(path)
    rows = set[int]() if archive is None else archive.rows_where("config", _names_an_experiment)
    older = () if archive is None or not rows else tuple(archive.records(rows))
    return (*older, *(record for record in recent if text_at(record, "config", "experiment")))


def _names_an_experiment(config: str) -> bool:
    if '"experiment"' not in config:
        return False
    try:
        return text_at({"config": strict_value(config)}, "config", "experiment") is not None
    except (ValueError, RecursionError):
        return True  # whoever reads the record says what is wrong with it


def parts(path: Path) -> tuple[tuple[Record, ...], Archive | None]:
    """The records of the file itself, and the archive of those before them. Raises as ``read``.

    Both are of one moment: when the archive is replaced while the file is read, they are read again.
    """
    if path.suffix == SUFFIX:
        raise BadInput(f"{path} is the archive of a ledger, which is read with it: give --results "
                       f"{path.with_suffix('.json')}")
    for _ in range(_TRIES):
        document, archive = _both(path)
        if noted(document) <= held_by(archive):
            break
    else:
        raise missing_from(path, document)
    recent = records_of(document, path)
    return recent if archive is None else recent[archive.repeated([record.text for record in recent]):], archive


def _both(path: Path) -> tuple[Document, Archive | None]:
    older = beside(path)
    if older is None:
        return document_of(content_of(path), path), None
    while True:
        before = _identity(older)
        document = document_of(content_of(path), path)
        archive = None if before is None else _opened(older)
        if _identity(older) == before:
            return document, archive


def _opened(path: Path) -> Archive | None:
    try:
        return Archive(path)
    except BadInput:
        if path.exists():
            raise
        return None


def _identity(path: Path) -> tuple[int, ...] | None:
    """What changes when the file is replaced; None without one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def find(records: Sequence[Record], name: str) -> Record:
    """The latest record of the run with this id, or of the only run whose id begins so.

    Raises BadInput that lists what comes near.
    """
    by_id = {run_id: record for record in records if isinstance(run_id := record.get("run_id"), str)}
    return by_id[choose(list(by_id), name, "the ledger")]


def lookup(path: Path, name: str) -> Record:
    """As ``find`` among all records of the ledger, without reading all of its archive. Raises as both."""
    recent, archive = parts(path)
    older = () if archive is None else tuple(
        archive.records(archive.rows_where("run_id", lambda run_id: run_id.startswith(name))))
    return find((*older, *recent), name)


def noted(document: Document) -> int:
    """How many records the ledger's archive must have."""
    return count_at(document.members, ARCHIVE, "records") or 0


def held_by(archive: Archive | None) -> int:
    return 0 if archive is None else int(archive.head()["records"])


def missing_from(path: Path, document: Document) -> BadInput:
    return BadInput(f"{path}: {noted(document):,} of its records are in its archive {beside(path) or 'NAME.parquet'}, "
                    f'which is missing or an older one; put it back, or take "{ARCHIVE}" out of {path.name} to go on '
                    "without these records")
