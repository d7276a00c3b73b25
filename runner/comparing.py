"""compare: the ledger's runs, those on the same tasks paired, with the replies behind their flips."""

from __future__ import annotations

import gc
from dataclasses import dataclass
from pathlib import Path

from analysis.comparison import compare_runs
from analysis.rows import of_other_programs
from core.errors import UsageError
from core.flips import Flips
from ledger import store
from reports import compare as comparing
from reports import flips as flipping
from reports import table
from runner.side_by_side import SideBySide


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
    if not path.exists():
        raise UsageError(f"--results {results}: there is no ledger yet; a run writes one.")
    return path


def compare(request: CompareRequest) -> Comparison:
    """Raises UsageError for flips as CSV, BadInput for a ledger that cannot be read."""
    if request.flips and request.form == "csv":
        raise UsageError("--flips: CSV has one line a run and no room for answers; take --format table, md or json.")
    gc.disable()  # of thousands of records all stay to the end: to go through them again and again costs a second
    records = store.read(request.results)
    compared = compare_runs(records, benchmark=request.benchmark, baseline=request.baseline,
                            listed=bool(request.flips))
    folders = SideBySide(request.runs_root)
    folders.add_texts(compared)
    flips = folders.flips(compared, request.flips) if request.flips else None
    if request.form == "json" and flips is not None:
        flipping.add_values(compared, flips)
    return Comparison(comparing.rows(compared, [*of_other_programs(compared), *folders.remarks]), flips)


def written(found: Comparison, form: str) -> str:
    """As text in one of the forms but ``table``."""
    if form == "csv":
        return table.to_csv(found.rows, comparing.CSV_KEYS)
    if form == "json":
        return table.to_json(found.rows)
    flips = "" if found.flips is None else "\n" + flipping.to_markdown(found.flips)
    return table.to_markdown(found.rows) + flips
