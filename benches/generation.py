#!/usr/bin/env python3
"""What our client costs: against a bare one on the same server, and a whole run against other harnesses.

Clients: the benchmark script, a bare keep-alive client (threads, ``http.client``, whole replies: ``bare_client.py``),
and the whole runner attached to the server with ``--base-url``, in turn, on the same tasks in the same order at the
same slots. The same tasks come ``--repeat`` times under other names, so that a pair takes long enough; a warning is
printed where it does not. Printed: seconds from the first request to the last reply, the median of the ratios pair by
pair, and processor time a request of the client's whole process, its start included.

Runs: ``bench_runner.py`` on the tasks once, server start included, against lm-eval's ``local-chat-completions`` and
inspect_ai's OpenAI-compatible provider, each installed into ``--peers DIR``. A peer's time is that of a server's start,
as measured here, and of its own command.

example:
  benches/generation.py --pairs 7 --peers ~/.cache/bench-peers
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
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benches import peers
from core.errors import BenchError
from core.records import Endpoint
from servers.lifecycle import serve
from servers.models import resolve
from servers.spec import ServerSettings

ROOT = Path(__file__).resolve().parents[1]
TASKS = ROOT / "models" / "tasks" / "math_heldout.jsonl"
KEY = "BENCH_GENERATION_KEY"
LONG_ENOUGH_S = 30.0


@dataclass(frozen=True)
class Figures:
    """One client's part of a pair."""

    wall_s: float
    """From the first request to the last reply."""
    cpu_s: float
    requests: int
    tokens: int


def many(count: int, repeat: int, folder: Path) -> Path:
    """The first ``count`` tasks, round after round, each time under another name."""
    lines = [json.loads(line) for line in TASKS.read_text(encoding="utf-8").splitlines()][:count]
    path = folder / f"tasks-{count}x{repeat}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number in range(repeat):
            for line in lines:
                file.write(json.dumps({**line, "id": f"{line['id']}/{number}"} if repeat > 1 else line) + "\n")
    return path


@contextmanager
def server(flags: argparse.Namespace, folder: Path) -> Iterator[Endpoint]:
    settings = ServerSettings(parallel=flags.slots, threads=flags.threads)
    with serve(resolve(flags.model), settings, folder / "server.log") as running:
        os.environ[KEY] = running.endpoint.api_key or ""
        yield running.endpoint


