"""The flags of a run, in the groups in which ``--help`` shows them. Imports nothing heavy."""

from __future__ import annotations

import argparse

from core.repetition import COUNT, PERIOD, SPAN
from core.version import VERSION
from runner import flag_values as values
from runner import spending_flags, strategy_flags
from runner import track_arguments as tracking

BACKENDS = ("auto", "llama-server", "xllamacpp", "llama-cpp-python")

RUN_EXAMPLES = """\
examples:
  ./bench_runner.py --model demo --benchmark human_eval
  ./bench_runner.py --model qwen3-8b-Q4_K_M.gguf qwen3-8b-Q8_0.gguf --benchmark math --gpu-layers all
  ./bench_runner.py --model ~/models hf:ggml-org/Qwen3-0.6B-GGUF:Q4_0 ollama:llama3.2:1b --benchmark math
  ./bench_runner.py --model x.gguf --benchmark lcb --problems-file v6 --start-date 2025-02-01 --max-tokens 16384
  ./bench_runner.py --model demo:F16 demo:Q2_K --benchmark math --until-decided
  ./bench_runner.py --base-url http://127.0.0.1:8080 --benchmark extraction
  ./bench_runner.py --model openai:gpt-4o-mini gemini:gemini-2.5-flash --benchmark math --limit 20 --max-cost 0.50
  ./bench_runner.py --model qwen3-8b-Q4_K_M.gguf --benchmark math --gpu-layers all --measure-energy
  ./bench_runner.py --model a.gguf b.gguf --benchmark tips --prompt-version v1 v2-mentor --n-candidates 5
  ./bench_runner.py --model demo --benchmark mine --script ./my_benchmark.sh

other verbs (each has its own --help):
  verify    score stored responses; no server
  compare   runs of the ledger side by side
  show      one run in full
  analyze   what runs came to and what they cost, as a table; plot: as a picture
  report    one run as a page for a browser, with every reply
  rich-report  all runs on one page for a browser
  import    results of other harnesses into the ledger
  judge     texts that are judged by a rubric: export, serve, apply, auto; leaderboard: what their scores come to
  sweep     every cell of a plan file: sweep PLAN.toml
  track     send what an MLflow server lacks of the ledger: track sync
  ledger    the records of a very long ledger into an archive that is quicker to read: ledger pack
  doctor    what this machine has, and what to do about what is missing

exit codes: 0 done · 1 a run failed or is incomplete · 2 usage or bad input · 3 server did not come up or was lost ·
            4 benchmark script failed · 5 sandbox cannot hold what was asked · 130 interrupted (resumable)
"""


