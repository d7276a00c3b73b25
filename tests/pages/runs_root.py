"""A folder of runs whose records are made up, for reports across runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from analysis.pairs import tasks_sha256
from analysis.wilson import wilson

EVIL = "<img src=x onerror=alert('ran')></script><script>alert('ran')</script>\x1b[31m\u202e`|"


def tasks_of(benchmark: str, count: int = 40) -> list[str]:
    return [f"{benchmark}/{number}" for number in range(count)]


def write_run(root: Path, name: str, benchmark: str, model: str, failed: Iterable[int], **more: Any) -> Path:
    """A run's folder with a record alone; ``model``: ``base:quantization``."""
    tasks = tasks_of(benchmark)
    names = [tasks[number] for number in failed]
    passed = len(tasks) - len(names)
    base, _, quantization = model.rpartition(":")
    config = {"base_name": base, "quantization": quantization, "strategy": "single", **more.pop("config", {})}
    record: dict[str, Any] = {
        "timestamp": "2026-11-24T10:00:00Z", "benchmark": benchmark, "model": model,
        "config": config, "status": "complete", "validity": {"status": "ok", "reasons": []},
        "results": {"score": 100 * passed / len(tasks), "total_passed": passed, "total_problems": len(tasks),
                    "failed_tasks": names, "time_taken": 12.5},
        "interval": list(wilson(passed, len(tasks)) or ()), "tasks_sha256": tasks_sha256(tasks),
        "outcomes": {"correct": passed, "wrong": len(names)}, **more,
    }
    folder = root / name
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text(json.dumps(record))
    return folder


def family(root: Path, benchmark: str = "math", base: str = "demo-5M") -> None:
    """Four quantizations, of which the smallest is much worse; with speed, memory and sizes."""
    for number, (quantization, failed, size) in enumerate(
        (("F16", range(2), 10e6), ("Q8_0", range(2), 5.3e6), ("Q4_K_M", range(4), 3.1e6), ("Q2_K", range(30), 2e6))
    ):
        write_run(root, f"20261124T10000{number}Z-{benchmark}-{quantization.lower().replace('_', '-')}", benchmark,
                  f"{base}:{quantization}", failed, config={"size_bytes": size},
                  latency={"tokens_per_second": 1000.0 + 200 * number}, memory={"server_rss_bytes": 6 * size})
