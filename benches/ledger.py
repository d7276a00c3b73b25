#!/usr/bin/env python3
"""What an append to the ledger costs, against writing a file of that size and syncing it.

Ledgers of several lengths are made of the records that come with this project. In each round a record is appended to
one, and a file as long as it is now is written plainly: opened, written by one call, synced, closed. Printed are the
medians over the rounds with the spread, and the ratio of the two; beside them, once each, what reading all records
costs, and an append to a ledger that somebody else has changed, which is read and checked as JSON first.

example:
  benches/ledger.py --records 10 1000 10000 --rounds 9
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from ledger import store
from ledger.record import Record, parse

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 9


@dataclass
class Figures:
    """Of one length of ledger, in milliseconds."""

    records: int
    size_bytes: int
    append_ms: list[float] = field(default_factory=list)
    plain_ms: list[float] = field(default_factory=list)
    unknown_ms: float = 0.0
    read_ms: float = 0.0

    @property
    def ratio(self) -> float:
        return statistics.median(self.append_ms) / statistics.median(self.plain_ms)


def records(count: int) -> list[Record]:
    """As real as those that ship, each with an id of its own."""
    shipped = [dict(record) for record in store.read(ROOT / "benchmark_results.json")]
    made = []
    for number, fields in zip(range(count), itertools.cycle(shipped), strict=False):
        value = {**fields, "run_id": f"bench-{number}"}
        made.append(parse(value, json.dumps(value), "bench"))
    return made


def make(path: Path, count: int) -> None:
    path.write_text('{"runs": [\n' + ",\n".join(record.text for record in records(count)) + "\n]}\n", encoding="ascii")


def plainly(path: Path, data: bytes) -> None:
    """What no writer that means it can do without."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]
        os.fsync(fd)
    finally:
        os.close(fd)


def milliseconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def measure(folder: Path, count: int, rounds: int) -> Figures:
    ledger, plain, record = folder / f"{count}.json", folder / "plain", records(1)[0]
    make(ledger, count)
    figures = Figures(count, ledger.stat().st_size)
    figures.unknown_ms = milliseconds(lambda: store.append(ledger, record))
    for number in range(rounds + 1):
        appended = milliseconds(lambda: store.append(ledger, record))
        data = ledger.read_bytes()
        written = milliseconds(lambda data=data: plainly(plain, data))  # type: ignore[misc] # of this round
        if number > 0:  # the first warms up
            figures.append_ms.append(appended)
            figures.plain_ms.append(written)
    figures.read_ms = milliseconds(lambda: store.read(ledger))
    if len(store.read(ledger)) != count + rounds + 2:
        raise SystemExit(f"ledger.py: {ledger} does not hold what was appended")
    return figures


def line(figures: Figures) -> str:
    def shown(values: list[float]) -> str:
        return f"{statistics.median(values):7.2f} ms ({min(values):.2f} to {max(values):.2f})"

    return (f"{figures.records:6} records, {figures.size_bytes / 1e6:6.2f} MB: append {shown(figures.append_ms)}, "
            f"plain {shown(figures.plain_ms)}, ratio {figures.ratio:.2f};   read {figures.read_ms:.0f} ms, "
            f"append to an unknown file {figures.unknown_ms:.0f} ms")


def parse_flags(argv: Sequence[str] | None = None) -> argparse.Namespace:
    head, _, example = (__doc__ or "").partition("example:")
    parser = argparse.ArgumentParser(description=head, epilog=f"example:{example}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", nargs="+", type=int, default=[10, 1000, 10000], metavar="N",
                        help="lengths of ledger (10 1000 10000)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"interleaved rounds ({ROUNDS})")
    parser.add_argument("--folder", metavar="DIR", help="on the disk to be measured (where temporary files go)")
    options = parser.parse_args(argv)
    if min(options.records) < 1 or options.rounds < 1:
        parser.error("--records and --rounds: at least 1")
    if options.folder and not Path(options.folder).is_dir():
        parser.error(f"--folder {options.folder}: there is no such folder")
    return options


def main() -> int:
    options = parse_flags()
    print(f"medians of {options.rounds} interleaved rounds (lowest to highest), load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        for count in options.records:
            print(line(measure(Path(name), count, options.rounds)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
