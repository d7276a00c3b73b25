#!/usr/bin/env python3
"""A sweep that is killed at random moments and gone on with, held against the same sweep undisturbed.

The plan has to ask for one slot and no prompt cache, where texts are promised equal. Each kill is a ``kill -9`` of the
sweep's process, after a random time; what it leaves is what the next start finds. Printed are the records, whether any
cell has two, and how many scores and texts differ from the undisturbed sweep's. The program ends with 1 when any does.

example:
  benches/sweep_kills.py docs/examples/sweep.toml --kills 10
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


class Sweep:
    """The plan in a folder of its own."""

    def __init__(self, plan: Path, folder: Path) -> None:
        self._folder, self._ledger = folder, folder / "ledger.json"
        self._argv = [sys.executable, str(ROOT / "bench_runner.py"), "sweep", str(plan), "--quiet", "--results",
                      str(self._ledger), "--runs-root", str(folder / "runs")]

    def whole(self) -> float:
        """To its end; the seconds it took."""
        began = time.monotonic()
        subprocess.run(self._argv, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began

    def killed_after(self, seconds: float) -> bool:
        """Whether it was still at work."""
        process = subprocess.Popen(self._argv, stdout=subprocess.DEVNULL)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return True
        return False

    def records(self) -> list[dict[str, Any]]:
        """Those of the ledger so far."""
        if not self._ledger.exists():
            return []
        found: list[dict[str, Any]] = json.loads(self._ledger.read_text())["runs"]
        return found

    def texts(self) -> dict[tuple[str, str, int], str]:
        """By cell, task and sample."""
        found = {}
        for record in self.records():
            for line in (self._folder / "runs" / record["run_id"] / "samples.jsonl").read_text().splitlines():
                sample = json.loads(line)
                found[record["cell"], sample["task_id"], sample["sample"]] = sample["response"]
        return found


def main() -> int:
    """Prints what came of it; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("undisturbed", "killed"):
            (Path(folder) / name).mkdir()
        undisturbed, killed = (Sweep(asked.plan, Path(folder) / name) for name in ("undisturbed", "killed"))
        took_s = undisturbed.whole()
        print(f"undisturbed: {len(undisturbed.records())} records in {took_s:.0f} s")
        chance = random.Random(asked.seed)
        for kill in range(1, asked.kills + 1):
            seconds = chance.uniform(0.5, 2.2 * took_s / asked.kills)
            at_work = killed.killed_after(seconds)
            state = "killed" if at_work else "through"
            print(f"{kill:2}: {state} after {seconds:5.1f} s, {len(killed.records())} records")
        killed.whole()
        return _compare(undisturbed, killed)


def _compare(undisturbed: Sweep, killed: Sweep) -> int:
    cells = [record["cell"] for record in killed.records()]
    print(f"gone on with: {len(cells)} records of {len(set(cells))} cells")
    scores = [{record["cell"]: record["results"]["score"] for record in one.records()} for one in (undisturbed, killed)]
    texts = [one.texts() for one in (undisturbed, killed)]
    faults = len(cells) - len(set(cells))
    for what, (before, after) in (("scores", scores), ("texts", texts)):
        differ = sum(before.get(key) != after.get(key) for key in before.keys() | after.keys())
        print(f"{what}: {len(before)}, of which {differ} differ")
        faults += differ
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
