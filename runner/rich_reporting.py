"""``rich-report``: all runs under a folder on one page, as Markdown, and their charts as files.

A folder that cannot be read is named in the report and on the terminal, and the rest goes on. Texts of replies are read
only as far as ``MOST_BYTES``, and the samples of a run only where a strategy drew several of a task.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.comparison import compare_runs
from analysis.frontier import Point, best_so_far
from analysis.matrix import matrices
from analysis.rows import Row, of_other_programs
from core.errors import BenchError, UsageError
from core.judged_in_record import is_for_judges
from core.lookup import number_at, text_at
from ledger.folder import RunFolder
from reports.across.charts import Drawing, drawings
from reports.across.facts import Across
from reports.across.markdown import to_markdown
from reports.across.page import Drawn, to_html
from reports.charts.axes import MEDIUM, NARROW, WIDE
from reports.charts.drawing import to_png, to_svg
from reports.charts.palette import PAGE, PRINTED
from reports.compare import rows as compared_table
from runner.analyzing import analysis_of, write
from runner.pages import assets
from runner.side_by_side import SideBySide

MOST_BYTES = 128 * 2**20
"""Of samples, read to tell how many texts two runs have in common."""

PLOTS = "plots"


@dataclass(frozen=True, slots=True)
class RichRequest:
    """What is to be reported, and where to."""

    runs_root: Path
    out_dir: Path
    benchmarks: Sequence[str] = ()
    """None: all there are."""


@dataclass(frozen=True, slots=True)
class Written:
    """What came of it."""

    page: Path
    markdown: Path
    plots: int
    refused: Sequence[str]
    """Folders that could not be read, each with the reason."""


def rich_report(request: RichRequest) -> Written:
    """Raises UsageError where there is no run to report or no place to write."""
    across = gather(request)
    pictures = drawings(across)
    folder = request.out_dir / PLOTS
    _make(folder)
    drawn = [_drawn(one, folder) for one in pictures]
    page, markdown = request.out_dir / "report.html", request.out_dir / "report.md"
    write(page, to_html(across, drawn, assets()).encode("utf-8", "replace"), "--out-dir")
    write(markdown, to_markdown(across, pictures, PLOTS).encode("utf-8", "replace"), "--out-dir")
    return Written(page, markdown, len(pictures), across.refused)


def gather(request: RichRequest) -> Across:
    """All that the report says, read from the folders."""
    refused: list[str] = []
    unended: list[str] = []
    records = list(_records(request, refused, unended))
    if not records:
        why = f" ({len(refused)} could not be read: {refused[0]})" if refused else ""
        raise UsageError(f"--runs-root {request.runs_root}: no run there has ended{_of(request)}{why}; run a "
                         "benchmark, or name the folder that --runs-root named then.")
    compared = compare_runs(records, listed=True)
    folders = SideBySide(request.runs_root, MOST_BYTES)
    folders.add_texts(compared)
    shown = {row.get("run_id") for row in compared if row.get("group") == "quantizations"}
    latest = [record for record in records if record.get("run_id") in shown]
    spent = _spent(request.runs_root, records, refused)
    return Across(
        str(request.runs_root), compared, compared_table(compared, [*of_other_programs(compared), *folders.remarks]),
        len(records), matrices(latest), spent, _frontiers(spent), refused, unended,
    )


def _records(request: RichRequest, refused: list[str], unended: list[str]) -> Iterator[Mapping[str, Any]]:
    for name in _folders(request.runs_root):
        folder = RunFolder(request.runs_root, name)
        try:
            record = folder.summary() or folder.record()
            if record is None:
                folder.config()  # raises where it is no run's folder
                unended.append(name)
                continue
        except BenchError as error:
            refused.append(str(error))
            continue
        if text_at(record, "benchmark") is None or text_at(record, "model") is None:
            refused.append(f"{folder.path}: its record names no benchmark or no model")
        elif not request.benchmarks or record["benchmark"] in request.benchmarks:
            yield {**record, "run_id": name}


def _folders(root: Path) -> list[str]:
    """Folders that a run may have made: files and those that begin with a dot are none."""
    try:
        with os.scandir(root) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir() and not entry.name.startswith("."))
    except FileNotFoundError:
        raise UsageError(f"--runs-root {root}: there is no such folder; a run makes runs/.") from None
    except OSError as error:
        raise UsageError(f"--runs-root {root}: cannot be read ({error.strerror}).") from error


def _of(request: RichRequest) -> str:
    return f" of {', '.join(request.benchmarks)}" if request.benchmarks else ""


def _spent(root: Path, records: Sequence[Mapping[str, Any]], refused: list[str]) -> list[Row]:
    """What the runs cost, of the benchmarks where a strategy drew several samples."""
    graded = [record for record in records if not is_for_judges(record)]
    several = {record["benchmark"] for record in graded
               if (text_at(record, "config", "strategy") or "single") != "single"}
    paths = [root / str(record["run_id"]) / "details.jsonl" for record in graded if record["benchmark"] in several]
    there = [path for path in paths if path.is_file()]
    return list(analysis_of(there, lambda error: refused.append(str(error))).rows) if there else []


def _frontiers(spent: Sequence[Row]) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[Point]] = {}
    for row in spent:
        cost, accuracy = number_at(row, "completion_tokens"), number_at(row, "accuracy")
        if cost is not None and cost > 0 and accuracy is not None:
            found.setdefault(str(row["benchmark"]), []).append(Point(cost, accuracy))
    return {benchmark: [(point.cost, point.accuracy) for point in best_so_far(points)]
            for benchmark, points in found.items()}


def _drawn(drawing: Drawing, folder: Path) -> Drawn:
    """Its files written, and its two forms for the page."""
    printed = to_svg(drawing.spec(WIDE, PRINTED), drawing.said)
    write(folder / f"{drawing.slug}.png", to_png(printed), "--out-dir")
    write(folder / f"{drawing.slug}.svg", printed.encode(), "--out-dir")
    sizes = WIDE if drawing.whole else MEDIUM, NARROW
    wide, narrow = (to_svg(drawing.spec(size, PAGE), drawing.said) for size in sizes)
    return Drawn(drawing, wide, narrow)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out-dir {folder.parent}: cannot be made ({error.strerror}); name another.") from error
