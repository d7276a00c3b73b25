#!/usr/bin/env python3
"""What compare costs on a very long ledger: its JSON alone against the same records in the archive beside it.

The ledger is made of the records that come with this project: so many models, each run again and again on each of
their benchmarks, strategies and quantizations, under a few builds of the server. compare is a process of its own each
time; printed are its seconds and its peak memory for both, and their ratios. Both must print the same.

example:
  benches/long_ledger.py --records 100000 --models 40 --rounds 3
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ledger import store

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Cost:
    """Of one process."""

    seconds: float
    peak_bytes: int
    said: str


def records(count: int, models: int, builds: int) -> Iterator[dict[str, Any]]:
    shipped = [dict(record) for record in store.read(ROOT / "benchmark_results.json")]
    kinds = [(number, record) for number in range(models) for record in shipped]
    began = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    for number in range(count):
        model, record = kinds[number % len(kinds)]
        config = {**record["config"], "base_name": f"model-{model}", "server_build": f"b{number * builds // count}"}
        ended = (began + dt.timedelta(minutes=number)).isoformat().replace("+00:00", "Z")
        yield {**record, "timestamp": ended, "model": f"model-{model}:{config['quantization']}", "config": config,
               "run_id": f"bench-{number:07}"}


def make(path: Path, count: int, models: int, builds: int) -> None:
    with path.open("w", encoding="ascii") as file:
        between = '{"runs": [\n'
        for record in records(count, models, builds):
            file.write(between + json.dumps(record))
            between = ",\n"
        file.write("\n]}\n")


def cost_of(ledger: Path, *words: str) -> Cost:
    """Seconds and peak memory of one command, its own and no child's.

    The kernel counts into the peak what this process held when it started the other, so nothing large is done here.
    """
    with tempfile.TemporaryFile("w+") as out:
        began = time.perf_counter()
        child = subprocess.Popen([sys.executable, str(ROOT / "bench_runner.py"), *words, "--results", str(ledger)],
                                 stdout=out, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"long_ledger.py: {words[0]} ended with {child.returncode}")
        out.seek(0)
        return Cost(seconds, usage.ru_maxrss * 1024, out.read())


def compare(ledger: Path) -> Cost:
    return cost_of(ledger, "compare", "--format", "csv")


def parse_flags(argv: Sequence[str] | None = None) -> argparse.Namespace:
    head, _, example = (__doc__ or "").partition("example:")
    parser = argparse.ArgumentParser(description=head, epilog=f"example:{example}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000, metavar="N", help="records in the ledger (100000)")
    parser.add_argument("--models", type=int, default=40, metavar="N", help="models, in 4 quantizations each (40)")
    parser.add_argument("--builds", type=int, default=4, metavar="N", help="builds of the server (4)")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="interleaved rounds (3)")
    options = parser.parse_args(argv)
    if min(options.records, options.models, options.builds, options.rounds) < 1:
        parser.error("--records, --models, --builds, --rounds: at least 1")
    return options


def main() -> int:
    options = parse_flags()
    with tempfile.TemporaryDirectory() as name:
        plain, packed = Path(name, "plain.json"), Path(name, "packed.json")
        for path in (plain, packed):
            make(path, options.records, options.models, options.builds)
        done = cost_of(packed, "ledger", "pack")
        archive = packed.with_suffix(".parquet")
        print(f"{options.records:,} records, {plain.stat().st_size / 1e6:.0f} MB of JSON; packed in {done.seconds:.1f} "
              f"s and {done.peak_bytes / 1e6:,.0f} MB into {archive.stat().st_size / 1e6:.1f} MB; load "
              f"{os.getloadavg()[0]:.1f}", flush=True)
        costs = [(compare(plain), compare(packed)) for _ in range(options.rounds)]
    for each, other in costs:
        if each.said.replace(plain.name, packed.name) != other.said:
            raise SystemExit("long_ledger.py: compare shows other rows of the archive than of the JSON")
    for place, called in enumerate(("JSON", "archive")):
        seconds = [cost[place].seconds for cost in costs]
        peak = max(cost[place].peak_bytes for cost in costs)
        print(f"compare of the {called:8} {statistics.median(seconds):6.2f} s ({min(seconds):.2f} to "
              f"{max(seconds):.2f}), peak {peak / 1e6:,.0f} MB")
    ratios = [each.seconds / other.seconds for each, other in costs]
    print(f"JSON / archive: {statistics.median(ratios):.2f} in time, "
          f"{max(c[0].peak_bytes for c in costs) / max(c[1].peak_bytes for c in costs):.2f} in memory; "
          f"{costs[0][1].said.count(chr(10)):,} lines, the same")
    return 0


if __name__ == "__main__":
    sys.exit(main())
