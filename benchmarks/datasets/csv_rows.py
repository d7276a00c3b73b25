"""Rows of a CSV file nobody vouches for: quoted newlines, bounded fields, every fault named by file and line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import BadInput
from core.records import Json

FIELD_LIMIT = 1 << 20
"""Characters of a field; a question takes thousands."""


@dataclass(frozen=True, slots=True)
class Row:
    """One record and where it ends; ``where`` names the file, or the member of an archive."""

    where: str
    number: int
    """The line of the file on which the record ends, from 1."""
    fields: tuple[str, ...]

    def bad(self, what: str) -> BadInput:
        """The error that says so; ``what`` names the fault and the cure."""
        return BadInput(f"{self.where}:{self.number}: {what}")


def read_rows(file: BinaryIO, where: str) -> Iterator[Row]:
    """The rows of an open file, blank ones passed over. BadInput for what is no UTF-8 CSV."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    reader = csv.reader(text, strict=True)
    before = csv.field_size_limit(FIELD_LIMIT)
    try:
        for fields in reader:
            if fields:
                yield Row(where, reader.line_num, tuple(fields))
    except csv.Error as error:
        told = f"{where}:{reader.line_num}: not CSV ({error}); quote fields that hold quotes or commas"
        raise BadInput(told) from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: near line {reader.line_num + 1} it is not UTF-8; save the file as UTF-8") from error
    finally:
        csv.field_size_limit(before)
        if not file.closed:
            text.detach()  # the file is the caller's to close


def with_header(rows: Iterator[Row], needed: tuple[str, ...]) -> Iterator[tuple[Row, dict[str, Json]]]:
    """Rows as column name → text. BadInput where the first row does not name the columns needed, or one is short."""
    head = next(rows, None)
    if head is None:
        return
    missing = [name for name in needed if name not in head.fields]
    if missing:
        there = ", ".join(head.fields)[:200]
        wanted = ", ".join(needed)
        raise head.bad(f"the first line lacks the column {missing[0]!r} (it has: {there}); this needs {wanted}")
    twice = [name for name in needed if head.fields.count(name) > 1]
    if twice:
        raise head.bad(f"the first line names the column {twice[0]!r} twice; rename one")
    for row in rows:
        if len(row.fields) != len(head.fields):
            raise row.bad(f"has {len(row.fields)} fields where the first line names {len(head.fields)}; correct it")
        yield row, dict(zip(head.fields, row.fields, strict=True))
