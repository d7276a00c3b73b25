"""ledger: a long ledger's records into its archive, and back."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.packing import Packed


def ledger_parser(formatter: Any) -> argparse.ArgumentParser:
    """The flags of ``ledger``."""
    parser = argparse.ArgumentParser(
        prog="bench_runner.py ledger", formatter_class=formatter, allow_abbrev=False,
        description="Moves the records of a very long ledger into a Parquet archive beside it, which every verb reads "
                    "with it, and compare by column (docs/scale.md). Wants ./setup --with parquet.",
        epilog="examples:\n  ./bench_runner.py ledger pack\n  ./bench_runner.py ledger unpack --results results.json",
    )
    parser.add_argument("action", choices=("pack", "unpack"),
                        help="pack: all records into the archive, new runs go on into the JSON; unpack: all back")
    parser.add_argument("--results", default="benchmark_results.json", metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON on stdout, alone")
    return parser


def ledger(flags: argparse.Namespace, say: Callable[[str], None]) -> int:
    """The exit code. Raises what ``ledger.packing`` raises."""
    from ledger.packing import pack, unpack  # noqa: PLC0415  # not for --help
    from runner.comparing import existing  # noqa: PLC0415

    ledger_file = existing(flags.results)
    packing = flags.action == "pack"
    found = pack(ledger_file, _progress) if packing else unpack(ledger_file)
    if flags.json:
        sys.stdout.write(json.dumps(
            {"moved": found.moved, "archived": found.archived, "archive": str(found.path)}) + "\n")
    say(_sentence(found, ledger_file, packing=packing))
    return 0


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} records written")
        sys.stderr.flush()


def _sentence(found: Packed, ledger_file: Path, *, packing: bool) -> str:
    begin = "\n" if packing and found.moved and sys.stderr.isatty() else ""
    records = f"{found.moved:,} {'record' if found.moved == 1 else 'records'}"
    if not packing:
        return f"{records} moved back into {ledger_file}" if found.moved else f"{ledger_file} has no archive"
    if not found.moved:
        return f"nothing to move: {ledger_file} has no records of its own, its archive {found.archived:,}"
    return (f"{begin}{records} moved from {ledger_file} into {found.path.name}, which holds {found.archived:,} now; "
            "keep the two files together")
