"""What the machine has, gathered from the rooms."""

from __future__ import annotations

import os

from benchmarks.doctor import dataset_facts
from core.findings import Finding
from evaluators.probe import sandbox_facts
from runner.metering import NAMES
from servers.doctor import server_facts
from system.energy.watch import EnergyWatch
from system.host import available_memory_bytes, host_facts, load_average, usable_cores
from tracking.mlflow.doctor import mlflow_facts

_GIB = 1 << 30
_LITTLE_BYTES = 4 * _GIB


def facts(server_bin: str | None) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
    """(title, lines) of each section, in the order people need them."""
    return (
        ("Servers", server_facts(server_bin)),
        ("Machine", _machine()),
        ("Sandbox", sandbox_facts()),
        ("Datasets", dataset_facts()),
        ("Tracking", mlflow_facts(os.environ)),
    )


def _machine() -> tuple[Finding, ...]:
    host = host_facts()
    free = available_memory_bytes()
    busy = load_average()[0]
    return (
        Finding("system", ok=True, detail=f"{host['os']}, Python {host['python']}"),
        Finding("processor", ok=True, detail=f"{host['cpu']}, {host['cores']} cores"),
        Finding(
            "memory",
            ok=free >= _LITTLE_BYTES,
            detail=f"{free / _GIB:.1f} of {host['memory_bytes'] / _GIB:.1f} GiB free",
            advice="" if free >= _LITTLE_BYTES else "a model needs its file's size and some; end what else uses memory",
        ),
        Finding(
            "load",
            ok=busy < usable_cores(),
            detail=f"{busy:.1f} processes want to run",
            advice="" if busy < usable_cores() else "timings will be too slow; end what else is running",
        ),
        *_meters(),
    )


def _meters() -> tuple[Finding, ...]:
    """What ``--measure-energy`` would measure."""
    with EnergyWatch() as watch:
        found, missing = watch.sources, watch.missing
    there = [Finding(f"energy, {NAMES[kind]}", ok=True, detail=source) for kind, source in found.items()]
    advice = "--measure-energy goes without it: docs/energy.md"
    return (*there, *(Finding(f"energy, {NAMES[kind]}", ok=True, detail=f"no meter: {why}", advice=advice)
                      for kind, why in missing.items()))
