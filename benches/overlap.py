#!/usr/bin/env python3
"""Does verification overlap generation: a code benchmark's wall time against the larger of its two halves alone.

Three measurements, in turn, on one server that runs all the while, pinned to the first processor; everything else
(the runner, the script, the verifiers) is pinned to the second:

* whole: ``bench_runner.py`` on the benchmark, from the start of the script to the last verdict;
* generation: the benchmark's script by hand on the same tasks with the same settings, nothing verified;
* verification: ``bench_runner.py verify`` on the samples of the whole run, nothing generated.

Printed are the medians over the rounds and the ratio whole / max(generation, verification): 1 is perfect.

example:
  benches/overlap.py --benchmark human_eval --rounds 5
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.table import BENCHMARKS
from core.records import Endpoint
from servers.lifecycle import serve
from servers.models import resolve
from servers.spec import ServerSettings

KEY = "BENCH_OVERLAP_KEY"
RUNNER = (sys.executable, str(Path(__file__).resolve().parents[1] / "bench_runner.py"))
PROGRAMS = ("human_eval", "lcb")
"""Benchmarks whose answers are programs."""


class Failed(Exception):
    """A measurement could not be made; the text says why."""


@dataclass(frozen=True)
class Seconds:
    """One round."""

    whole: float
    generation: float
    verification: float


@contextmanager
def pinned(processor: int) -> Iterator[None]:
    """What is started inside the block stays on that processor."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {processor})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def called(argv: Sequence[str], endpoint: Endpoint) -> str:
    """The standard output of a program on the second processor. Raises Failed when it does not end with 0."""
    env = {**os.environ, KEY: endpoint.api_key or ""}
    with pinned(1):
        done = subprocess.run(argv, capture_output=True, text=True, env=env, check=False)
    if done.returncode not in {0, 1}:  # 1: a run with a sample that could not be scored is a run all the same
        raise Failed(f"{' '.join(argv[:4])} … ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done.stdout


def whole(options: argparse.Namespace, endpoint: Endpoint, folder: Path) -> tuple[float, Path]:
    """Seconds of a run on the server, and its run folder."""
    tasks = ["--problems-file", "demo"] if BENCHMARKS[options.benchmark].has_demo else []
    said = called([*RUNNER, "--base-url", endpoint.base_url, "--api-key-env", KEY, "--benchmark", options.benchmark,
                   *tasks, "--parallel", str(options.slots), "--max-tokens", str(options.max_tokens), "--workers", "1",
                   "--no-resume", "--json", "--results", str(folder / "ledger.json"),
                   "--runs-root", str(folder / "runs")], endpoint)
    record: dict[str, Any] = json.loads(said)["runs"][0]
    return float(record["results"]["time_taken"]), folder / "runs" / str(record["run_id"])


def generation(options: argparse.Namespace, endpoint: Endpoint, run: Path) -> float:
    """Seconds of the script by itself, on the tasks of ``run``."""
    began = time.monotonic()
    called([sys.executable, str(BENCHMARKS[options.benchmark].script), "--base-url", endpoint.base_url,
            "--api-key-env", KEY, "--model", endpoint.model, "--tasks-file", str(run / "tasks.jsonl"),
            "--slots", str(options.slots), "--max-tokens", str(options.max_tokens)], endpoint)
    return time.monotonic() - began


def verification(options: argparse.Namespace, endpoint: Endpoint, run: Path) -> float:
    """Seconds of verifying the samples of ``run``, by ``verify``'s own clock."""
    tasks = ["--problems-file", "demo"] if BENCHMARKS[options.benchmark].has_demo else []
    said = called([*RUNNER, "verify", "--benchmark", options.benchmark, *tasks, "--samples",
                   str(run / "samples.jsonl"), "--workers", "1", "--json"], endpoint)
    return float(json.loads(said)["seconds"])


def one_round(options: argparse.Namespace, endpoint: Endpoint, folder: Path) -> Seconds:
    seconds, run = whole(options, endpoint, folder)
    return Seconds(seconds, generation(options, endpoint, run), verification(options, endpoint, run))


def table(options: argparse.Namespace, rounds: Sequence[Seconds]) -> list[str]:
    """Lines for people."""
    medians = Seconds(*(statistics.median(getattr(each, name) for each in rounds)
                        for name in ("whole", "generation", "verification")))
    ratios = [each.whole / max(each.generation, each.verification) for each in rounds]
    return [
        f"{options.benchmark}, {options.slots} slots, medians of {len(rounds)} rounds:",
        f"  generation alone    {medians.generation:7.2f} s",
        f"  verification alone  {medians.verification:7.2f} s",
        (f"  whole run           {medians.whole:7.2f} s   {statistics.median(ratios):.3f}x the larger of the two "
         f"({min(ratios):.3f} to {max(ratios):.3f})"),
    ]


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    head, _, example = (__doc__ or "").partition("example:")
    parser = argparse.ArgumentParser(description=head, epilog=f"example:{example}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--benchmark", choices=PROGRAMS, default="human_eval", help="human_eval by default")
    parser.add_argument("--model", default="demo", metavar="MODEL", help="demo by default")
    parser.add_argument("--server", default="auto", help="backend (auto)")
    parser.add_argument("--slots", type=int, default=2, metavar="N", help="of the server (2)")
    parser.add_argument("--max-tokens", type=int, default=512, metavar="N", help="of a reply (512)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="after one that does not count (5)")
    options = parser.parse_args(argv)
    if min(options.slots, options.rounds, options.max_tokens) < 1:
        parser.error("--slots, --rounds and --max-tokens: at least 1")
    return options


def main() -> int:
    options = parse()
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        print("overlap.py: it needs Linux and two processors, one for the server and one for all else", file=sys.stderr)
        return 2
    settings = ServerSettings(backend=options.server, parallel=options.slots, threads=1)
    with tempfile.TemporaryDirectory() as name, ExitStack() as held:
        folder = Path(name)
        with pinned(0):
            server = held.enter_context(serve(resolve(options.model), settings, folder / "server.log"))
        try:
            rounds = [one_round(options, server.endpoint, folder) for _ in range(options.rounds + 1)]
        except Failed as error:
            print(f"overlap.py: {error}", file=sys.stderr)
            return 1
    print("\n".join(table(options, rounds[1:])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
