"""Writes a ledger's archive, a group of records at a time: of a hundred thousand only some thousands are held."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from ledger.archive import Archive, digest
from ledger.columns import KEY, arrow_for, row_of, schema_of
from ledger.jsontext import strict_value
from ledger.record import FORMAT, Record, parse

ROWS_A_GROUP = 5_000
"""Records written and read at once: some 15 MB of text."""

TEXT_A_GROUP = 64_000_000
"""Characters of their texts, where these are long."""


def write(path: Path, before: Archive | None, added: Sequence[str],
          progress: Callable[[int], None] = lambda _: None) -> int:
    """A new archive in the file ``path``: what was in ``before``, then ``added``, records' texts. How many it has.

    All are written anew from their texts, so that the columns are always those of this version. Raises OSError,
    BadInput for what is in ``before``.
    """
    arrow, parquet = arrow_for(path)
    schema, done, hashed = schema_of(arrow), 0, hashlib.sha256()
    older = before.records() if before is not None else ()
    newer = (parse(strict_value(text), text, "the ledger") for text in added)
    with path.open("wb") as file, parquet.ParquetWriter(
            file, schema, compression="zstd", write_page_checksum=True) as writer:
        for group in _groups(chain(older, newer)):
            for record in group:
                hashed.update(record.text.encode() + b"\n")
            writer.write_table(arrow.Table.from_pylist([row_of(record) for record in group], schema=schema),
                               row_group_size=ROWS_A_GROUP)
            done += len(group)
            progress(done)
        writer.add_key_value_metadata({KEY: json.dumps({
            "format": FORMAT, "records": done, "sha256": hashed.hexdigest(),
            "moved": {"records": len(added), "sha256": digest(added)}})})
    return done


def _groups(records: Iterable[Record]) -> Iterator[list[Record]]:
    group, length = list[Record](), 0
    for record in records:
        group.append(record)
        length += len(record.text)
        if len(group) == ROWS_A_GROUP or length > TEXT_A_GROUP:
            yield group
            group, length = [], 0
    if group:
        yield group
