#!/usr/bin/env python3
"""Is a replayed strategy what it would have been, had it been run by itself? Sample by sample, and in what it came to.

One command draws a pool of samples and puts all its strategies to it; then each of them is run alone, under the same
seeds, and both are held against each other. With one slot and no prompt cache texts are promised equal, and so must be
everything else. With --slots above 1 the sizes of batches, and with them the last bits of the logits, differ from run
to run: how many samples then came out otherwise, and what that did to scores, is printed.

The program ends with 1 when anything differs at one slot.

example:
  benches/replays.py --limit 50 --slots 1
  benches/replays.py --slots 4 --cache
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

STRATEGIES = ("sc_fixed --n 1", "sc_fixed --n 2", "sc_fixed --n 4", "sc_fixed --n 8", "adaptive_margin --max-n 8",
              "esc --max-n 8 --window 4")
TOGETHER = "sc_fixed adaptive_margin esc --n 1 2 4 8 --max-n 8 --window 4"
"""The same, as one command."""

Place = tuple[str, int]


@dataclass(frozen=True)
class Conditions:
    """How all runs are asked."""

    limit: int = 20
    slots: int = 1
    cache: bool = False
    """Whether the server keeps the prompts it has seen."""
    model: str = "demo"

    def flags(self) -> list[str]:
        cache = [] if self.cache else ["--server-arg=cache_prompt=false"]
        return ["--model", self.model, "--benchmark", "math", "--server", "xllamacpp", "--threads", "1", "--parallel",
                str(self.slots), "--limit", str(self.limit), "--temperature", "0.8", "--max-tokens", "80", *cache]


@dataclass(frozen=True)
class Done:
    """A run: its record and the text of each sample."""

    record: dict[str, Any]
    texts: dict[Place, str]

    def came_to(self) -> dict[str, Any]:
        """All that must be equal: no times, ids, or facts of the machine."""
        results = {key: value for key, value in self.record["results"].items() if key != "time_taken"}
        return {"results": results, **{key: self.record.get(key) for key in (
            "status", "validity", "interval", "outcomes", "usage", "tasks_sha256", "benchmark", "model")}}


@dataclass(frozen=True)
class Compared:
    """One strategy, replayed and alone."""

    name: str
    samples: int
    differing: int
    """Samples that only one of the two has, or with another text."""
    scores: tuple[float, float]
    alike: bool
    """Whether everything they came to is equal."""


def run(folder: Path, strategy: str, conditions: Conditions) -> list[Done]:
    """The runs of one command, in the order of the ledger. Raises RuntimeError when it fails."""
    folder.mkdir(parents=True)
    argv = [sys.executable, str(ROOT / "bench_runner.py"), *conditions.flags(), "--strategy", *strategy.split(),
            "--quiet"]
    done = subprocess.run(argv, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)} ended with {done.returncode}: {done.stderr}")
    records = json.loads((folder / "benchmark_results.json").read_text())["runs"]
    return [Done(record, texts(folder / "runs" / record["run_id"])) for record in records]


def texts(folder: Path) -> dict[Place, str]:
    """By place the replies of a run folder."""
    lines = map(json.loads, (folder / "samples.jsonl").read_text().splitlines())
    return {(line["task_id"], line["sample"]): line["response"] for line in lines}


def compare(folder: Path, together: str, alone: Sequence[str], conditions: Conditions) -> list[Compared]:
    """Each of ``alone`` against the run of the same strategy among those of ``together``."""
    pool = {called(each.record): each for each in run(folder / "pool", together, conditions)}
    found = []
    for number, strategy in enumerate(alone):
        [one] = run(folder / f"alone-{number}", strategy, conditions)
        replayed = pool[called(one.record)]
        places = replayed.texts.keys() | one.texts.keys()
        differing = sum(replayed.texts.get(place) != one.texts.get(place) for place in places)
        scores = replayed.record["results"]["score"], one.record["results"]["score"]
        found.append(Compared(strategy, len(places), differing, scores, replayed.came_to() == one.came_to()))
    return found


def called(record: dict[str, Any]) -> str:
    """The strategy with its settings."""
    names = ("strategy", "n", "max_n", "confidence", "window", "batch", "selector")
    return json.dumps([record["config"].get(name) for name in names])


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=20, metavar="N", help="tasks (default: %(default)s)")
    parser.add_argument("--slots", type=int, default=1, metavar="N", help="requests at once (default: %(default)s)")
    parser.add_argument("--cache", action="store_true", help="let the server keep the prompts it has seen")
    parser.add_argument("--model", default="demo", metavar="MODEL")
    flags = parser.parse_args(argv)
    if flags.limit < 1 or flags.slots < 1:
        parser.error("--limit and --slots must be 1 or more")
    return flags


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line a strategy."""
    flags = parse(argv)
    conditions = Conditions(flags.limit, flags.slots, flags.cache, flags.model)
    with tempfile.TemporaryDirectory() as folder:
        found = compare(Path(folder) / "runs", TOGETHER, STRATEGIES, conditions)
    print(f"{flags.limit} tasks, {flags.slots} slots, prompt cache {'on' if flags.cache else 'off'}")
    for each in found:
        share = 100 * each.differing / each.samples if each.samples else 0.0
        print(f"{each.name:28}{each.samples:6} samples, {share:5.1f} % differ; score {each.scores[0]:.1f} replayed, "
              f"{each.scores[1]:.1f} alone; {'all it came to is equal' if each.alike else 'what it came to differs'}")
    promised = flags.slots == 1 and not flags.cache
    return 1 if promised and any(each.differing or not each.alike for each in found) else 0


if __name__ == "__main__":
    raise SystemExit(main())
