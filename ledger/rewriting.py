"""A ledger's file written anew with other records, under its lock: for moving them into its archive and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from ledger.archive import Archive, beside
from ledger.jsontext import SEPARATOR, Document, Element
from ledger.ledger_file import content_of, document_of, held, mapped
from ledger.mark import Mark
from ledger.reading import ARCHIVE, held_by, missing_from, noted
from ledger.record import parse
from system import files


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A ledger that is held while all of it is written anew."""

    path: Path
    """Its own, behind symbolic links."""
    texts: tuple[str, ...]
    """Of its records, each of which is one."""
    archive: Archive | None
    _document: Document
    _lock: int

    def replace(self, texts: Iterable[str], *, archived: int = 0) -> None:
        """The file with these records instead, and with all else that is in it as it is.

        ``archived``: how many its archive has, which it notes.
        """
        note = json.dumps({"records": archived}) if archived else None
        writing = _Writing(self._document.noting(ARCHIVE, note))
        with files.replacing_by(self.path, writing.pieces(texts)):
            pass
        if writing.mark is not None:
            writing.mark.write(self._lock)


class _Writing:
    """A ledger's file made of its records' texts, one by one."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.mark: Mark | None = None
        """Of the whole, if it has records."""

    def pieces(self, texts: Iterable[str]) -> Iterator[bytes]:
        rest = iter(texts)
        first = next(rest, None)
        head, tail = self._document.around(empty=first is None)
        hashed, size, ending = hashlib.sha256(), 0, tail.encode()
        for text in chain((head + (first or ""),), (SEPARATOR + text for text in rest), (tail,)):
            piece = text.encode()
            hashed.update(piece)
            size += len(piece)
            yield piece
        if first is not None:
            self.mark = Mark(size, size - len(ending), hashed.hexdigest())


@contextmanager
def rewriting(path: Path) -> Iterator[Rewriting]:
    """Raises BadInput for what cannot be read whole, BenchError when the disk does not take it."""
    def checked(element: Element) -> Element:
        parse(element.value, element.text, f"{path}, line {element.line}")
        return Element(None, element.text, element.line)

    try:
        with held(path) as (target, lock):
            document = document_of(content_of(path), path, checked)
            older = beside(path)
            archive = None if older is None or not older.exists() else Archive(older)
            if noted(document) > held_by(archive):
                raise missing_from(path, document)
            yield Rewriting(target, tuple(element.text for element in document.runs), archive,
                            replace(document, runs=()), lock)
    except (OSError, RuntimeError) as error:
        raise mapped(error, path, "written") from error
