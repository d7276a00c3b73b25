"""The import verb: results of other programs become records and run folders, and say whose they are.

Everything is read, and the ledger and the place for run folders are looked at, before anything is written: a file that
is damaged anywhere changes nothing. A run is known again by what it was read from (``provenance.imported_sha256`` and
``imported_part``), so that the same file twice adds nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import UsageError
from core.lookup import count_at, text_at, texts_at
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict, Verified
from core.version import VERSION
from ledger import runs, store
from ledger.fingerprint import fingerprint
from ledger.folder import RunFolder
from ledger.imports.found import Found, Wish
from ledger.imports.registry import read_file
from ledger.imports.source import Source
from ledger.run_id import is_run_id, make_run_id
from runner.conclude import conclude
from runner.imported_record import has_texts, record_of, tasks_of
from system.clock import utc_timestamp


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What to read, how to call it and where to put it."""

    file: Path
    results: Path
    runs_root: Path
    origin: str = "auto"
    model: str | None = None
    benchmark: str | None = None


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What came of it."""

    added: Sequence[Mapping[str, Any]]
    there_already: Sequence[str]
    """Run ids of those that had been imported before."""


def import_file(request: ImportRequest, say: Callable[[str], None] = lambda _: None) -> ImportReport:
    """Raises BadInput and UsageError before anything is written, with file and line; BenchError where a disk fails."""
    if request.results.exists() and request.file.exists() and request.file.samefile(request.results):
        raise UsageError(f"{request.file} is the ledger itself; what is in it need not be imported")
    source = Source(request.file)
    found = read_file(source, Wish(request.model, request.benchmark), request.origin)
    there = _imported(store.each(request.results))
    new = [run for run in found if not _known(run, source, there)]
    if new:
        store.check_writable(request.results)
        runs.check_writable(request.runs_root)
    added = []
    for run in new:
        added.append(_add(request, source, run))
        say(_sentence(added[-1], run))
    return ImportReport(added, [there[key] for run in found if (key := _known(run, source, there))])


def _imported(records: Iterable[Mapping[str, Any]]) -> dict[tuple[str, ...], str]:
    """Run ids by what was imported, and by themselves."""
    found: dict[tuple[str, ...], str] = {}
    for record in records:
        run_id = text_at(record, "run_id") or "?"
        found[(run_id,)] = run_id
        digest = text_at(record, "provenance", "imported_sha256")
        if digest is not None:
            found[digest, text_at(record, "provenance", "imported_part") or ""] = run_id
    return found


def _known(run: Found, source: Source, there: Mapping[tuple[str, ...], str]) -> tuple[str, ...] | None:
    own = text_at(run.older, "run_id") if run.older is not None else None
    keys: list[tuple[str, ...]] = [(run.digest or source.sha256, run.part), *([(own,)] if own is not None else [])]
    return next((key for key in keys if key in there), None)


def _add(request: ImportRequest, source: Source, run: Found) -> Mapping[str, Any]:
    """One run folder and one record."""
    mark = fingerprint({"imported": run.digest or source.sha256, "part": run.part})
    when = _moment(run.timestamp)
    run_id = _free_id(request.runs_root, run, when or utc_timestamp(), mark)
    imported = {"imported_file": source.name, "imported_sha256": run.digest or source.sha256, "imported_part": run.part,
                "imported_at": utc_timestamp(), "imported_by": VERSION}
    config = {"fingerprint": mark, "imported": {**imported, "origin": run.origin}}
    with RunFolder.create(request.runs_root, run_id, config) as folder:
        rows = run.rows or _failures(run)
        if run.rows:
            folder.write_tasks(Task(task, run.prompts.get(task, {})) for task in tasks_of(run))
        for sample in (*(row.sample for row in run.rows), *run.extra_samples) if has_texts(run) else ():
            folder.append_sample(sample)
        for row in rows:
            folder.append_detail(row)
        fields = {"run_id": run_id, "fingerprint": mark, "timestamp": when or imported["imported_at"],
                  "provenance": imported}
        return conclude(request.results, folder, record_of(run, fields), lambda: None)


def _failures(run: Found) -> list[Verified]:
    """What a ledger's record says of its tasks: those that did not pass, and no more."""
    failed = texts_at(run.older or {}, "results", "failed_tasks") or ()
    return [Verified(Sample(task, 0, ""), Answer(None), Verdict(Outcome.WRONG, "not passed; the ledger says no more"))
            for task in dict.fromkeys(failed)]


def _free_id(root: Path, run: Found, when: str, mark: str) -> str:
    """The run's own id, where it has one that is free here; else one that tells when it was and what it is."""
    own = text_at(run.older, "run_id") if run.older is not None else None
    made = [make_run_id(when, run.benchmark, run.model, mark[at:at + 6]) for at in range(0, 60, 6)]
    wanted = [own, *made] if own is not None and is_run_id(own) else made
    return next((name for name in wanted if not (root / name).exists()), made[-1])


def _moment(text: str | None) -> str | None:
    """An ISO 8601 time in UTC with Z; one without a zone is taken for UTC. None for what is no time."""
    try:
        found = datetime.fromisoformat(text or "")
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _sentence(record: Mapping[str, Any], run: Found) -> str:
    passed, total = count_at(record, "results", "total_passed"), count_at(record, "results", "total_problems")
    score = record["results"].get("score")
    counts = f"{passed:,} of {total:,} tasks" if passed is not None and total is not None else "tasks not recorded"
    shown = f" ({score:.1f} %)" if isinstance(score, int | float) else ""
    guessed = "" if run.model_named else " (the file names no model: its own name stands for it, or --model)"
    suspect = ", suspect" if text_at(record, "validity", "status") == "suspect" else ""
    return (f"{run.origin}: {record['benchmark']}, {record['model']}: {counts}{shown}{suspect}; run {record['run_id']}"
            f"{guessed}")
