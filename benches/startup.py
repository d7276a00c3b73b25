#!/usr/bin/env python3
"""How long until something happens: ``--help`` against a bare Python, and a run's first request against its server.

In each round: ``python -c pass``; ``bench_runner.py --help``; the server by itself, started with the settings that the
runner would give it, until ``/health`` is 200; and a run of one task of the demo model, until its first request is sent
(when the first sample was written, less the seconds that its request took). Printed are medians over the rounds with
the spread, and the ratios help / bare Python and first request / server by itself.

example:
  benches/startup.py --rounds 7 --server-bin ~/bin/llama-server
"""

from __future__ import annotations

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import requests

from servers.backends.xllamacpp import HOST_PROGRAM
from system.ports import free_port

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 7
_MODEL = ROOT / "models" / "demo-5M-Q4_K_M.gguf"
_CTX = 2048
_LONGEST_S = 60.0
_POLL_S = 0.001
NAMES = ("bare Python", "--help", "the server by itself", "first request of a run")


class Failed(Exception):
    """A measurement could not be made; the text says why."""


def bare_python() -> float:
    return _seconds([sys.executable, "-c", "pass"])


def show_help() -> float:
    return _seconds([sys.executable, str(ROOT / "bench_runner.py"), "--help"])


def _seconds(argv: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(argv, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def server_alone(server_bin: str | None) -> float:
    """From its start until it says that it is ready."""
    port, key = free_port(), secrets.token_hex(16)
    settings = {"model.path": str(_MODEL), "hostnames": ["127.0.0.1"], "port": port, "api_keys": [key], "n_ctx": _CTX,
                "n_parallel": 1, "n_gpu_layers": 0, "cpuparams.n_threads": 1, "fit_params": False, "cache_ram_mib": 0}
    argv = [sys.executable, "-I", HOST_PROGRAM]
    if server_bin is not None:
        argv = [server_bin, "--model", str(_MODEL), "--host", "127.0.0.1", "--port", str(port), "--ctx-size",
                str(_CTX), "--parallel", "1", "--gpu-layers", "0", "--threads", "1", "--fit", "off", "--cache-ram", "0"]
    began = time.perf_counter()
    server = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        assert server.stdin is not None
        server.stdin.write(json.dumps(settings).encode() if server_bin is None else b"")
        server.stdin.close()
        while not _ready(port):
            if server.poll() is not None or time.perf_counter() - began > _LONGEST_S:
                raise Failed(f"the server by itself did not come up: {' '.join(argv)}")
            time.sleep(_POLL_S)
        return time.perf_counter() - began
    finally:
        server.kill()
        server.wait()


def _ready(port: int) -> bool:
    try:
        return bool(requests.get(f"http://127.0.0.1:{port}/health", timeout=1).ok)
    except requests.RequestException:
        return False


def first_request(server_bin: str | None) -> float:
    """From the runner's start."""
    with tempfile.TemporaryDirectory() as name:
        server = ["--server", "xllamacpp"] if server_bin is None else [
            "--server", "llama-server", "--server-bin", server_bin]
        argv = [sys.executable, str(ROOT / "bench_runner.py"), "--model", str(_MODEL), "--benchmark", "math", "--limit",
                "1", "--parallel", "1", "--threads", "1", "--ctx-size", str(_CTX), "--max-tokens", "64", "--quiet",
                "--results", f"{name}/r.json", "--runs-root", f"{name}/runs", *server]
        began = time.perf_counter()
        run = subprocess.Popen(argv, cwd=name, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            while not (sample := _first_sample(Path(name))):
                if run.poll() not in {None, 0} or time.perf_counter() - began > _LONGEST_S:
                    raise Failed(f"the run wrote no sample: {run.communicate(timeout=_LONGEST_S)[1]}")
                time.sleep(_POLL_S)
            seconds = time.perf_counter() - began - float(json.loads(sample)["wall_s"])
            run.communicate(timeout=_LONGEST_S)
        finally:
            run.kill()
            run.wait()
    return seconds


def _first_sample(folder: Path) -> str:
    for path in folder.glob("runs/*/samples.jsonl"):
        text = path.read_text()
        if text.endswith("\n"):
            return text.splitlines()[0]
    return ""


def measure(rounds: int, server_bin: str | None) -> dict[str, list[float]]:
    """Seconds by name; the first round warms up and is not counted. Raises Failed."""
    found: dict[str, list[float]] = {name: [] for name in NAMES}
    for number in range(rounds + 1):
        once = (bare_python(), show_help(), server_alone(server_bin), first_request(server_bin))
        if number > 0:
            for name, seconds in zip(NAMES, once, strict=True):
                found[name].append(seconds)
    return found


def table(found: dict[str, list[float]]) -> list[str]:
    """Lines for people: each figure, the second and fourth with their ratio to the one before."""
    lines, before = [], 0.0
    for number, (name, seconds) in enumerate(found.items()):
        median = statistics.median(seconds)
        line = f"{name:24} {1000 * median:7.0f} ms ({1000 * min(seconds):.0f} to {1000 * max(seconds):.0f})"
        if number % 2:
            line += f"   {median / before:.2f}x {NAMES[number - 1]}, {1000 * (median - before):+.0f} ms"
        lines.append(line)
        before = median
    return lines


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    head, _, example = (__doc__ or "").partition("example:")
    parser = argparse.ArgumentParser(description=head, epilog=f"example:{example}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, metavar="N", help=f"interleaved rounds ({ROUNDS})")
    parser.add_argument("--server-bin", metavar="FILE", help="a llama-server; otherwise xllamacpp is started")
    options = parser.parse_args(argv)
    if options.rounds < 1:
        parser.error("--rounds: at least 1")
    if options.server_bin and not os.access(options.server_bin, os.X_OK):
        parser.error(f"--server-bin {options.server_bin}: there is no program of that name")
    return options


def main() -> int:
    options = parse()
    print(f"medians of {options.rounds} rounds (lowest to highest), load {os.getloadavg()[0]:.1f}")
    try:
        print("\n".join(table(measure(options.rounds, options.server_bin))))
    except Failed as error:
        print(f"startup.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