class Formatter(argparse.RawDescriptionHelpFormatter):
    """All verbs' ``--help``: 110 columns, examples as they are written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=110)


def run_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench_runner.py",
        usage="./bench_runner.py --model MODEL... --benchmark NAME... [options]",
        description="Runs a benchmark against a GGUF model on a llama.cpp server and appends one record to the ledger.",
        epilog=RUN_EXAMPLES,
        formatter_class=Formatter,
        allow_abbrev=False,
    )
    parser.add_argument("--model", nargs="+", default=[], metavar="MODEL",
                        help="file.gguf, a folder of them, a pattern in quotes ('models/*Q4*.gguf'), "
                             "hf:OWNER/REPO:QUANT, ollama:NAME, transformers:DIR_OR_ID, openai:NAME, gemini:NAME, or "
                             "demo, demo:F16, demo-3M; several are run one after the other (docs/servers.md)")
    parser.add_argument("--benchmark", nargs="+", default=[], metavar="NAME",
                        help="human_eval, lcb, math, gsm8k, mmlu, ... (list shows them all); a .toml of your own; "
                        "any name together with --script")
    _server_flags(parser.add_argument_group("server"))
    spending_flags.add_spending_flags(parser.add_argument_group("providers"))
    _task_flags(parser.add_argument_group("tasks"))
    _sampling_flags(parser.add_argument_group("sampling"))
    group = parser.add_argument_group("strategy")
    strategy_flags.add_strategy_flags(group)
    group.add_argument("--audit", type=values.count, metavar="K",
                       help="ask K tasks twice and record how many texts and verdicts differ (docs/validity.md)")
    _deciding_flags(parser.add_argument_group("deciding"))
    verifying_flags(parser.add_argument_group("verifying"))
    group = parser.add_argument_group("outputs")
    group.add_argument("--results", default="benchmark_results.json", metavar="FILE",
                       help="the ledger (default: %(default)s)")
    group.add_argument("--runs-root", default="runs", metavar="DIR", help="where run folders go (default: %(default)s)")
    group.add_argument("--no-resume", action="store_true",
                       help="begin a new run even where the same one did not finish")
    group.add_argument("--experiment", type=values.experiment, metavar="NAME",
                       help="a name that its records carry, so that they are found together (docs/prompts.md)")
    group.add_argument("--diversity", action="store_true",
                       help="record how much the texts of each task differ: distinct-n and self-BLEU (docs/prompts.md)")
    group.add_argument("--cells", nargs="+", metavar="ID",
                       help="only these cells of the command, as a sweep asks for them; what fails is noted for it "
                            "beside the run folders (docs/sweeps.md)")
    tracking.mlflow_flag(group)
    group.add_argument("--prices", metavar="FILE",
                       help="what hosted models cost, instead of what runner/prices.toml says (docs/energy.md)")
    group.add_argument("--measure-energy", action="store_true",
                       help="record the joules of the GPU, and of the processor where the system shows them "
                            "(docs/energy.md)")
    group.add_argument("--json", action="store_true", help="print the records as JSON on stdout, alone")
    group.add_argument("--quiet", action="store_true", help="no progress, only the result")
    parser.add_argument("--version", action="version", version=VERSION)
    group.add_argument("--yes", action="store_true", help="do not ask before a large download, or what costs money")
    return parser


def how_to_ask(parser: argparse.ArgumentParser) -> None:
    """Flags of a run that is about something else than a benchmark of the user's choice."""
    _server_flags(parser.add_argument_group("server"))
    spending_flags.add_spending_flags(parser.add_argument_group("providers"))
    _sampling_flags(parser.add_argument_group("sampling"))


def _server_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--server", default="auto", choices=BACKENDS,
                       help="backend; auto prefers a llama-server on PATH, else xllamacpp")
    group.add_argument("--server-bin", metavar="PATH",
                       help="the llama-server binary to use; for transformers:DIR_OR_ID the transformers program")
    group.add_argument("--pull", action="store_true", help="ollama:NAME: fetch a model that Ollama does not have")
    group.add_argument("--base-url", metavar="URL",
                       help="use an OpenAI-compatible server that already runs; it is never stopped")
    group.add_argument("--api-key-env", metavar="NAME", default=None,
                       help="environment variable that holds the key (default: OPENAI_API_KEY for openai:NAME, "
                            "GEMINI_API_KEY for gemini:NAME, none for a bare --base-url)")
    group.add_argument("--gpu-layers", type=values.layers, default="auto", metavar="auto|all|N",
                       help="layers offloaded to the GPU (auto: as many as its free memory holds)")
    group.add_argument("--ctx-size", type=values.count, metavar="N",
                       help="context per slot, in tokens (default: room for --max-tokens, at least 4096)")
    group.add_argument("--parallel", type=values.auto_or_count, default="auto", metavar="auto|N",
                       help="slots: requests served at once (auto: as many as make sense and memory holds)")
    group.add_argument("--threads", type=values.count, metavar="N",
                       help="CPU threads of the server (default: the physical cores, one logical core left free)")
    group.add_argument("--server-arg", action="append", default=[], metavar="ARG",
                       help="handed to the backend as it is, e.g. --server-arg=--no-mmap; may be repeated")
    group.add_argument("--reserve-ram", type=values.amount, metavar="GIB",
                       help="RAM kept free when a model is loaded (default: 1, at most a tenth of the memory)")
    group.add_argument("--max-model-b", type=values.positive, metavar="B",
                       help="refuse models of more than B billion parameters, all experts counted; those of the hub "
                            "before they are fetched")
    group.add_argument("--startup-timeout", type=values.seconds, default=600.0, metavar="S",
                       help="seconds the server has to become ready (default: 600)")


