#!/usr/bin/env python3
"""Tokens per second at 1, 2, 4 and 8 slots of one server, all of them kept busy, and the ratio to one slot.

In each round a server is started for each number of slots in turn, so that whatever else the machine does meets all
alike; it answers the same requests, each of so many tokens exactly (the end of text is ignored), with as many
connections as it has slots. Printed are medians over the rounds with the spread, and tokens for each second of the
server's processor time, which tells the same on a busy machine. This is what ``--parallel auto`` rests on: where more
slots no longer bring more tokens, they only make each reply slower.

example:
  benches/slots.py --rounds 5 --threads 1 --server-bin ~/bin/llama-server
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import queue
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benches.verify_throughput import tree_cpu_s
from core.errors import BenchError
from core.records import Endpoint
from servers.lifecycle import serve
from servers.models import resolve
from servers.spec import ServerSettings

SLOTS = (1, 2, 4, 8)
ROUNDS = 5
CTX = 2048


@dataclass(frozen=True)
class Load:
    """What every server is asked."""

    requests: int
    tokens: int

    def bodies(self) -> list[bytes]:
        return [json.dumps({
            "messages": [{"role": "user", "content": f"Tom has {number} apples and buys {number + 3} more. Explain."}],
            "max_tokens": self.tokens, "temperature": 0, "ignore_eos": True, "cache_prompt": False,
        }).encode() for number in range(self.requests)]


@dataclass(frozen=True)
class Rate:
    """Of one server in one round."""

    tokens_per_s: float
    tokens_per_cpu_s: float


def tokens_and_seconds(endpoint: Endpoint, load: Load) -> tuple[int, float]:
    """All slots busy from the first request to the last reply. Raises BenchError for a reply that is not as asked."""
    bodies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    for body in [*load.bodies(), *[None] * endpoint.slots]:
        bodies.put(body)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {endpoint.api_key}"}
    counted: list[int] = []

    def work() -> None:
        connection = http.client.HTTPConnection(urlsplit(endpoint.base_url).netloc)
        while (body := bodies.get()) is not None:
            connection.request("POST", "/v1/chat/completions", body, headers)
            counted.append(json.loads(connection.getresponse().read())["usage"]["completion_tokens"])
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(endpoint.slots)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    if counted != [load.tokens] * load.requests:
        raise BenchError(f"of {load.requests} replies of {load.tokens} tokens came {len(counted)}, the shortest of "
                         f"{min(counted, default=0)}; give fewer --tokens")
    return sum(counted), seconds


def measure(settings: dict[int, ServerSettings], model: str, load: Load, rounds: int) -> dict[int, list[Rate]]:
    """Rates by slots; each server is warmed up by one request a slot. Raises BenchError."""
    found: dict[int, list[Rate]] = {slots: [] for slots in settings}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(rounds):
            for slots, asked in settings.items():
                with serve(resolve(model), asked, Path(folder) / "server.log") as server:
                    tokens_and_seconds(server.endpoint, Load(slots, 8))
                    before = tree_cpu_s(server.pid or 0)
                    tokens, seconds = tokens_and_seconds(server.endpoint, load)
                    cpu_s = max(tree_cpu_s(server.pid or 0) - before, 1e-9)
                    found[slots].append(Rate(tokens / seconds, tokens / cpu_s))
    return found


def table(found: dict[int, list[Rate]]) -> list[str]:
    """Lines for people."""
    lines, first = [], next(iter(found))
    one, one_cpu = _medians(found[first])
    for slots, rates in found.items():
        median, by_cpu = _medians(rates)
        all_of_them = [rate.tokens_per_s for rate in rates]
        lines.append(f"{slots:2} slot{'s' if slots > 1 else ' '} {median:7.0f} tokens/s ({min(all_of_them):.0f} to "
                     f"{max(all_of_them):.0f})   {median / one:5.2f}x {first} slot   {median / slots:6.0f} a slot   "
                     f"{by_cpu:6.0f} for a second of processor time ({by_cpu / one_cpu:.2f}x)")
    return lines


def _medians(rates: list[Rate]) -> tuple[float, float]:
    return (statistics.median(rate.tokens_per_s for rate in rates),
            statistics.median(rate.tokens_per_cpu_s for rate in rates))


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    head, _, example = (__doc__ or "").partition("example:")
    parser = argparse.ArgumentParser(description=head, epilog=f"example:{example}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", nargs="+", type=int, default=list(SLOTS), metavar="N", help="(1 2 4 8)")
    parser.add_argument("--model", default="demo", metavar="MODEL", help="as for a run (demo)")
    parser.add_argument("--server-bin", metavar="PATH", help="a llama-server; by default xllamacpp")
    parser.add_argument("--threads", type=int, metavar="N", help="of the server (as a run would choose)")
    parser.add_argument("--gpu-layers", default="auto", metavar="auto|all|N")
    parser.add_argument("--requests", type=int, default=32, metavar="N", help="in a round, for each server (32)")
    parser.add_argument("--tokens", type=int, default=128, metavar="N", help="of each reply (128)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"interleaved rounds ({ROUNDS})")
    options = parser.parse_args(argv)
    if min(options.rounds, options.requests, options.tokens, *options.slots) < 1:
        parser.error("--slots, --rounds, --requests, --tokens: at least 1")
    if options.gpu_layers not in {"auto", "all"} and not options.gpu_layers.isdecimal():
        parser.error("--gpu-layers: auto, all or a number")
    return options


def main() -> int:
    options = parse()
    layers = options.gpu_layers if options.gpu_layers in {"auto", "all"} else int(options.gpu_layers)
    try:
        settings = {
            slots: ServerSettings(
                backend="llama-server" if options.server_bin else "xllamacpp", server_bin=options.server_bin,
                gpu_layers=layers, ctx_size=CTX, parallel=slots, threads=options.threads)
            for slots in options.slots
        }
        found = measure(settings, options.model, Load(options.requests, options.tokens), options.rounds)
    except BenchError as error:
        print(f"slots.py: {error}", file=sys.stderr)
        return 1
    print(f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {options.model}, medians "
          f"of {options.rounds} interleaved rounds (lowest to highest)")
    print("\n".join(table(found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
