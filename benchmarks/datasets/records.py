"""The records of a file, whatever form it has: JSON lines, a JSON array, CSV with a header, or Parquet.

Each comes as a ``Line``: a record and where it stands. In a JSON array and in Parquet, which have no lines that mean
anything, the number is the record's, from 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.datasets.csv_rows import read_rows, with_header
from benchmarks.datasets.lines import Line, open_binary, parse_object, read_lines, unreadable
from core.errors import BadInput, UsageError
from core.records import Json

ARRAY_LIMIT_BYTES = 256 << 20


def read_records(path: Path, columns: tuple[str, ...] = ()) -> Iterator[Line]:
    """By the file's name: ``.csv``, ``.parquet``, ``.json`` (an array), else JSON lines, also gzipped.

    ``columns``: those that a CSV must have. BadInput for all that can be wrong, an empty file included; UsageError
    where Parquet needs a package that is not installed.
    """
    name = path.name.removesuffix(".gz")
    if name.endswith(".csv"):
        return _filled(path, _csv(path, columns))
    if name.endswith(".parquet"):
        return _filled(path, _parquet(path))
    if name.endswith(".json"):
        return _filled(path, _array(path))
    return read_lines(path)


def _filled(path: Path, lines: Iterator[Line]) -> Iterator[Line]:
    found = False
    for line in lines:
        found = True
        yield line
    if not found:
        raise BadInput(f"{path}: holds no tasks; give a file with one record a task")


def _csv(path: Path, columns: tuple[str, ...]) -> Iterator[Line]:
    try:
        with open_binary(path) as file:
            for row, record in with_header(read_rows(file, str(path)), columns):
                yield Line(path, row.number, 0, 0, record)
    except (OSError, EOFError) as error:
        raise unreadable(path, error) from error


def _array(path: Path) -> Iterator[Line]:
    try:
        with open_binary(path) as file:
            raw = file.read(ARRAY_LIMIT_BYTES + 1)
    except (OSError, EOFError) as error:
        raise unreadable(path, error) from error
    if len(raw) > ARRAY_LIMIT_BYTES:
        raise BadInput(f"{path}: is larger than {ARRAY_LIMIT_BYTES >> 20} MiB; give JSON lines (.jsonl)")
    # The array as a member of an object: the reader of single records has all the checks.
    whole = parse_object(path, 1, b'{"records":' + raw.removeprefix(b"\xef\xbb\xbf") + b"}")
    records = whole["records"]
    if len(whole) > 1:
        raise BadInput(f"{path}: goes on behind its array; a .json file must be one array of objects")
    if not isinstance(records, list):
        raise BadInput(f"{path}: holds a JSON {type(records).__name__}; a .json file must be an array of objects")
    for number, record in enumerate(records, 1):
        if not isinstance(record, dict):
            raise BadInput(f"{path}:{number}: record {number} is a JSON {type(record).__name__}, not an object")
        yield Line(path, number, 0, 0, record)


def _parquet(path: Path) -> Iterator[Line]:
    try:
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise UsageError(
            f"{path}: reading Parquet needs the package pyarrow; install bench-runner's extra 'parquet' "
            "(pip install pyarrow), or convert the file to .jsonl and name that with --problems-file"
        ) from error
    number = 0
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(256):
                for record in batch.to_pylist():
                    number += 1
                    yield Line(path, number, 0, 0, _plain(record))
    except (OSError, pa.ArrowException) as error:
        raise BadInput(f"{path}: cannot be read as Parquet ({str(error)[:200]}); fetch it again") from error


def _plain(record: dict[str, Json]) -> dict[str, Json]:
    """What JSON can hold: dates and the like become their text."""
    plain: dict[str, Json] = json.loads(json.dumps(record, default=str))
    return plain
