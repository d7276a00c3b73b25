"""Cells that came to no record: what is known of them once the process has ended.

A run that fails may have no folder yet (its server did not come up, its model did not fit), so the fact lies beside the
run folders: ``.failed/<cell>.json`` in the runs' root, written when the cell fails and removed when it is recorded or
tried again. It is the one thing of a sweep that is neither in the ledger nor in a run folder; losing it costs another
try.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import BenchError
from core.lookup import text_at
from runner.request import Request
from system.clock import utc_timestamp
from system.files import atomic_write

FOLDER = ".failed"
LOG_LINES = 12
MOST_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a cell has no record."""

    cell_id: str
    reason: str
    kind: str
    """Of the error, as ``core.errors`` names it."""
    exit_code: int
    timestamp: str
    log_tail: tuple[str, ...] = ()
    """The last lines of the server's or the script's log, where it was their end."""

    @classmethod
    def of(cls, cell_id: str, error: BenchError) -> Failure:
        tail = tuple(str(line)[:MOST_CHARS] for line in getattr(error, "log_tail", ()))[-LOG_LINES:]
        return cls(cell_id, str(error)[:MOST_CHARS], type(error).__name__, error.exit_code, utc_timestamp(), tail)

    def as_json(self) -> dict[str, Any]:
        """For the file, and for ``--json``."""
        found = {"cell": self.cell_id, "reason": self.reason, "kind": self.kind, "exit_code": self.exit_code,
                 "timestamp": self.timestamp, "log_tail": list(self.log_tail)}
        return {key: value for key, value in found.items() if value not in ("", [])}


def note(runs_root: Path, cell_id: str, error: BenchError) -> Failure:
    """Writes it down. Where the disk takes nothing more, the failure is known to this process only."""
    failure = Failure.of(cell_id, error)
    with suppress(OSError):
        (runs_root / FOLDER).mkdir(parents=True, exist_ok=True)
        atomic_write(_path(runs_root, cell_id), (json.dumps(failure.as_json(), indent=1) + "\n").encode())
    return failure


def noting(request: Request) -> Callable[[Sequence[str], BenchError], None] | None:
    """What notes the failures of a command that is told which of its cells to run; None for any other."""
    if request.cells is None:
        return None

    def failed(cells: Sequence[str], error: BenchError) -> None:
        for cell in cells:
            note(request.outputs.runs_root, cell, error)

    return failed


def forget(runs_root: Path, cell_id: str) -> None:
    """It is recorded, or tried again."""
    with suppress(OSError):
        _path(runs_root, cell_id).unlink(missing_ok=True)


def failure_of(runs_root: Path, cell_id: str) -> Failure | None:
    """What is noted of the cell; None of one that did not fail. A file that is damaged says so much."""
    path = _path(runs_root, cell_id)
    try:
        fields = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, RecursionError):
        return Failure(cell_id, f"it failed, but {path} cannot be read", "unknown", 1, "")
    return _parsed(cell_id, fields if isinstance(fields, dict) else {})


def _parsed(cell_id: str, fields: Mapping[str, Any]) -> Failure:
    code, tail = fields.get("exit_code"), fields.get("log_tail")
    return Failure(
        cell_id, text_at(fields, "reason") or "it failed", text_at(fields, "kind") or "unknown",
        code if isinstance(code, int) and not isinstance(code, bool) else 1, text_at(fields, "timestamp") or "",
        tuple(str(line) for line in tail) if isinstance(tail, list) else (),
    )


def _path(runs_root: Path, cell_id: str) -> Path:
    return runs_root / FOLDER / f"{cell_id}.json"
