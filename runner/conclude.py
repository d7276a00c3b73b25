"""How a run ends: its record is written to its folder, then into the ledger, and only then the run has ended.

A kill, a full disk or a damaged ledger between these steps leaves ``record.json`` in the folder. The same command takes
such a run up (``runner.resume``), asks nothing, and puts the record into the ledger, unless it is there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from core.errors import BenchError
from ledger import store
from ledger.folder import RunFolder
from runner.reporting import at_the_end


def conclude(
    ledger: Path, folder: RunFolder, record: Mapping[str, Any], entered: Callable[[], None]
) -> Mapping[str, Any]:
    """The record as it stands in the ledger; ``entered`` is called once it does.

    Raises BenchError that says where the record lies when the ledger takes none.
    """
    keep(folder, record)
    return _enter(ledger, folder, record, entered)


def keep(folder: RunFolder, record: Mapping[str, Any]) -> None:
    """The first step alone: the record is in the run's folder, and ``conclude_again`` does the rest."""
    folder.write_record(record)
    at_the_end(folder, record)  # after it, so that a page that cannot be made costs no run


def conclude_again(
    ledger: Path, folder: RunFolder, record: Mapping[str, Any], entered: Callable[[], None]
) -> Mapping[str, Any]:
    """As ``conclude``, for a record that an earlier sitting wrote and may have brought into the ledger."""
    there = next(store.where(ledger, "run_id", {folder.run_id}), None)
    if there is None:
        return _enter(ledger, folder, record, entered)
    entered()
    folder.end()
    return there


def _enter(
    ledger: Path, folder: RunFolder, record: Mapping[str, Any], entered: Callable[[], None]
) -> Mapping[str, Any]:
    try:
        written = store.append(ledger, record)
    except BenchError as error:
        raise type(error)(
            f"{error}. This run's record is safe in {folder.record_path}: the same command puts it into the ledger."
        ) from error
    entered()
    folder.end()
    return written
