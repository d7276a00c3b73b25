"""The older part of a long ledger: ``NAME.parquet`` beside ``NAME.json``, the same records, read by column.

A ledger is one JSON file, which is read whole; at a hundred thousand records that takes long. ``ledger.packing`` moves
what is there into the archive. In it each record is its own JSON text to the letter (column ``record``, the truth),
and beside it what is searched or selected by stands in columns of its own, for us and for any reader of Parquet:

=====================  ==============================================================================================
``run_id``, ``timestamp``, ``benchmark``, ``model``, ``status``, ``tasks_sha256``, ``cell``, ``judgement_of``
                       as in the record (texts); null where it has none or one of another type
``passed_on``          whether the record has ``passed_on_by``
``whole``              whether every task of it counted (``analysis.pairs.is_whole``)
``config``, ``judging``  JSON texts
``score``              percent; ``low``, ``high``: its interval
``total_passed``, ``total_problems``, ``completion_tokens``  counts; ``tokens_per_second``
=====================  ==============================================================================================

Reading by column is what makes it quick: a comparison looks at the small columns, and takes the texts of those rows
that matter (``analysis.latest``). pyarrow does it (the extra ``parquet``), imported where an archive is there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from analysis.latest import Alike, Placed
from analysis.pairs import is_whole
from core.errors import BadInput, UsageError
from core.lookup import count_at, number_at, object_at, text_at, value_at
from ledger.jsontext import strict_value
from ledger.record import Record, parse, refuse_newer

SUFFIX = ".parquet"

ROWS_A_GROUP = 5_000
"""Records written and read at once: some 15 MB of text."""

_KEY = b"bench-runner"
_TEXTS = ("run_id", "timestamp", "benchmark", "model", "status", "tasks_sha256", "cell", "judgement_of")
_BY = ("benchmark", "model", "status", "tasks_sha256", "passed_on", "whole", "config", "judging")
"""What makes two records so alike that only the later one can matter."""
_LIGHT = (*_BY, "timestamp", "run_id", "judgement_of", "score")
_STUB = ("run_id", "timestamp", "benchmark", "model", "status", "tasks_sha256", "judgement_of")
_DICTIONARIES = tuple(name for name in _BY if name not in {"passed_on", "whole"})
"""Held as numbers of their distinct values: a hundred thousand records have few of them."""


def beside(ledger: Path) -> Path:
    """Where the archive of that ledger is, whether or not there is one."""
    return ledger.resolve().with_suffix(SUFFIX)


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
        arrow, _ = _arrow(path)
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

    def without_its_own(self, records: tuple[Record, ...]) -> tuple[Record, ...]:
        """A ledger's records without those that are here already: its first ones, where a move was cut short."""
        head = self.head()
        for part in (head, object_at(head, "moved")):
            count = count_at(part, "records") or 0
            if 0 < count <= len(records) and digest(records[:count]) == text_at(part, "sha256"):
                return records[count:]
        return records

    def records(self, rows: set[int] | None = None) -> Iterator[Record]:
        """Those rows, or all, in order, a group at a time."""
        with self._open() as file:
            start = 0
            for group in range(file.num_row_groups):
                count = file.metadata.row_group(group).num_rows
                wanted = range(count) if rows is None else sorted(row - start for row in rows
                                                                  if start <= row < start + count)
                if wanted:
                    texts = file.read_row_group(group, columns=["record"]).column("record")
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
            for table in _tables(file, ("judgement_of",)):
                judged.update(table.column("judgement_of").drop_null().to_pylist())
            row = 0
            for table in _tables(file, _LIGHT):
                scored, ids = table.column("score").is_valid().to_pylist(), table.column("run_id").to_pylist()
                kinds = [codes.of(table, name) for name in _BY]
                for when, run_id, *kind in zip(table.column("timestamp").to_pylist(), ids, scored, *kinds, strict=True):
                    alike.see((*kind, run_id in judged), when or "", row)
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
        found = {name: fields[name] for name in _STUB if fields[name] is not None}
        found["results"] = {} if fields["score"] is None else {"score": fields["score"]}
        for name in ("config", "judging"):
            if fields[name] is not None:
                found[name] = self._value(fields[name], row)
        if fields["passed_on"]:
            found["passed_on_by"] = ""
        return found

    def rows_of(self, name: str) -> set[int]:
        """Rows of the runs whose id begins so."""
        with self._open() as file:
            ids = file.read(columns=["run_id"]).column("run_id").to_pylist()
        return {row for row, run_id in enumerate(ids) if run_id is not None and run_id.startswith(name)}

    @contextmanager
    def _open(self) -> Iterator[Any]:
        arrow, parquet = _arrow(self.path)
        try:
            self._head(parquet.read_metadata(self._source))
            with parquet.ParquetFile(self._source, read_dictionary=list(_DICTIONARIES), pre_buffer=False,
                                     page_checksum_verification=True) as file:
                yield file
        except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise BadInput(f"{self.path}: the ledger's archive cannot be read ({reason}); restore it from a backup, or "
                           "move it away to go on without the records in it") from error

    def _head(self, metadata: Any) -> Mapping[str, Any]:
        try:
            found: Mapping[str, Any] = json.loads((metadata.metadata or {})[_KEY])
            records = int(found["records"])
        except (KeyError, ValueError, TypeError, RecursionError):
            raise BadInput(f"{self.path}: a Parquet file, but no archive of a ledger; move it away or give --results "
                           "another name") from None
        refuse_newer(found.get("format"), str(self.path))
        missing = {*_LIGHT, "record"}.difference(metadata.schema.names)
        if missing or records != metadata.num_rows:
            what = f"it has no column {min(missing)}" if missing else f"{records:,} records were written"
            raise BadInput(f"{self.path}: the ledger's archive is not as it was written ({what}); restore it from a "
                           "backup")
        return found

    def _record(self, text: Any, row: int) -> Record:
        return parse(self._value(text, row), text, f"{self.path}, record {row + 1}")

    def _value(self, text: Any, row: int) -> Any:
        try:
            return strict_value(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise BadInput(f"{self.path}, record {row + 1}: no JSON ({str(error)[:100]}); the file was left as it is: "
                           "restore it from a backup") from None


def require(path: Path) -> None:
    """Raises UsageError where no archive can be written, because pyarrow is not installed."""
    _arrow(path)


def digest(records: Iterable[Record]) -> str:
    """SHA-256 of the records' texts, in hex."""
    found = hashlib.sha256()
    for record in records:
        found.update(record.text.encode() + b"\n")
    return found.hexdigest()


def write(path: Path, before: Archive | None, added: Iterable[Sequence[Record]], head: Mapping[str, Any],
          progress: Callable[[int], None] = lambda _: None) -> None:
    """A new archive at ``path``: what was in ``before``, then ``added``, a list a group. Raises OSError, BadInput."""
    arrow, parquet = _arrow(path)
    schema = _schema(arrow).with_metadata({_KEY: json.dumps(dict(head)).encode()})
    done = 0
    with parquet.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as writer:
        for group in (*_groups(before), *added):
            rows = [_row(record) for record in group]
            writer.write_table(arrow.Table.from_pylist(rows, schema=schema), row_group_size=ROWS_A_GROUP)
            done += len(rows)
            progress(done)


def _groups(before: Archive | None) -> Iterator[list[Record]]:
    """Written anew from the texts, so that the columns are always those of this version."""
    group: list[Record] = []
    for record in before.records() if before is not None else ():
        group.append(record)
        if len(group) == ROWS_A_GROUP:
            yield group
            group = []
    if group:
        yield group


def _arrow(path: Path) -> tuple[Any, Any]:
    try:
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise UsageError(f"{path}: the archive of a long ledger is a Parquet file, which wants pyarrow; "
                         "./setup --with parquet") from None
    return pa, parquet


def _schema(arrow: Any) -> Any:
    text, real, count = arrow.string(), arrow.float64(), arrow.int64()
    return arrow.schema([
        *((name, text) for name in _TEXTS), ("passed_on", arrow.bool_()), ("whole", arrow.bool_()), ("config", text),
        ("judging", text), ("score", real), ("low", real), ("high", real), ("total_passed", count),
        ("total_problems", count), ("completion_tokens", count), ("tokens_per_second", real), ("record", text)])


def _row(record: Record) -> dict[str, Any]:
    fields = dict(record)
    interval = value_at(fields, "interval")
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (None, None)
    when = value_at(fields, "timestamp")
    return {
        **{name: text_at(fields, name) for name in _TEXTS},
        "timestamp": None if when is None else str(when),
        "passed_on": "passed_on_by" in fields, "whole": is_whole(fields),
        "config": json.dumps(dict(object_at(fields, "config"))),
        "judging": json.dumps(dict(object_at(fields, "judging"))) if "judging" in fields else None,
        "score": number_at(fields, "results", "score"),
        "low": number_at({"n": low}, "n"), "high": number_at({"n": high}, "n"),
        **{name: _count(fields, "results", name) for name in ("total_passed", "total_problems")},
        "completion_tokens": _count(fields, "usage", "completion_tokens"),
        "tokens_per_second": number_at(fields, "latency", "tokens_per_second"),
        "record": record.text,
    }


def _count(fields: Mapping[str, Any], *keys: str) -> int | None:
    found = count_at(fields, *keys)
    return found if found is not None and abs(found) < 2**63 else None


def _tables(file: Any, columns: Sequence[str]) -> Iterator[Any]:
    """Those columns, a group of rows at a time."""
    for group in range(file.num_row_groups):
        yield file.read_row_group(group, columns=list(columns), use_threads=False)


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
