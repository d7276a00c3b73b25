"""AMD's boards by the real Zeus, with a stand-in for ROCm's binding (``tests/fakes/amdsmi.py``)."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests import nvml_library, skips

ZEUS = importlib.util.find_spec("zeus") is not None
CARDS = {f"card{n}": {"Card Series": "MI210", "VRAM Total Memory (B)": "68702699520", "VRAM Total Used Memory (B)": "9"}
         for n in range(2)}
METER = """
import json, os
from pathlib import Path
from time import monotonic
from system.energy import by_zeus
from system.energy.watch import EnergyWatch
with EnergyWatch({"gpu": (by_zeus.amd_boards,)}) as watch:
    used = watch.idle_watts(0.5, lambda: False)
    if os.environ.get("AMD_LOST"):
        Path(os.environ["AMD_LOST"]).touch()
    print(json.dumps([watch.sources, watch.missing, used, list(watch.joules()), watch.lost]))
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """One with two boards of AMD's and their tools."""
    shutil.copy(nvml_library.ROOT / "tests" / "fakes" / "amdsmi.py", tmp_path)
    tool = tmp_path / "rocm-smi"
    tool.write_text(f"#!/bin/sh\necho '{json.dumps(CARDS)}'\n")
    tool.chmod(0o755)
    told = nvml_library.environment(tmp_path)
    path = {name: os.pathsep.join([str(tmp_path), told[name]]) for name in ("PATH", "PYTHONPATH")}
    return {**told, **path}


def metered(environment: dict[str, str]) -> list[Any]:
    done = subprocess.run([sys.executable, "-c", METER], env=environment, capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@skips.needs("zeus", there=ZEUS)
@pytest.mark.parametrize(("told", "source"), [({"AMD_ENERGY": "40"}, "energy counter of AMD Instinct MI210"),
                                              ({}, "power of AMD Instinct MI210, integrated")])
def test_a_counter_is_read_where_it_can_be_believed_and_power_integrated_elsewhere(
    machine: dict[str, str], told: dict[str, str], source: str
) -> None:
    sources, _, watts, _, _ = metered({**machine, **told})
    assert sources == {"gpu": f"2 x amdsmi {source}"}
    assert watts["gpu"] == pytest.approx(80, rel=0.2)  # read late on a busy machine


@skips.needs("zeus", there=ZEUS)
def test_a_board_that_is_gone_has_no_energy_from_then_on(machine: dict[str, str], tmp_path: Path) -> None:
    *_, left, lost = metered({**machine, "AMD_ENERGY": "40", "AMD_LOST": str(tmp_path / "lost")})
    assert (left, lost) == ([], {"gpu": "AMDSMI_STATUS_NOT_FOUND - Device not found"})


def test_without_the_extra_the_message_says_what_to_install(machine: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "zeus.py").write_text("raise ImportError('not installed')\n")
    _, missing, *_ = metered(machine)
    assert missing == {"gpu": "AMD GPU: wants the extra 'energy' (./setup --with energy)"}