def bare(endpoint: Endpoint, tasks: Path, flags: argparse.Namespace, _folder: Path) -> Figures:
    argv = [sys.executable, str(ROOT / "benches" / "bare_client.py"), endpoint.base_url, KEY, str(tasks),
            str(flags.slots), str(flags.max_tokens)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        said = piped(process).read()
        cpu_s = ended(process)
    found = json.loads(said)
    return Figures(found["wall_s"], cpu_s, found["requests"], found["tokens"])


def script(endpoint: Endpoint, tasks: Path, flags: argparse.Namespace, _folder: Path) -> Figures:
    """Our script by hand; the clock runs from its ``start`` event, after which it asks at once, to its last sample."""
    argv = [sys.executable, str(ROOT / "benchmarks" / "scripts" / "math_tasks.py"), "--base-url", endpoint.base_url,
            "--api-key-env", KEY, "--tasks-file", str(tasks), "--slots", str(flags.slots),
            "--max-tokens", str(flags.max_tokens)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        output = piped(process)
        output.readline()
        began = last = time.monotonic()
        lines = []
        for line in output:
            if line.startswith('{"event": "sample"'):
                last = time.monotonic()
                lines.append(line)
        cpu_s = ended(process)
    return Figures(last - began, cpu_s, len(lines), sum(json.loads(line)["completion_tokens"] for line in lines))


def runner(endpoint: Endpoint, tasks: Path, flags: argparse.Namespace, folder: Path) -> Figures:
    """The whole runner on the server that is there, by its own record: generation from first draw to last reply."""
    argv = [sys.executable, str(ROOT / "bench_runner.py"), "--base-url", endpoint.base_url, "--api-key-env", KEY,
            "--benchmark", "math", "--problems-file", str(tasks), "--max-tokens", str(flags.max_tokens), "--no-resume",
            "--results", str(folder / "results.json"), "--runs-root", str(folder / "runs"), "--quiet", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        said = piped(process).read()
        cpu_s = ended(process)
    record = json.loads(said)["runs"][0]
    usage = record["usage"]
    return Figures(record["latency"]["generation_s"], cpu_s, usage["requests"], usage["completion_tokens"])


CLIENTS = {"bare": bare, "script": script, "runner": runner}


def piped(process: subprocess.Popen[str]) -> IO[str]:
    if process.stdout is None:
        raise peers.Failed("a client's output was not piped")
    return process.stdout


def ended(process: subprocess.Popen[str]) -> float:
    """Processor seconds of the process and of what it waited for. Raises Failed when it ended with an error."""
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise peers.Failed(f"a client ended with {process.returncode}; run it by hand: {process.args!r}")
    return used.ru_utime + used.ru_stime


def pairs(flags: argparse.Namespace, folder: Path) -> dict[str, list[Figures]]:
    """Every client's figures, interleaved; a first round of one repeat warms the server up and is not counted."""
    found: dict[str, list[Figures]] = {name: [] for name in CLIENTS}
    tasks = many(flags.tasks, flags.repeat, folder)
    with server(flags, folder) as endpoint:
        for client in CLIENTS.values():
            client(endpoint, many(flags.tasks, 1, folder), flags, folder)
        for number in range(flags.pairs):
            order = list(CLIENTS) if number % 2 == 0 else list(CLIENTS)[::-1]
            for name in order:
                found[name].append(CLIENTS[name](endpoint, tasks, flags, folder))
    return found


def table(found: dict[str, list[Figures]]) -> list[str]:
    """Lines for people."""
    baseline = found["bare"]
    lines = [f"{baseline[0].requests} requests a round, {len(baseline)} rounds:"]
    for name, rounds in found.items():
        ratios = [ours.wall_s / theirs.wall_s for ours, theirs in zip(rounds, baseline, strict=True)]
        cpu_ms = statistics.median(1000 * figures.cpu_s / figures.requests for figures in rounds)
        lines.append(
            f"  {name:8} {statistics.median(f.wall_s for f in rounds):8.2f} s   {cpu_ms:6.2f} ms cpu a request   "
            f"{statistics.median(f.tokens for f in rounds):8.0f} tokens   {statistics.median(ratios):6.3f} x bare "
            f"({min(ratios):.3f} to {max(ratios):.3f})"
        )
    shortest = min(figures.wall_s for rounds in found.values() for figures in rounds)
    if shortest < LONG_ENOUGH_S:
        lines.append(f"  a round took only {shortest:.1f} s; give a larger --repeat for {LONG_ENOUGH_S:g} s and more")
    return lines


def whole_run(flags: argparse.Namespace, tasks: Path, folder: Path) -> float:
    argv = [sys.executable, str(ROOT / "bench_runner.py"), "--model", flags.model, "--benchmark", "math",
            "--problems-file", str(tasks), "--parallel", str(flags.slots), "--max-tokens", str(flags.max_tokens),
            "--no-resume", "--results", str(folder / "results.json"), "--runs-root", str(folder / "runs"), "--quiet"]
    argv += ["--threads", str(flags.threads)] if flags.threads else []
    began = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise peers.Failed(f"bench_runner.py ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return time.monotonic() - began


def peer_run(flags: argparse.Namespace, peer: peers.Peer, tasks: Path, folder: Path) -> float:
    programs = peer.install(flags.peers)
    place = Path(tempfile.mkdtemp(dir=folder))
    began = time.monotonic()
    with server(flags, folder) as endpoint:
        job = peers.Job(endpoint.base_url, os.environ[KEY], endpoint.model, tasks, flags.slots, flags.max_tokens, place)
        peers.run(peer, programs, job)
        return time.monotonic() - began


def contest(flags: argparse.Namespace, folder: Path) -> list[str]:
    """Whole runs, interleaved; every program has run once before, so that its files are in memory."""
    tasks = many(flags.tasks, 1, folder)
    walls: dict[str, list[float]] = {"bench_runner": [], **{peer.name: [] for peer in peers.PEERS}}
    for number in range(flags.rounds + 1):
        for name, taken in walls.items():
            peer = next((peer for peer in peers.PEERS if peer.name == name), None)
            wall_s = whole_run(flags, tasks, folder) if peer is None else peer_run(flags, peer, tasks, folder)
            if number:
                taken.append(wall_s)
    ours = statistics.median(walls["bench_runner"])
    lines = [f"a whole run of {flags.tasks} tasks, server start included, median of {flags.rounds}:"]
    lines += [f"  {name:14} {statistics.median(taken):7.2f} s   ours is {ours / statistics.median(taken):.2f} of it"
              for name, taken in walls.items()]
    return lines


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="demo", metavar="MODEL", help="default: demo")
    parser.add_argument("--slots", type=int, default=4, metavar="N", help="requests at once; default 4")
    parser.add_argument("--threads", type=int, metavar="N", help="the server's; default: as the runner chooses")
    parser.add_argument("--tasks", type=int, default=200, metavar="N", help="different tasks; default and most 200")
    parser.add_argument("--repeat", type=int, default=15, metavar="N", help="each so often in a round; default 15")
    parser.add_argument("--pairs", type=int, default=7, metavar="N", help="rounds against the bare client; default 7")
    parser.add_argument("--max-tokens", type=int, default=512, metavar="N", help="of a reply; default 512")
    parser.add_argument("--peers", type=Path, metavar="DIR", help="install lm-eval and inspect_ai here and run them")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="whole runs of each; default 3")
    flags = parser.parse_args(argv)
    for name in ("slots", "tasks", "repeat", "pairs", "max_tokens", "rounds"):
        if getattr(flags, name) < 1:
            parser.error(f"--{name.replace('_', '-')}: at least 1")
    if flags.tasks > 200:
        parser.error("--tasks: there are 200; raise --repeat for more requests")
    if flags.peers is not None:
        flags.peers = flags.peers.expanduser().resolve()
    return flags


def main() -> int:
    flags = parse()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            print("\n".join(table(pairs(flags, folder))), flush=True)
            if flags.peers is not None:
                print("\n".join(contest(flags, folder)))
        except (peers.Failed, BenchError) as error:
            print(f"generation.py: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
