"""compare: the ledger's runs, those on the same tasks paired, with the replies behind their flips."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from analysis.comparison import compare_runs
from analysis.latest import needed
from analysis.rows import of_other_programs
from core.errors import UsageError
from core.flips import Flips
from core.judged_in_record import awaits_judge
from core.lookup import text_at
from ledger import store
from ledger.record import Record
from reports import compare as comparing
from reports import flips as flipping
from reports import table
from runner.side_by_side import SideBySide

LONG_LEDGER_BYTES = 50_000_000
"""Some 20,000 records, which take two seconds and half a gigabyte to read."""


@dataclass(frozen=True, slots=True)
class CompareRequest:
    """One invocation of the ``compare`` verb."""

    results: Path
    runs_root: Path
    benchmark: str | None = None
    baseline: str | None = None
    form: str = "table"
    """``table``, ``md``, ``csv`` or ``json``."""
    flips: int | None = None
    """Of each pair, the most flips that are shown with both replies; None or 0: none are listed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is to be printed."""

    rows: table.Table
    flips: list[Flips] | None
    """None where they were not asked for."""


def existing(results: str) -> Path:
    """The ledger. Raises UsageError where there is none."""
    path = Path(results)
    if not store.exists(path):
        raise UsageError(f"--results {results}: there is no ledger yet; a run writes one.")
    return path


def compare(request: CompareRequest) -> Comparison:
    """Raises UsageError for flips as CSV, BadInput for a ledger that cannot be read."""
    if request.flips and request.form == "csv":
        raise UsageError("--flips: CSV has one line a run and no room for answers; take --format table, md or json.")
    gc.disable()  # of thousands of records all stay to the end: to go through them again and again costs a second
    records = _records(request)
    compared = compare_runs(records, benchmark=request.benchmark, baseline=request.baseline,
                            listed=bool(request.flips))
    folders = SideBySide(request.runs_root)
    folders.add_texts(compared)
    flips = folders.flips(compared, request.flips) if request.flips else None
    if request.form == "json" and flips is not None:
        flipping.add_values(compared, flips)
    remarks = [*_length_told(request.results), *of_other_programs(compared), *folders.remarks]
    return Comparison(comparing.rows(compared, remarks), flips)


def _length_told(ledger: Path) -> list[str]:
    size = ledger.stat().st_size if ledger.exists() else 0
    if size < LONG_LEDGER_BYTES:
        return []
    return [(f"{ledger} has grown to {size / 1e6:,.0f} MB, all of which is read each time: "
             "./bench_runner.py ledger pack moves its records into an archive that is quicker to read.")]


def _records(request: CompareRequest) -> Iterator[Record]:
    """Those that the comparison can come to show: of the ledger's archive only the latest of each kind."""
    recent, archive = store.parts(request.results)
    if archive is None:
        yield from recent
        return
    latest = archive.latest(run_id for record in recent if "passed_on_by" not in record
                            and (run_id := text_at(record, "judgement_of")))
    yield from archive.records(needed(latest.placed, latest.judged))
    yield from (record for record in recent
                if not (awaits_judge(record) and text_at(record, "run_id") in latest.judged))


def written(found: Comparison, form: str) -> str:
    """As text in one of the forms but ``table``."""
    if form == "csv":
        return table.to_csv(found.rows, comparing.CSV_KEYS)
    if form == "json":
        return table.to_json(found.rows)
    flips = "" if found.flips is None else "\n" + flipping.to_markdown(found.flips)
    return table.to_markdown(found.rows) + flips
