"""The verb ``track`` and the flag ``--mlflow``, as they may be written."""

from __future__ import annotations

import argparse

_VARIABLE = "MLFLOW_TRACKING_URI"


def track_parser(formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py track", formatter_class=formatter, allow_abbrev=False,
        description="Sends what an MLflow tracking server lacks of the ledger: runs made without --mlflow or while it "
                    "was\naway, judgements applied since. The same again sends nothing (docs/tracking.md).",
        epilog="examples:\n  ./bench_runner.py track sync --mlflow http://127.0.0.1:5000\n"
               "  ./bench_runner.py track sync --mlflow http://127.0.0.1:5000 --experiment tip-bench --dry-run",
    )
    parser.add_argument("what", choices=("sync",))
    parser.add_argument("--mlflow", nargs="?", const="", default="", metavar="URI",
                        help=f"the tracking server (default: {_VARIABLE})")
    parser.add_argument("--experiment", metavar="NAME", help="only runs made with --experiment NAME")
    parser.add_argument("--results", default="benchmark_results.json", metavar="FILE")
    parser.add_argument("--runs-root", default="runs", metavar="DIR", help="where the run folders are")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    parser.add_argument("--json", action="store_true", help="print what was sent as JSON on stdout, alone")
    return parser


def mlflow_flag(group: argparse._ArgumentGroup) -> None:
    """For the run verb."""
    group.add_argument("--mlflow", nargs="?", const="", default=None, metavar="URI",
                       help="send every record to this MLflow tracking server as well, e.g. --mlflow "
                            f"http://127.0.0.1:5000; without URI to that of {_VARIABLE} (docs/tracking.md)")
