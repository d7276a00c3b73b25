"""The flags of the verbs that make tables, pictures and pages: ``analyze``, ``plot``, ``report`` and ``rich-report``.

Imports nothing heavy.
"""

from __future__ import annotations

import argparse

COSTS = ("tokens", "seconds", "joules", "cost")


def analyze_parser(formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py analyze", formatter_class=formatter, allow_abbrev=False,
        description="What runs came to and what they cost, as a table: a row per model, benchmark, strategy and "
                    "budget, with\naccuracy and its interval, tokens, seconds, joules and money a task, and what more "
                    "of them gains\n(docs/reports.md).",
        epilog="example:\n  ./bench_runner.py analyze --glob 'runs/*/details.jsonl' --out-csv summary.csv",
    )
    parser.add_argument("--glob", default="runs/*/details.jsonl", metavar="PATTERN",
                        help="the runs' details.jsonl, in quotes, so that the shell leaves it alone; ** goes through "
                             "all folders (default: %(default)s)")
    parser.add_argument("--out-csv", required=True, metavar="FILE", help="the table to write")
    parser.add_argument("--json", action="store_true", help="print the rows as JSON on stdout, too, alone")
    return parser


def plot_parser(formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py plot", formatter_class=formatter, allow_abbrev=False,
        description="The table of analyze as a picture: accuracy with its intervals against what it cost, on a log "
                    "axis, and\nthe best that can be had at each cost. Writes a PNG, and an SVG beside it.",
        epilog="examples:\n  ./bench_runner.py plot --csv summary.csv --out-png accuracy_vs_tokens.png\n"
               "  ./bench_runner.py plot --csv summary.csv --x joules --benchmark math --out-png joules.png",
    )
    parser.add_argument("--csv", required=True, metavar="FILE", help="what analyze --out-csv wrote")
    parser.add_argument("--out-png", required=True, metavar="FILE", help="the picture; the SVG has the same name")
    parser.add_argument("--x", default="tokens", choices=COSTS, help="what it cost (default: tokens)")
    parser.add_argument("--benchmark", nargs="+", default=[], metavar="NAME", help="only these benchmarks")
    return parser


def report_parser(formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py report", formatter_class=formatter, allow_abbrev=False,
        description="One run as a page for a browser: score with its interval, validity with evidence, how tokens and "
                    "time are\nspread, and every task with its replies, to be searched and filtered. One file that "
                    "needs no network\n(docs/reports.md).",
        epilog="examples:\n  ./bench_runner.py report --run-dir runs/20261124T080746Z-math-demo-5m-q8-0-ba3b89\n"
               "  ./bench_runner.py report --run-dir runs/20261124T080746Z-math-demo-5m-q8-0-ba3b89 --out math.html",
    )
    parser.add_argument("--run-dir", required=True, metavar="DIR", help="the run's folder, one of those under runs/")
    parser.add_argument("--out", metavar="FILE", help="where the page goes (default: report.html in the run's folder)")
    return parser


def rich_report_parser(formatter: type[argparse.HelpFormatter]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py rich-report", formatter_class=formatter, allow_abbrev=False,
        description="All runs under a folder on one page for a browser, and as Markdown: leaderboard, quantization "
                    "ladders,\nscore against speed, memory and energy, flips between pairs, what more compute gains. "
                    "The page is\none file that needs no network; its charts lie beside it as PNG and SVG "
                    "(docs/reports.md).",
        epilog="example:\n  ./bench_runner.py rich-report --runs-root runs --out-dir report",
    )
    parser.add_argument("--runs-root", default="runs", metavar="DIR", help="the run folders (default: %(default)s)")
    parser.add_argument("--out-dir", required=True, metavar="DIR",
                        help="where report.html, report.md and plots/ go; made where it is not there")
    parser.add_argument("--benchmark", nargs="+", default=[], metavar="NAME", help="only these benchmarks")
    return parser
