"""Verbs that make something of runs that there are, or bring in others': tables, pictures, pages, imported results.

Each imports what it needs, so that the others need not wait for it. They give the exit code; ``say`` is for people.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

Say = Callable[[str], None]


def _analyze(flags: argparse.Namespace, say: Say) -> int:
    """What runs came to and what they cost, as a table."""
    from runner.analyzing import analyze as analyzing  # noqa: PLC0415  # another verb has no use for it

    found = analyzing(flags.glob, Path(flags.out_csv))
    for remark in found.remarks:
        say(remark)
    if flags.json:
        sys.stdout.write(json.dumps({"rows": found.rows}) + "\n")
    say(f"{len(found.rows):,} {'row' if len(found.rows) == 1 else 'rows'} written to {flags.out_csv}")
    return 0


def _plot(flags: argparse.Namespace, say: Say) -> int:
    """The table of ``analyze`` as a picture."""
    from runner.plotting import PlotRequest  # noqa: PLC0415  # another verb has no use for it
    from runner.plotting import plot as plotting  # noqa: PLC0415  # another verb has no use for it

    found = plotting(PlotRequest(Path(flags.csv), Path(flags.out_png), flags.x, tuple(flags.benchmark)))
    for remark in found.remarks:
        say(remark)
    say(f"written: {', '.join(map(str, found.files))}")
    return 0


def _report(flags: argparse.Namespace, say: Say) -> int:
    """One run as a page."""
    from runner import reporting  # noqa: PLC0415  # another verb has no use for it

    written = reporting.report(flags.run_dir, flags.out)
    for remark in written.remarks:
        say(remark)
    say(f"written: {written.path}")
    return 0


def _rich_report(flags: argparse.Namespace, say: Say) -> int:
    """All runs under a folder on one page."""
    from runner.rich_reporting import RichRequest  # noqa: PLC0415  # another verb has no use for it
    from runner.rich_reporting import rich_report as reporting  # noqa: PLC0415  # another verb has no use for it

    found = reporting(RichRequest(Path(flags.runs_root), Path(flags.out_dir), tuple(flags.benchmark)))
    for one in found.refused:
        say(f"left out: {one}")
    say(f"written: {found.page}, {found.markdown} and {found.plots} plots")
    return 0


def _import_results(flags: argparse.Namespace, say: Say) -> int:
    """Results of other harnesses, into the ledger."""
    from runner.importing import ImportRequest, import_file  # noqa: PLC0415  # another verb has no use for it

    report = import_file(
        ImportRequest(Path(flags.file), Path(flags.results), Path(flags.runs_root), flags.origin, flags.model,
                      flags.benchmark),
        say=say,
    )
    for run_id in report.there_already:
        say(f"imported already, nothing added: run {run_id}")
    if flags.json:
        sys.stdout.write(json.dumps({"runs": [dict(record) for record in report.added]}) + "\n")
    return 0


VERBS: Mapping[str, Callable[[argparse.Namespace, Say], int]] = {
    "analyze": _analyze,
    "plot": _plot,
    "rich-report": _rich_report,
    "report": _report,
    "import": _import_results,
}
