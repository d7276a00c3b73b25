#!/usr/bin/env python3
"""The command line: argv → request, wire the rooms, print, exit code. Each verb imports the rooms it needs."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

HERE = Path(__file__).resolve().parent


def _own_environment() -> None:
    """Started as ./bench_runner.py by a Python without our packages: go on with the one that ./setup made."""
    from importlib.util import find_spec

    own = HERE / ".venv" / "bin" / "python"
    if sys.version_info >= (3, 11) and find_spec("xllamacpp") and find_spec("rich"):
        return
    if own.exists() and Path(sys.prefix).resolve() != (HERE / ".venv").resolve():
        os.execv(own, [str(own), *sys.argv])  # noqa: S606  # our own interpreter, our own arguments
    print("bench_runner.py: its packages are not installed; run ./setup first (once).", file=sys.stderr)
    raise SystemExit(2)


def _say(text: str) -> None:
    """A line to standard error; when nobody is there any more to read it, the exit code says enough."""
    with suppress(OSError):
        print(text, file=sys.stderr)


def run(flags: argparse.Namespace) -> int:
    """Runs models on benchmarks; ``--benchmark list`` lists those that there are."""
    if flags.benchmark == ["list"]:
        from benchmarks.listing import listing

        print(listing())
        return 0
    from analysis.comparison import compare_runs
    from reports import run_summary
    from runner import display
    from runner import run as runs
    from runner.from_flags import request_of
    from runner.observer import Hooks
    from runner.stopping import stoppable
    from runner.sweep.failures import noting
    from runner.tracking import address_asked, tracked
    from servers.hub_models import Telling

    quiet, mlflow = flags.quiet or flags.json, address_asked(flags)
    request = request_of(flags, Telling((lambda _: None) if quiet else _say, bars=not quiet))
    console = display.console()
    with stoppable(_say) as stop, display.make(console, quiet=quiet) as shown, tracked(
        mlflow, request.outputs, shown, stop.is_set, _say if quiet else None
    ) as observer:
        hooks = Hooks(observer, stop.is_set, lambda question: _confirm(question, yes=flags.yes),
                      failed=noting(request))
        report = runs.run(request, hooks)
    if flags.quiet or flags.json:
        for failure in report.failures:
            _say(f"bench_runner.py: {failure}")
    if flags.json:
        print(json.dumps({"runs": [dict(record) for record in report.records]}))
    elif report.records:
        folders = [str(request.outputs.runs_root / record["run_id"]) for record in report.records]
        console.print(
            run_summary.to_rich_summary(
                report.records, compare_runs(report.records), ledger=str(request.outputs.results), run_folders=folders,
                width=console.width,
            ),
            soft_wrap=not console.is_terminal,  # a log's lines are searched and copied, so they are not broken
        )
    return report.exit_code


def verify(flags: argparse.Namespace) -> int:
    """Scores stored responses."""
    from runner import verify as verifying
    from runner.cluster_flags import ray_address

    result = verifying.verify(
        verifying.VerifyRequest(
            flags.benchmark, Path(flags.samples), flags.problems_file, flags.workers, flags.verify_timeout,
            flags.isolation, flags.grading, flags.python, tuple(flags.preload), flags.executor, ray_address(flags),
        ),
        progress=None if flags.json else _counter, say=_say,
    )
    if flags.json:
        print(json.dumps(result.as_json()))
    else:
        print(result.sentence())
    return 0 if result.whole else 1


def _counter(done: int, total: int) -> None:
    if sys.stderr.isatty():
        end = "\n" if done == total else ""
        print(f"\rverified {done} of {total}", end=end, file=sys.stderr, flush=True)


def compare(flags: argparse.Namespace) -> int:
    """The ledger's runs side by side."""
    from runner import comparing

    request = comparing.CompareRequest(comparing.existing(flags.results), Path(flags.runs_root), flags.benchmark,
                                       flags.baseline, flags.format, flags.flips)
    found = comparing.compare(request)
    if flags.format != "table":
        sys.stdout.write(comparing.written(found, flags.format))
        return 0
    from rich.console import Console

    from reports import flips, table

    console = Console()
    console.print(table.to_rich(found.rows, console.width))
    if found.flips is not None:
        console.print(flips.to_rich(found.flips, console.width))
    return 0


