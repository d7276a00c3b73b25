"""What ``leaderboard`` prints."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from runner.comparing import existing
from runner.judging.board import BoardRequest
from runner.judging.board import leaderboard as board_of


def leaderboard(flags: argparse.Namespace) -> int:
    """The exit code. Raises what ``board`` raises."""
    found = board_of(BoardRequest(
        flags.experiment, existing(flags.results), Path(flags.runs_root), flags.baseline, tuple(flags.judge),
        flags.benchmark,
    ))
    if flags.format == "json":
        from reports.judged.values import to_json  # noqa: PLC0415  # each form what it needs

        sys.stdout.write(to_json(found))
        return 0
    if flags.format == "html":
        from reports.judged.page import to_html  # noqa: PLC0415
        from runner.pages import assets  # noqa: PLC0415

        sys.stdout.buffer.write(to_html(found, assets()).encode("utf-8", "replace"))
        return 0
    from reports import table  # noqa: PLC0415
    from reports.judged.board_table import table_of  # noqa: PLC0415

    if flags.format == "md":
        sys.stdout.write(table.to_markdown(table_of(found)))
        return 0
    from rich.console import Console  # noqa: PLC0415

    console = Console()
    console.print(table.to_rich(table_of(found), console.width))
    return 0
