"""The bench of energy, where a library with NVML's functions stands in for the driver's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from benches import energy
from tests import nvml_library

BENCH = Path(energy.__file__)


def test_help_has_an_example() -> None:
    done = subprocess.run([sys.executable, BENCH, "--help"], capture_output=True, text=True, check=True)
    assert "example:\n  benches/energy.py --" in done.stdout


def test_without_such_a_gpu_it_says_so_in_a_line(tmp_path: Path) -> None:
    told = nvml_library.environment(tmp_path / "no library is here")
    done = subprocess.run([sys.executable, BENCH], env=told, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith("no NVIDIA GPU with an energy counter can be read here (")
    assert "Traceback" not in done.stderr


def test_a_record_and_the_counter_are_held_against_each_other(tmp_path: Path) -> None:
    told = nvml_library.environment(nvml_library.build(tmp_path), NVML_ENERGY="100", NVML_PIDS="1")
    done = subprocess.run([sys.executable, BENCH, "--seconds", "1", "--", "--server", "xllamacpp", "--threads", "1"],
                          env=told, capture_output=True, text=True, check=False, timeout=110)
    assert "2 x NVML energy counter of NVIDIA H100" in done.stdout, done.stderr
    told_j = re.findall(r"(?:record|, counter) ([0-9,.]+) J", done.stdout)
    record_j, counter_j = (float(joules.replace(",", "")) for joules in told_j)
    assert 0 < counter_j <= record_j, "the record has the start of the script as well"
