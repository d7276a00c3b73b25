"""The older part of a long ledger: ``NAME.parquet`` beside ``NAME.json``, the same records, read by column.

A ledger is one JSON file, which is read whole; at a hundred thousand records that takes long. ``ledger.packing`` moves
what is there into the archive. In it each record is its own JSON text to the letter, and beside it what is searched or
selected by stands in columns of its own (``ledger.columns``), for us and for any reader of Parquet.

Reading by column is what makes it quick: a comparison looks at the small columns, and takes the texts of those rows
that matter (``analysis.latest``). pyarrow does it (the extra ``parquet``), imported where an archive is there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

from analysis.latest import Alike, Placed
from core.errors import BadInput
from core.lookup import count_at, object_at, text_at
from ledger.columns import KEY, arrow_for, schema_of, stored
from ledger.jsontext import strict_value
from ledger.record import Record, parse, refuse_newer

SUFFIX = ".parquet"

_BY = ("benchmark", "model", "status", "tasks_sha256", "passed_on", "whole", "config", "judging")
"""What makes two records so alike that only the later one can matter."""
_LIGHT = (*_BY, "timestamp", "run_id", "judgement_of", "score")
_STUB = ("run_id", "timestamp", "benchmark", "model", "status", "tasks_sha256", "judgement_of")
_DICTIONARIES = tuple(name for name in _BY if name not in {"passed_on", "whole"})
"""Held as numbers of their distinct values: a hundred thousand records have few of them."""


def beside(ledger: Path) -> Path | None:
    """Where the archive of that ledger is, whether or not there is one; only of a file ``NAME.json`` can there be one.

    Else ``a.json`` and ``a.txt`` would have the same.
    """
    target = Path(os.path.realpath(ledger))  # unlike resolve() it lets links that lead in a circle to whoever reads
    return target.with_suffix(SUFFIX) if target.suffix == ".json" else None


@dataclass(frozen=True, slots=True)
class Latest:
    """The rows of an archive that a comparison may come to need."""

    placed: Iterator[Placed]
    judged: Collection[str]
    """Ids of all runs that a judge has scored."""


class Archive:
    """An archive that is there. Every method raises BadInput for a file that is damaged or no archive of ours."""

    def __init__(self, path: Path) -> None:
        """Opens it, so that it stays this file whatever is renamed. UsageError when pyarrow is not installed."""
        self.path = path
        arrow, _ = arrow_for(path)
        try:
            self._source = arrow.OSFile(str(path))
        except OSError as error:
            raise BadInput(f"{path}: the ledger's archive cannot be opened ({error}); see to its "
                           "permissions") from error

    def head(self) -> Mapping[str, Any]:
        """What its writer noted: ``records`` (how many), ``sha256`` (of their texts), ``moved``: the
        same of those that were added last.
        """
        with self._open() as file:
            return self._head(file.metadata)

    def repeated(self, texts: Sequence[str]) -> int:
        """How many of a ledger's records are here already: its first ones, where a move was cut short."""
        head = self.head()
        for part in (head, object_at(head, "moved")):
            count = count_at(part, "records") or 0
            if 0 < count <= len(texts) and digest(islice(texts, count)) == text_at(part, "sha256"):
                return count
        return 0

    def records(self, rows: set[int] | None = None) -> Iterator[Record]:
        """Those rows, or all, in order, a group at a time."""
        with self._open() as file:
            start = 0
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                wanted = range(count) if rows is None else sorted(row - start for row in rows
                                                                  if start <= row < start + count)
                if wanted:
                    texts = file.read_row_group(group, columns=["record"], use_threads=False).column("record")
                    for row in wanted:
                        yield self._record(texts[row].as_py(), start + row)
                start += count

    def latest(self, judged_since: Iterable[str] = ()) -> Latest:
        """Of the rows that are alike in all that a comparison goes by, the latest, without their long lists.

        ``judged_since``: ids of the runs that records after these are judgements of.
        """
        alike, codes = Alike(), _Codes()
        judged = set(judged_since)
        with self._open() as file:
            for table in _tables(file, ("judgement_of", "passed_on")):
                judged.update(stored(run_id) for run_id, passed_on in _columns(table, "judgement_of", "passed_on")
                              if run_id is not None and not passed_on)
            row = 0
            for table in _tables(file, _LIGHT):
                scored = table.column("score").is_valid().to_pylist()
                kinds = [codes.of(table, name) for name in _BY]
                for (when, run_id), *kind in zip(_columns(table, "timestamp", "run_id"), scored, *kinds, strict=True):
                    alike.see((*kind, stored(run_id) in judged), stored(when) or "", row)
                    row += 1
        return Latest(self._stubs(alike.rows()), judged)

    def _stubs(self, rows: set[int]) -> Iterator[Placed]:
        """One by one: the configurations of ten thousand are too much to be held at once."""
        start = 0
        with self._open() as file:
            for table in _tables(file, _LIGHT):
                for row in range(start, start + len(table)):
                    if row in rows:
                        fields = table.slice(row - start, 1).to_pylist()[0]
                        yield Placed(row, self._stub(fields, row), bool(fields["whole"]))
                start += len(table)

    def _stub(self, fields: Mapping[str, Any], row: int) -> dict[str, Any]:
        found = {name: stored(fields[name]) for name in _STUB if fields[name] is not None}
        found["results"] = {} if fields["score"] is None else {"score": fields["score"]}
        for name in ("config", "judging"):
            if fields[name] is not None:
                found[name] = self._value(fields[name], row)
        if fields["passed_on"]:
            found["passed_on_by"] = ""
        return found

    def rows_where(self, name: str, holds: Callable[[str], bool]) -> set[int]:
        """Rows whose text in that column is one for which this holds; it is asked once for each distinct one."""
        found, known, start = set[int](), dict[str, bool](), 0
        with self._open() as file:
            for table in _tables(file, (name,)):
                for row, text in enumerate(table.column(name).to_pylist(), start):
                    if text is not None and (known[text] if text in known
                                             else known.setdefault(text, holds(stored(text)))):
                        found.add(row)
                start += len(table)
        return found

    @contextmanager
    def _open(self) -> Iterator[Any]:
        arrow, parquet = arrow_for(self.path)
        try:
            metadata = parquet.read_metadata(self._source)
            self._head(metadata)
            self._refuse_other_columns(schema_of(arrow), metadata.schema.to_arrow_schema())
            with parquet.ParquetFile(self._source, read_dictionary=list(_DICTIONARIES), pre_buffer=False,
                                     page_checksum_verification=True) as file:
                yield file
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise BadInput(f"{self.path}: the ledger's archive cannot be read ({reason}); restore it from a backup, or "
                           "move it away to go on without the records in it") from error

    def _head(self, metadata: Any) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = json.loads((metadata.metadata or {})[KEY])
            records = int(found["records"])
        except (KeyError, ValueError, TypeError, RecursionError):
            raise BadInput(f"{self.path}: a Parquet file, but no archive of a ledger; move it away or give --results "
                           "another name") from None
        refuse_newer(found.get("format"), str(self.path))
        if records != metadata.num_rows:
            raise self._not_as_written(f"{records:,} records were written, {metadata.num_rows:,} are there")
        return found

    def _refuse_other_columns(self, ours: Any, there: Any) -> None:
        for field in ours:
            place = there.get_field_index(field.name)
            if place < 0 or there.field(place).type != field.type:
                raise self._not_as_written(f"it has no column {field.name} of type {field.type}")

    def _not_as_written(self, what: str) -> BadInput:
        return BadInput(f"{self.path}: the ledger's archive is not as it was written ({what}); restore it from a "
                        "backup")

    def _record(self, text: Any, row: int) -> Record:
        return parse(self._value(text, row), text, f"{self.path}, record {row + 1}")

    def _value(self, text: Any, row: int) -> Any:
        try:
            return strict_value(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise BadInput(f"{self.path}, record {row + 1}: no JSON ({str(error)[:100]}); the file was left as it is: "
                           "restore it from a backup") from None


def digest(texts: Iterable[str]) -> str:
    """SHA-256 of records' texts, in hex."""
    found = hashlib.sha256()
    for text in texts:
        found.update(text.encode() + b"\n")
    return found.hexdigest()


def _tables(file: Any, columns: Sequence[str]) -> Iterator[Any]:
    """Those columns, a group of rows at a time."""
    for group in range(file.num_row_groups):
        yield file.read_row_group(group, columns=list(columns), use_threads=False)


def _columns(table: Any, *names: str) -> Iterator[tuple[Any, ...]]:
    """Their values, row by row."""
    return zip(*(table.column(name).to_pylist() for name in names), strict=True)


class _Codes:
    """A number for each distinct text, which is quicker to compare than texts and takes less room."""

    def __init__(self) -> None:
        self._known: dict[bytes, int] = {}

    def of(self, table: Any, name: str) -> list[Any]:
        """That column of the table, as codes; what is no text as it is."""
        column = table.column(name).combine_chunks()
        if name not in _DICTIONARIES:
            found: list[Any] = column.to_pylist()
            return found
        codes = [self._known.setdefault(blake2b(text.encode(), digest_size=16).digest(), len(self._known))
                 for text in column.dictionary.to_pylist()]
        return [None if place is None else codes[place] for place in column.indices.to_pylist()]
