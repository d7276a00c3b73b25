"""The flags of ``judge`` and its verbs."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from runner import flag_values as values
from runner.track_arguments import mlflow_flag

_Formatter = type[argparse.HelpFormatter]

EXAMPLES = """\
examples:
  ./bench_runner.py judge export --experiment tip-bench --out judge.json --twice 0.1 --judge ann
  ./bench_runner.py judge serve judge.json
  ./bench_runner.py judge apply judge.json
  ./bench_runner.py judge auto --experiment tip-bench --judge-model openai:gpt-4o-mini --max-cost 0.50
"""


def judge_parser(
    formatter: _Formatter, how_to_ask: Callable[[argparse.ArgumentParser], None]
) -> argparse.ArgumentParser:
    """``judge export``, ``serve``, ``apply``, ``auto``. ``how_to_ask`` adds the flags that a run has, too."""
    parser = argparse.ArgumentParser(
        prog="bench_runner.py judge", formatter_class=formatter, allow_abbrev=False,
        description="Texts that no program can verify are judged by a rubric: export them into a file, blind to model "
                    "and prompt;\nfill in the scores, by hand or in a page; apply them. Or let a model judge "
                    "(docs/judging.md).",
        epilog=EXAMPLES,
    )
    verbs = parser.add_subparsers(dest="judge_verb", required=True, metavar="VERB")
    _add(verbs, formatter, "export", "texts that wait for a judge, into a file to be filled in", _export_flags)
    _add(verbs, formatter, "serve", "a page in the browser that fills in the file", _serve_flags)
    _add(verbs, formatter, "apply", "a filled-in file's scores, into the run folders and the ledger", _apply_flags)
    _add(verbs, formatter, "auto", "a model as judge, by rubric or in pairs", _auto_flags)
    how_to_ask(verbs.choices["auto"])
    return parser


def _add(verbs: argparse._SubParsersAction[argparse.ArgumentParser], formatter: _Formatter, name: str, what: str,
         flags: Callable[[argparse.ArgumentParser], None]) -> None:
    parser = verbs.add_parser(name, help=what, formatter_class=formatter, allow_abbrev=False,
                              description=f"{what[0].upper()}{what[1:]}.")
    flags(parser)


def where_flags(parser: argparse.ArgumentParser) -> None:
    """Where the ledger and the run folders are."""
    parser.add_argument("--results", default="benchmark_results.json", metavar="FILE",
                        help="the ledger (default: %(default)s)")
    parser.add_argument("--runs-root", default="runs", metavar="DIR", help="the run folders (default: %(default)s)")


def _export_flags(parser: argparse.ArgumentParser) -> None:
    parser.epilog = ("example:\n  ./bench_runner.py judge export --experiment tip-bench --out judge.json --twice 0.1 "
                     "--judge ann\n\nThe same command again keeps the scores that are in the file and adds new texts.")
    parser.add_argument("--experiment", required=True, metavar="NAME", help="what the runs were given by --experiment")
    parser.add_argument("--out", required=True, metavar="FILE", help="the file for the judge")
    parser.add_argument("--rubric", metavar="FILE", help="a rubric.md (default: the one that ships with the benchmark)")
    parser.add_argument("--twice", type=values.share, default=0.0, metavar="SHARE",
                        help="show this share of the texts a second time, to measure the judge (default: 0)")
    parser.add_argument("--judge", type=judge_name, metavar="NAME", help="who judges (default: human)")
    parser.add_argument("--benchmark", metavar="NAME", help="only texts of this benchmark")
    where_flags(parser)


def _serve_flags(parser: argparse.ArgumentParser) -> None:
    parser.epilog = ("examples:\n  ./bench_runner.py judge serve judge.json\n"
                     "  ./bench_runner.py judge serve judge.json --port 8800 --no-browser\n\n"
                     "Only this machine, and only who has the address with its token, gets the page. Each key is saved "
                     "at once;\nthe file is all that is needed, so a judge can do it elsewhere, too. Ctrl+C stops; the "
                     "same command goes on.")
    parser.add_argument("file", metavar="FILE", help="what judge export wrote")
    parser.add_argument("--port", type=_port, default=0, metavar="N", help="of 127.0.0.1 (default: a free one)")
    parser.add_argument("--no-browser", action="store_true", help="only say the address")
    parser.add_argument("--runs-root", default="runs", metavar="DIR",
                        help="where its key is, on the machine that exported it (default: %(default)s)")


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text[:30]!a} is no port; give a number from 1 to 65535")
    return int(text)


def _apply_flags(parser: argparse.ArgumentParser) -> None:
    parser.epilog = ("examples:\n  ./bench_runner.py judge apply judge.json\n"
                     "  ./bench_runner.py judge apply judge.json --partial")
    parser.add_argument("file", metavar="FILE", help="what judge export wrote, filled in")
    parser.add_argument("--partial", action="store_true", help="apply what is filled in, though some is missing")
    parser.add_argument("--rubric", metavar="FILE", help="where the rubric lies now, if it was moved")
    parser.add_argument("--experiment", metavar="NAME", help="refuse a file of any other experiment")
    parser.add_argument("--json", action="store_true", help="print the new records as JSON on stdout, alone")
    where_flags(parser)
    mlflow_flag(parser)  # type: ignore[arg-type]  # a parser has a group's add_argument


def _auto_flags(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "examples:\n"
        "  ./bench_runner.py judge auto --experiment tip-bench --judge-model qwen3-32b-Q4_K_M.gguf --gpu-layers all\n"
        "  ./bench_runner.py judge auto --experiment tip-bench --judge-model ollama:qwen3:32b --pairwise "
        "--baseline 'demo-5M:F16 v1'\n\nThe same command again goes on where it was stopped, and asks for what is new.")
    parser.add_argument("--experiment", required=True, metavar="NAME", help="what the runs were given by --experiment")
    parser.add_argument("--judge-model", required=True, metavar="MODEL",
                        help="as --model of a run; never one whose texts are judged")
    parser.add_argument("--pairwise", action="store_true",
                        help="compare texts two by two, each pair in both orders, instead of scoring them")
    parser.add_argument("--baseline", metavar="NAME", help="with --pairwise: only pairs with this 'MODEL PROMPT'")
    parser.add_argument("--allow-self", action="store_true", help="let a model judge its own texts all the same")
    parser.add_argument("--limit", type=values.count, metavar="N", help="ask at most N questions this time")
    parser.add_argument("--rubric", metavar="FILE", help="a rubric.md (default: the one that ships with the benchmark)")
    parser.add_argument("--judge", type=judge_name, metavar="NAME", help="what the judge is called (default: its name)")
    parser.add_argument("--benchmark", metavar="NAME", help="only texts of this benchmark")
    where_flags(parser)
    parser.add_argument("--no-resume", action="store_true", help="ask anew where an earlier try did not finish")
    mlflow_flag(parser)  # type: ignore[arg-type]
    parser.add_argument("--prices", metavar="FILE", help="what hosted models cost (docs/energy.md)")
    parser.add_argument("--measure-energy", action="store_true", help="record the joules of judging (docs/energy.md)")
    parser.add_argument("--json", action="store_true", help="print what came of it as JSON on stdout, alone")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")
    parser.add_argument("--yes", action="store_true", help="do not ask before a large download, or what costs money")


def judge_name(text: str) -> str:
    """One line without control characters."""
    if not text.strip() or len(text) > 60 or not text.isprintable():
        raise argparse.ArgumentTypeError(f"{text[:60]!a} is no name; give a few plain letters")
    return text.strip()


def leaderboard_parser(formatter: _Formatter) -> argparse.ArgumentParser:
    """``leaderboard``."""
    parser = argparse.ArgumentParser(
        prog="bench_runner.py leaderboard", formatter_class=formatter, allow_abbrev=False,
        description="What judges' scores of an experiment come to: models and prompts by composite with its interval, "
                    "criterion by\ncriterion, what a text cost, the paired comparison over scenarios, whether a "
                    "prompt's gain depends on the model,\nand how far judges agree (docs/judging.md).",
        epilog="examples:\n  ./bench_runner.py leaderboard --experiment tip-bench\n"
               "  ./bench_runner.py leaderboard --experiment tip-bench --baseline 'demo-5M:F16 v1' --format html "
               "> board.html",
    )
    parser.add_argument("--experiment", required=True, metavar="NAME", help="what the runs were given by --experiment")
    parser.add_argument("--baseline", metavar="NAME",
                        help="hold all against this: 'MODEL PROMPT', or one of both where that is enough (default: "
                             "the best)")
    parser.add_argument("--judge", nargs="+", default=[], metavar="NAME", help="only these judges")
    parser.add_argument("--benchmark", metavar="NAME", help="only texts of this benchmark")
    parser.add_argument("--format", default="table", choices=("table", "md", "html", "json"))
    where_flags(parser)
    return parser
