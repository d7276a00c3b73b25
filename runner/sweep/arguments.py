"""The flags of ``sweep``. Imports nothing heavy: ``--help`` must feel instant."""

from __future__ import annotations

import argparse

from runner import cluster_flags
from runner import flag_values as values
from runner import track_arguments as tracking

EXECUTORS = ("local", "ray", "slurm")
EXAMPLES = """\
examples:
  ./bench_runner.py sweep plan.toml --dry-run
  ./bench_runner.py sweep plan.toml --only-between 22:00-07:00 --notify desktop
  ./bench_runner.py sweep plan.toml --status
  ./bench_runner.py sweep plan.toml --retry-failed
  ./bench_runner.py sweep plan.toml --executor ray --ray-address 10.0.0.1:6379

A sweep that was stopped, or killed, goes on when the same command is given again.
A plan of two models and two benchmarks:

  models = ["demo:F16", "demo:Q4_K_M"]
  benchmarks = ["math", "extraction"]
"""


def sweep_parser(formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    """``sweep PLAN.toml``."""
    parser = argparse.ArgumentParser(
        prog="bench_runner.py sweep", formatter_class=formatter, allow_abbrev=False, epilog=EXAMPLES,
        description="Runs every cell of a plan (models x benchmarks x strategies x prompts x whatever is varied) that\n"
                    "the ledger has no record of yet (docs/sweeps.md).",
    )
    parser.add_argument("plan", metavar="PLAN.toml", help="what is to be run; its words are told in docs/sweeps.md")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true",
                      help="run nothing: all that is wrong with the plan, its cells, what is done already, time, "
                           "memory, downloads")
    what.add_argument("--status", action="store_true", help="where each cell stands, and why those that failed did")
    parser.add_argument("--retry-failed", action="store_true",
                        help="try cells again that failed, or whose run is incomplete")
    cluster_flags.add_executor_flags(parser, EXECUTORS)
    _gate_flags(parser.add_argument_group("when to work"))
    group = parser.add_argument_group("outputs")
    group.add_argument("--results", default="benchmark_results.json", metavar="FILE",
                       help="the ledger (default: %(default)s)")
    group.add_argument("--runs-root", default="runs", metavar="DIR", help="where run folders go (default: %(default)s)")
    group.add_argument("--notify", metavar="URL|desktop",
                       help="leave a note at the end: on the desktop, or as a JSON object posted to an address")
    tracking.mlflow_flag(group)
    group.add_argument("--json", action="store_true", help="print the cells as JSON on stdout, alone")
    group.add_argument("--quiet", action="store_true", help="no progress, only the result")
    group.add_argument("--yes", action="store_true", help="do not ask before downloads, or what costs money")
    return parser


def _gate_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--only-between", metavar="HH:MM-HH:MM",
                       help="work at these hours only, by this machine's clock, over midnight too; what runs when they "
                            "end is stopped at the sample and goes on when they begin again")
    group.add_argument("--max-gpu-temp", type=values.count, metavar="C",
                       help="wait while a GPU is hotter, until it is 5 degrees cooler; what runs is stopped once it "
                            "was too hot for half a minute")
    group.add_argument("--min-free-disk", type=values.amount, default=1.0, metavar="GB",
                       help="end the sweep when less is free where run folders go (default: 1)")
