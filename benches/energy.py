#!/usr/bin/env python3
"""Joules of a run against the driver's counter, read by another program: this one, as the run's own benchmark script.

The tool runs this file as ``--script``. It reads the energy counter of every GPU by NVML itself, keeps all slots of the
server busy for so many seconds, and reads it again. The run's record has to say the same, but for the power in the
tenths of a second that it took to be started. Wants an NVIDIA GPU of Volta or later. Exit code 1: they are more than
three percent apart; 2: there is no such GPU.

example:
  benches/energy.py --model ~/models/qwen3-8b-Q4_K_M.gguf --seconds 60
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pynvml

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from system import nvml

ROOT = Path(__file__).resolve().parents[1]
OUT = "BENCH_ENERGY_OUT"
WITHIN = 0.03


def counted_j() -> float:
    """All GPUs that CUDA would use, since the driver was loaded."""
    millijoules = [int(pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)) for handle in nvml.visible()]
    return sum(millijoules) / 1000


def as_script(seconds: float) -> None:
    """What the runner starts: the counter, requests, the counter."""
    pynvml.nvmlInit()
    before, until = counted_j(), time.monotonic() + seconds
    slots = json.loads(Path(os.environ["BENCH_REQUEST"]).read_text())["slots"]
    threads = [threading.Thread(target=ask_until, args=(until, number)) for number in range(slots)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Path(os.environ[OUT]).write_text(json.dumps(counted_j() - before))
    print("Score: 100%")


def ask_until(until: float, number: int) -> None:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {os.environ.get('BENCH_API_KEY', '')}"}
    body = {"model": os.environ["BENCH_MODEL"], "max_tokens": 256, "temperature": 1.0, "ignore_eos": True,
            "seed": number, "messages": [{"role": "user", "content": "Tell a long story about a lighthouse."}]}
    while time.monotonic() < until:
        request = Request(f"{os.environ['BENCH_BASE_URL']}/v1/chat/completions", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=600) as reply:
            reply.read()


def measured(flags: argparse.Namespace, folder: Path) -> tuple[dict[str, Any], float]:
    """The record of one run, and the joules that its script counted."""
    argv = [sys.executable, str(ROOT / "bench_runner.py"), "--model", flags.model, "--benchmark", "energy", "--script",
            str(Path(__file__).resolve()), "--measure-energy", "--json", *flags.more]
    out = folder / "counted"
    environment = {**os.environ, OUT: str(out), "BENCH_ENERGY_SECONDS": str(flags.seconds)}
    done = subprocess.run(argv, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    record: dict[str, Any] = json.loads(done.stdout)["runs"][0]
    return record, float(out.read_text())


def parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\nexample:")[0], formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example:\n  benches/energy.py --model ~/models/qwen3-8b-Q4_K_M.gguf --seconds 60\n\n"
               "Flags behind -- go to the run: benches/energy.py --model demo -- --gpu-layers all",
    )
    parser.add_argument("--model", default="demo", help="as for the tool (default: demo)")
    parser.add_argument("--seconds", type=float, default=60.0, help="of work (default: 60)")
    parser.add_argument("more", nargs="*", help="further flags of the run")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    flags = parse(argv)
    try:
        pynvml.nvmlInit()
        counted_j()
    except pynvml.NVMLError as error:
        print(f"no NVIDIA GPU with an energy counter can be read here ({error}); run this where there is one.",
              file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        record, counted = measured(flags, Path(folder))
    energy = record.get("energy", {})
    told = energy.get("gpu")
    if told is None:
        print(f"no energy of a GPU: {record.get('checks', {}).get('energy', 'not told why')}")
        return 1
    off = told["energy_j"] / counted - 1
    print(f"record {told['energy_j']:,.1f} J ({told['source']}), counter {counted:,.1f} J: {100 * off:+.2f} %, over "
          f"{energy['seconds']:.1f} s; idle {told['idle_watts']:.1f} W, mean {told['mean_watts']:.1f} W")
    return 0 if abs(off) <= WITHIN else 1


if __name__ == "__main__":
    if OUT in os.environ:
        as_script(float(os.environ["BENCH_ENERGY_SECONDS"]))
    else:
        sys.exit(main(sys.argv[1:]))
