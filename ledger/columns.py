"""The columns of a long ledger's archive: what of a record stands beside its text, and how.

=====================  ==============================================================================================
``run_id``, ``timestamp``, ``benchmark``, ``model``, ``status``, ``tasks_sha256``, ``cell``, ``judgement_of``
                       as in the record (texts); null where it has none or one of another type
``passed_on``          whether the record has ``passed_on_by``
``whole``              whether every task of it counted (``analysis.pairs.is_whole``)
``config``, ``judging``  JSON texts
``score``              percent; ``low``, ``high``: its interval
``total_passed``, ``total_problems``, ``completion_tokens``  counts; ``tokens_per_second``
``record``             the record's own JSON text, to the letter: the truth
=====================  ==============================================================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from analysis.pairs import is_whole
from core.errors import UsageError
from core.lookup import count_at, number_at, object_at, text_at, value_at
from ledger.record import Record

KEY = b"bench-runner"
"""Under which an archive's metadata say that it is one, and of what."""

TEXTS = ("run_id", "timestamp", "benchmark", "model", "status", "tasks_sha256", "cell", "judgement_of")

_REALS = ("score", "low", "high", "tokens_per_second")
_COUNTS = ("total_passed", "total_problems", "completion_tokens")


def arrow_for(path: Path) -> tuple[Any, Any]:
    """The modules pyarrow and pyarrow.parquet, imported here because they are an extra. UsageError without them."""
    try:
        import pyarrow as pa  # noqa: PLC0415  (an extra)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise UsageError(f"{path}: the archive of a long ledger is a Parquet file, which wants pyarrow; "
                         "./setup --with parquet") from None
    return pa, parquet


def schema_of(arrow: Any) -> Any:
    """Names and types, in the file's order."""
    text, real, count, truth = arrow.string(), arrow.float64(), arrow.int64(), arrow.bool_()
    return arrow.schema([*((name, text) for name in TEXTS), ("passed_on", truth), ("whole", truth), ("config", text),
                         ("judging", text), *((name, real) for name in _REALS), *((name, count) for name in _COUNTS),
                         ("record", text)])


def row_of(record: Record) -> dict[str, Any]:
    """The record's value in each column."""
    fields = dict(record)
    interval = value_at(fields, "interval")
    low, high = interval if isinstance(interval, list) and len(interval) == 2 else (None, None)
    texts = {name: text_at(fields, name) for name in TEXTS} | {"timestamp": str(value_at(fields, "timestamp") or "")}
    return {
        **{name: None if text is None else storable(text) for name, text in texts.items()},
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


def storable(text: str) -> str:
    """The text itself, but for one with halves of a character (JSON may hold them, UTF-8 cannot): as JSON behind a NUL.

    No two texts become the same one, because what decides which records are alike must not mistake one for another.
    """
    if text.isascii() and not text.startswith("\0"):
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return "\0" + json.dumps(text)
    return "\0" + json.dumps(text) if text.startswith("\0") else text


def stored(text: Any) -> Any:
    """What ``storable`` was given; what it cannot have made, and null, as it is."""
    if not isinstance(text, str) or not text.startswith("\0"):
        return text
    try:
        found = json.loads(text[1:])
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, str) else text


def _count(fields: Mapping[str, Any], *keys: str) -> int | None:
    found = count_at(fields, *keys)
    return found if found is not None and found < 2**63 else None