def _task_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--script", metavar="FILE", help="your own benchmark program (docs/benchmark-scripts.md)")
    group.add_argument("--problems-file", metavar="FILE",
                       help="dataset: a file, 'demo', or for lcb a release: v6, release_v6, v1_v3")
    group.add_argument("--start-date", type=values.date, metavar="D", help="lcb: first contest date, e.g. 2025-02-01")
    group.add_argument("--end-date", type=values.date, metavar="D", help="lcb: last contest date")
    group.add_argument("--limit", type=values.count, metavar="N", help="only the first N tasks")
    group.add_argument("--task-ids", nargs="+", default=[], metavar="ID", help="only these tasks")
    group.add_argument("--start-problem", type=values.index, metavar="N", help="first task, from 0, after sorting")
    group.add_argument("--end-problem", type=values.index, metavar="N", help="last task, inclusive")
    group.add_argument("--after-cutoff", nargs="?", const="card", metavar="DAY",
                       help="dated benchmarks (lcb, aime, your own): only tasks from after the model's training data, "
                       "which its card states, or DAY (2024-06-30 or 2024-06)")
    group.add_argument("--subjects", nargs="+", default=[], metavar="S",
                       help="only tasks of these subjects, e.g. --benchmark mmlu --subjects astronomy philosophy")
    group.add_argument("--subset", type=values.count, metavar="N",
                       help="a representative part of N tasks: every subject's share alike, always the same tasks")
    group.add_argument("--prompt-version", nargs="+", default=[], metavar="NAME",
                       help="the wording of the prompt (default: v1; --benchmark list names them); several: a run "
                            "each, e.g. --benchmark tips --prompt-version v1 v2-mentor v3-few-shot (docs/prompts.md)")
    group.add_argument("--prompts-dir", metavar="DIR",
                       help="prompts of your own, in place of the benchmark's: DIR/NAME.txt or .md (docs/prompts.md)")
    group.add_argument("--constrained", action="store_true",
                       help="extraction: send the schema to servers that can enforce it")


def _sampling_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--temperature", type=values.amount, metavar="T", help="default: 0 (greedy)")
    group.add_argument("--top-p", type=values.share, metavar="P")
    group.add_argument("--top-k", type=values.index, metavar="K")
    group.add_argument("--min-p", type=values.share, metavar="P")
    group.add_argument("--max-tokens", type=values.tokens, metavar="N",
                       help="tokens per response; raise it for thinking models")
    group.add_argument("--seed", type=values.index, default=0, metavar="N")
    group.add_argument("--request-timeout", type=values.seconds, default=600.0, metavar="S",
                       help="seconds without a token after which a request is given up (default: 600)")
    group.add_argument("--loop-period", type=values.count, default=PERIOD, metavar="CHARS",
                       help="a reply is cut short when its tail is a unit of at most so many characters over and over "
                            f"(default: {PERIOD}) ...")
    group.add_argument("--loop-count", type=values.repeats, default=COUNT, metavar="N",
                       help=f"... N times or more (default: {COUNT}), over at least {SPAN:,} characters")
    group.add_argument("--no-loop-stop", action="store_true",
                       help="let replies that repeat themselves go on, and do not look for them")


def _deciding_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--until-decided", action="store_true",
                       help="two models, one benchmark: ask batches of tasks by turns, in a random order, until the "
                            "second is better, worse or equivalent (docs/until-decided.md)")
    group.add_argument("--equivalence-margin", type=values.margin, metavar="POINTS",
                       help="models are equivalent when they differ by fewer points (default: 5)")
    group.add_argument("--alpha", type=values.chance, metavar="A",
                       help="chance of a wrong word, at most (default: 0.05)")


def verifying_flags(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--workers", type=values.count, metavar="N", help="verifier processes (default: from the cores)")
    group.add_argument("--verify-timeout", type=values.seconds, metavar="S",
                       help="seconds a program may take (default: as the benchmark publishes)")
    group.add_argument("--isolation", default="auto", choices=("auto", "full", "confined", "weak"),
                       help="how strictly programs are locked in (docs/sandbox.md)")
    group.add_argument("--grading", default="native", choices=("native", "upstream"),
                       help="lcb: a real process with real stdin, or bit-compatible with LiveCodeBench")
    group.add_argument("--python", metavar="PATH",
                       help="run programs with this CPython (3.9 or later) and its packages (default: our own)")
    group.add_argument("--preload", nargs="+", default=[], metavar="MODULE",
                       help="import these once for all programs, e.g. numpy; they can import them anyway")