def show(flags: argparse.Namespace) -> int:
    """One run in full."""
    from rich.console import Console

    from runner import showing
    from runner.comparing import existing
    from runner.regrading import Asking

    found = showing.show(
        showing.ShowRequest(
            existing(flags.results), Path(flags.runs_root), flags.run_id, flags.model_card, flags.source_url,
            flags.grading, flags.problems_file, flags.workers, flags.isolation, flags.json,
        ),
        Asking(_say, lambda question: _confirm(question, yes=flags.yes), _counter),
    )
    if isinstance(found, str):
        sys.stdout.write(found)
    else:
        Console().print(found)
    return 0


def _about_runs(verb: str) -> Callable[[argparse.Namespace], int]:
    def act(flags: argparse.Namespace) -> int:
        from runner import run_verbs

        return run_verbs.VERBS[verb](flags, _say)

    return act


def leaderboard(flags: argparse.Namespace) -> int:
    """What judges' scores come to."""
    from runner.judging import board_verb

    return board_verb.leaderboard(flags)


def judge(flags: argparse.Namespace) -> int:
    """Texts that are judged by a rubric."""
    from runner.judging import verb

    return verb.judge(flags, verb.Talk(_say, lambda question: _confirm(question, yes=flags.yes)))


def sweep(flags: argparse.Namespace) -> int:
    """The cells of a plan."""
    from runner.sweep import verb

    return verb.sweep(flags, verb.Talk(_say, lambda question: _confirm(question, yes=flags.yes), print))


def track(flags: argparse.Namespace) -> int:
    """What a tracking server lacks of the ledger."""
    from runner import track_verb

    return track_verb.track(flags, _say)


def ledger(flags: argparse.Namespace) -> int:
    """A long ledger's records into its archive, and back."""
    from runner.ledger_verb import ledger as packing

    return packing(flags, _say)


def doctor(flags: argparse.Namespace) -> int:
    """What this machine has, and what to do about what is missing."""
    from rich.console import Console

    from reports import doctor as pages
    from runner.doctor import facts

    found = facts(flags.server_bin)
    if flags.json:
        print(json.dumps(pages.to_values(found), indent=1))
    else:
        Console().print(pages.to_rich(found))
    return 0


def _confirm(question: str, *, yes: bool) -> bool:
    from core.errors import UsageError

    if yes:
        return True
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{question} Nobody is there to ask: add --yes to agree.")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": run,
    "verify": verify,
    "compare": compare,
    "show": show,
    "analyze": _about_runs("analyze"),
    "plot": _about_runs("plot"),
    "rich-report": _about_runs("rich-report"),
    "report": _about_runs("report"),
    "import": _about_runs("import"),
    "judge": judge,
    "leaderboard": leaderboard,
    "sweep": sweep,
    "track": track,
    "ledger": ledger,
    "doctor": doctor,
}


def main(argv: list[str] | None = None) -> int:
    """Runs a verb; returns the exit code."""
    from core.errors import BenchError, Interrupted
    from runner.arguments import parse
    from runner.leftovers import clear

    verb, flags = parse(sys.argv[1:] if argv is None else argv)
    try:
        clear(_say)
        return VERBS[verb](flags)
    except BenchError as error:
        _say(f"bench_runner.py: {error}")
        for line in getattr(error, "log_tail", ())[-8:]:
            _say(f"    | {line}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("\nbench_runner.py: stopped at once; a run goes on where it stopped when the same command is run again.")
        return Interrupted.exit_code
    except BrokenPipeError:  # a run does not get here by its display, which outlives its reader
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whoever read our output has gone; nothing more to say to them
        return 0
    except OSError as error:  # a disk that is full, a folder taken away: no room of ours knew better
        where = f"{error.filename}: " if error.filename else ""
        _say(f"bench_runner.py: {where}{error.strerror or error}; see to the disk or the folder, then run the same "
             "command again.")
        return 1


if __name__ == "__main__":
    _own_environment()
    raise SystemExit(main())
