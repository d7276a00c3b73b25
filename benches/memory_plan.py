#!/usr/bin/env python3
"""The memory plan against the server's own report, for models, contexts and slots; on a GPU against its use as well.

Each setting is planned, started, and compared: what was planned before the start, what the server's log says it
allocated, by how much the plan is off in all and in each part, and the time that planning took. With layers on a GPU,
also what the driver says the server uses there, which holds the driver's own context beside what was planned.

example:
  benches/memory_plan.py --model demo demo-3M --ctx-size 512 8192 --slots 1 8 --server-bin ~/bin/llama-server
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.errors import BenchError
from core.records import ModelInfo
from servers.gguf_parts import read_model
from servers.lifecycle import serve
from servers.memory import MemoryModel, Setting
from servers.memory_options import MemoryOptions
from servers.memory_plan import MemoryCheck
from servers.models import list_demos, resolve
from servers.spec import ServerSettings

MB = 1e6
HEAD = (f"{'model':18} {'context':>7} {'slots':>5}   {'planned':>9} {'reported':>9} {'off':>6}   "
        f"{'weights':>8} {'cache':>6} {'buffers':>8}")


def check(model: ModelInfo, settings: ServerSettings) -> MemoryCheck:
    """One start. Raises BenchError."""
    with tempfile.TemporaryDirectory() as folder, serve(model, settings, Path(folder) / "server.log") as server:
        if server.memory is None or server.memory.plan is None or server.memory.reported is None:
            raise BenchError(f"{server.endpoint.backend} reports no memory for {model.label}")
        return server.memory


def row(model: ModelInfo, settings: ServerSettings, found: MemoryCheck) -> str:
    """One line for people."""
    assert found.plan is not None
    assert found.reported is not None
    planned, told = found.plan.needs.both, found.reported
    parts = ((planned.weights, told.weights_bytes), (planned.kv_cache, told.kv_cache_bytes),
             (planned.buffers, told.buffers_bytes))
    off = [f"{100 * (plan / report - 1):+.1f}%" if report else "-" for plan, report in parts]
    gpu = f"   GPU {found.plan.needs.vram.total / MB:.0f} planned, {found.gpu_bytes / MB:.0f} used" \
        if found.gpu_bytes is not None else ""
    sums = f"{planned.total / MB:6.1f} MB {told.total_bytes / MB:6.1f} MB {100 * (found.off or 0):+5.1f}%"
    return (f"{model.label:18} {settings.ctx_size:7} {settings.parallel:>5}   {sums}   {off[0]:>8} {off[1]:>6} "
            f"{off[2]:>8}{gpu}")


def planning_s(model: ModelInfo) -> float:
    """From the file to the figure, without a server."""
    began = time.perf_counter()
    header, _ = read_model(model.path or "")
    MemoryModel(header, MemoryOptions(), "avx2").needs(Setting(4, 4096))
    return time.perf_counter() - began


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    head, _, example = (__doc__ or "").partition("example:")
    parser = argparse.ArgumentParser(description=head, epilog=f"example:{example}",
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", nargs="+", default=[], metavar="MODEL", help="as for a run (every demo model)")
    parser.add_argument("--ctx-size", nargs="+", type=int, default=[512, 2048, 8192], metavar="N",
                        help="tokens a slot (512 2048 8192)")
    parser.add_argument("--slots", nargs="+", type=int, default=[1, 4, 8], metavar="N", help="(1 4 8)")
    parser.add_argument("--server-bin", metavar="PATH", help="a llama-server; by default xllamacpp")
    parser.add_argument("--gpu-layers", default="auto", choices=("auto", "all"))
    options = parser.parse_args(argv)
    if min(*options.ctx_size, *options.slots) < 1:
        parser.error("--ctx-size, --slots: at least 1")
    return options


def main() -> int:
    options = parse()
    worst = 0.0
    try:
        models = [resolve(spec) for spec in options.model] or list(list_demos())
        print(HEAD)
        for model in models:
            for ctx_size in options.ctx_size:
                for slots in options.slots:
                    settings = ServerSettings(
                        backend="llama-server" if options.server_bin else "xllamacpp", server_bin=options.server_bin,
                        gpu_layers=options.gpu_layers, ctx_size=ctx_size, parallel=slots)
                    found = check(model, settings)
                    worst = max(worst, abs(found.off or 0.0))
                    print(row(model, settings, found), flush=True)
    except BenchError as error:
        print(f"memory_plan.py: {error}", file=sys.stderr)
        return 1
    slowest = max(map(planning_s, models))
    print(f"worst: {100 * worst:.1f} % off; a plan takes up to {1000 * slowest:.0f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
