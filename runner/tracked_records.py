"""The ledger's records as a tracking server is to show them: each with the judgements of it and its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.lookup import text_at
from runner.tracked_files import files_of
from tracking.mlflow.describing import describe, digest_of, experiment_of, identity
from tracking.mlflow.description import Tracked

Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One run, and what was said of it."""

    record: Record
    judgements: list[Record] = field(default_factory=list)

    @property
    def run_id(self) -> str:
        return identity(self.record)

    @property
    def experiment(self) -> str:
        """That of the tracking server."""
        return experiment_of(self.record)

    @property
    def digest(self) -> str:
        return digest_of(self.record, self.judgements)

    def described(self, runs_root: Path) -> Tracked:
        """Reads the run's folder."""
        files = files_of(self.record, runs_root)
        return describe(self.record, self.judgements, files.artifacts, files.remark)


@dataclass(frozen=True, slots=True)
class Entries:
    """A ledger's runs by id, the latest record of each, and judgements of runs that are not in it."""

    runs: dict[str, Entry]
    astray: tuple[Record, ...]


def entries_of(records: Iterable[Record]) -> Entries:
    """In the order of the ledger."""
    runs: dict[str, Entry] = {}
    judgements: list[Record] = []
    for record in records:
        if text_at(record, "judgement_of") is None:
            entry = Entry(record)
            runs[entry.run_id] = entry
        else:
            judgements.append(record)
    astray = []
    for judgement in judgements:
        judged = runs.get(text_at(judgement, "judgement_of") or "")
        if judged is None:
            astray.append(judgement)
        else:
            judged.judgements.append(judgement)
    return Entries(runs, tuple(astray))
