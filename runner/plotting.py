"""``plot``: the table of ``analyze`` as a picture, PNG and SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import BadInput, UsageError
from reports.budget_csv import from_csv
from reports.charts.drawing import to_png, to_svg
from reports.charts.spending import COSTS, drawable, look_of, series_of
from reports.charts.tradeoff import MOST_SERIES, tradeoff
from runner.analyzing import write


@dataclass(frozen=True, slots=True)
class PlotRequest:
    """What is to be drawn."""

    csv: Path
    out_png: Path
    x: str = "tokens"
    """One of ``COSTS``."""
    benchmarks: Sequence[str] = ()
    """None: all that are in the file."""


@dataclass(frozen=True, slots=True)
class Plotted:
    """The files written, and what a reader should know of them."""

    files: Sequence[Path]
    remarks: Sequence[str]


def plot(request: PlotRequest) -> Plotted:
    """Raises UsageError, BadInput."""
    if request.out_png.suffix.lower() != ".png":
        raise UsageError(f"--out-png {request.out_png}: the name ends in .png; the drawing as SVG goes beside it.")
    cost = COSTS[request.x]
    rows = _of_benchmarks(_read(request.csv), request)
    shown = drawable(rows, cost)
    if not shown:
        raise UsageError(f"--x {request.x}: no row of {request.csv} has {cost.column} and an accuracy: {cost.absent}.")
    remarks = []
    if left := len(rows) - len(shown):
        remarks.append(f"{left:,} of {len(rows):,} rows have no {cost.column} and are not drawn: {cost.absent}.")
    series = series_of(shown, cost)
    if len(series) > MOST_SERIES:
        remarks.append(f"{len(series):,} series are more than can be named; the {MOST_SERIES} with the best accuracies "
                       "are. Choose with --benchmark, or take rows out of the file.")
    named = {str(row["benchmark"]) for row in shown}
    benchmark = named.pop() if len(named) == 1 else None
    points = [(point.x, point.y) for one in series for point in one.points]
    look = look_of(series, cost, frontier(points) if benchmark else (), benchmark)
    if benchmark is None:
        remarks.append("No frontier is drawn over several benchmarks; choose one with --benchmark.")
    svg_path = request.out_png.with_suffix(".svg")
    svg = to_svg(tradeoff(series, look), f"Accuracy against {cost.title[0].lower()}{cost.title[1:]}")
    write(request.out_png, to_png(svg), "--out-png")
    write(svg_path, svg.encode(), "--out-png")
    return Plotted((request.out_png, svg_path), remarks)


def frontier(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The best reached up to each x."""
    found: list[tuple[float, float]] = []
    for x, y in sorted(points, key=lambda point: (point[0], -point[1])):
        if not found or y > found[-1][1]:
            found.append((x, y))
    return found


def _read(path: Path) -> list[dict[str, object]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return from_csv(file, str(path))
    except FileNotFoundError:
        raise UsageError(f"--csv {path}: there is no such file; analyze --out-csv writes one.") from None
    except OSError as error:
        raise UsageError(f"--csv {path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"--csv {path}: no text in UTF-8; give the file that analyze --out-csv wrote") from error


def _of_benchmarks(rows: Sequence[dict[str, object]], request: PlotRequest) -> list[dict[str, object]]:
    there = {str(row["benchmark"]) for row in rows}
    for name in request.benchmarks:
        if name not in there:
            raise UsageError(f"--benchmark {name}: {request.csv} has {', '.join(sorted(there)) or 'no rows'}.")
    return [row for row in rows if not request.benchmarks or row["benchmark"] in request.benchmarks]
