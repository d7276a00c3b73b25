#!/usr/bin/env python3
"""Is anything lost when a run is killed? Runner, script or server are killed at random moments of one run.

A run of the demo model (temperature 0, one slot, no prompt cache, so that texts are promised equal) is left in peace
first. Then the same run is killed so many times: a third of the kills each hit the runner, the benchmark script and the
server, most when a random number of samples has been written, some within a second and a half of the kill before,
start-up and end included. Whoever is dead is started again by the same command. At the end the record must be that of
the undisturbed run but for times, ids, energy and the faults that tell of the kills; no sample may have been asked
again that had been written, none be missing, nothing be left running or locked, the ledger valid JSON at every look.
Then the same on a disk that fills up (a small tmpfs, which root may mount), made a little larger each time.

example:
  benches/resume.py --kills 100
"""

from __future__ import annotations

import argparse
import collections
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

try:
    from benches import killing
except ModuleNotFoundError:  # started as a program, from wherever
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from benches import killing

_OWN = {"timestamp", "run_id", "latency", "memory", "energy", "faults"}
_FIRST_KIB, _MORE_KIB = 24, (4, 40)


def comparable(record: dict[str, Any]) -> dict[str, Any]:
    """The record without times, ids, energy, facts of the machine, and what tells of losses."""
    kept: dict[str, Any] = {key: value for key, value in record.items() if key not in _OWN}
    kept["results"] = {key: value for key, value in kept["results"].items() if key != "time_taken"}
    kept["usage"] = {key: value for key, value in kept["usage"].items() if not key.startswith("requests")}
    checks = kept.get("checks", {})
    kept["checks"] = {key: value for key, value in checks.items() if key != "tokens"}  # of one server's sitting
    made = {"host", "runner_commit"}  # somebody may commit in between
    kept["provenance"] = {key: value for key, value in kept["provenance"].items() if key not in made}
    reasons = [reason for reason in kept["validity"]["reasons"] if "requests failed" not in reason]
    kept["validity"] = reasons or "ok"
    return kept


def faults_of(calm: killing.Run, harried: killing.Run) -> list[str]:
    """Everything that is not as it must be; nothing when all is well."""
    found = []
    records = harried.records()
    if len(records) != 1:
        found.append(f"{len(records)} records in the ledger")
    elif (there := comparable(records[0])) != (wanted := comparable(calm.records()[0])):
        found += [f"record: {key} differs" for key in wanted.keys() | there.keys() if wanted.get(key) != there.get(key)]
    mine, theirs = calm.responses(), harried.responses()
    found += [f"{len(mine.keys() - theirs.keys())} samples missing"] if mine.keys() - theirs.keys() else []
    found += ["a text differs"] if any(theirs.get(place) not in {None, text} for place, text in mine.items()) else []
    found += [f"written twice: {place}" for place in harried.written_twice()]
    found += [f"asked although it had been written: {place}" for place in harried.asked_though_written()]
    found += [f"still locked: {path}" for path in harried.locked()]
    found += [f"left lying: {path}" for path in harried.folder.rglob("*.part")]
    return found


def kills(folder: Path, calm: killing.Run, count: int, seed: int) -> list[str]:
    """The run that is killed, and another where it ended before all its kills had come; what is wrong with them."""
    chance, left, found = random.Random(seed), count, list[str]()
    while left > 0:
        run, began = killing.Run(folder / f"killed-{left}", *calm.flags), time.monotonic()
        with killing.Looking(run) as looking:
            done = killing.harry(run, killing.plan(left, len(calm.responses()), chance))
            done.finish(run)
        by = ", ".join(f"{number} {who}" for who, number in collections.Counter(done.killed).items())
        again = run.printed() - len(run.responses())
        print(f"{len(done.killed)} kills ({by}) in {time.monotonic() - began:.0f} s, {done.starts} starts of the "
              f"runner; {len(run.responses())} samples, {again} more that came and were not written; "
              f"{looking.looks} looks into the ledger; {len(done.left)} processes left", flush=True)
        found += [*faults_of(calm, run), *looking.problems, *(f"still running: {what}" for what in done.left)]
        left -= max(1, len(done.killed))
    return found


def full_disk(folder: Path, calm: killing.Run, seed: int) -> list[str]:
    """The run on a disk that fills up again and again; what is wrong with it."""
    disk = folder / "disk"
    disk.mkdir()
    kib = _FIRST_KIB
    chance = random.Random(seed)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={kib}k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        print("a full disk: not tried, since only root may mount a small one")
        return []
    try:
        run, fills, found = killing.Run(disk / "run", *calm.flags), 0, list[str]()
        with killing.Looking(run) as looking:
            while (ended := run.whole()).code != 0 and fills < 200:
                fills += 1
                if ended.code != 1 or "space" not in ended.err:
                    found.append(f"exit code {ended.code} of a full disk: {ended.err[-300:]}")
                kib += chance.randint(*_MORE_KIB)
                subprocess.run(["mount", "-o", f"remount,size={kib}k", str(disk)], check=True)
        print(f"a disk that fills up: {fills} times, from {_FIRST_KIB} to {kib} KiB; "
              f"{run.printed() - len(run.responses())} samples asked again that could not be written")
        return [*found, *faults_of(calm, run), *looking.problems]
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    head, _, example = (__doc__ or "").partition("example:")
    parser = argparse.ArgumentParser(description=head, epilog=f"example:{example}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, metavar="N", help="of one run (100)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random moments (0)")
    parser.add_argument("--keep", metavar="DIR", help="an empty folder to work in, which stays (a temporary one)")
    options = parser.parse_args(argv)
    if not 1 <= options.kills <= killing.TASKS // 2:
        parser.error(f"--kills: 1 to {killing.TASKS // 2}, half the tasks of the run")
    if options.keep and Path(options.keep).is_dir() and any(Path(options.keep).iterdir()):
        parser.error(f"--keep {options.keep}: that folder is not empty")
    return options


def main() -> int:
    options = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(options.keep or name)
        calm = killing.Run(folder / "calm")
        began = time.monotonic()
        if (ended := calm.whole()).code != 0:
            print(f"resume.py: the undisturbed run ended with {ended.code}: {ended.err}", file=sys.stderr)
            return 1
        print(f"undisturbed: {len(calm.responses())} samples in {time.monotonic() - began:.1f} s", flush=True)
        found = kills(folder, calm, options.kills, options.seed)
        found += full_disk(folder, calm, options.seed)
    print("\n".join(found) if found else "nothing lost, nothing twice, nothing left; the records are the same")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
