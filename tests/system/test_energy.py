"""Meters whose power is known: simulated ones on a simulated clock, and stand-ins for what drivers and Linux show."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from system.energy import rapl, sharing
from system.energy.meter import LONGEST_GAP_S, Counter, Found, Integrated, MeterLost
from system.energy.watch import EnergyWatch
from tests import nvml_library

# -- simulated meters --------------------------------------------------------------------------------------------------


def looks(until_s: float, dice: random.Random) -> Iterator[float]:
    """Moments about a tenth of a second apart, some of them late, as a busy machine reads its meters."""
    now = 0.0
    while now < until_s:
        yield now
        now += dice.uniform(0.09, 0.12) if dice.random() < 0.98 else dice.uniform(0.15, 0.3)
    yield until_s


SHAPES: dict[str, tuple[Callable[[float], float], float]] = {
    "steady": (lambda _t: 300.0, 300.0 * 60),
    "slow": (lambda t: 200 + 150 * math.sin(t / 5), 200 * 60 + 150 * 5 * (1 - math.cos(60 / 5))),
    "requests of two seconds": (lambda t: 350.0 if t % 3 < 2 else 60.0, 20 * (2 * 350.0 + 60.0)),
}


class Simulated:
    """A meter that tells a known power, and the clock that it goes by."""

    def __init__(self, watts: Callable[[float], float]) -> None:
        self.now = 0.0
        self.meter = Integrated("gpu", "simulated", lambda: watts(self.now), lambda: self.now)


@pytest.mark.parametrize("shape", SHAPES)
def test_power_that_is_known_is_integrated_within_one_percent(shape: str) -> None:
    watts, joules = SHAPES[shape]
    for seed in range(20):
        simulated, total = Simulated(watts), 0.0
        for simulated.now in looks(60.0, random.Random(seed)):
            total = simulated.meter.joules()
        assert total == pytest.approx(joules, rel=0.01)


def test_power_that_nobody_read_for_too_long_is_not_guessed() -> None:
    simulated = Simulated(lambda _t: 100.0)
    simulated.now = LONGEST_GAP_S + 1
    with pytest.raises(MeterLost, match="not read for 6 s"):
        simulated.meter.joules()


def test_a_counter_that_begins_again_goes_on_and_one_that_goes_back_is_lost() -> None:
    readings = iter([90.0, 95.0, 5.0, 8.0])
    wrapping = Counter("cpu", "simulated", lambda: next(readings), wraps_at=100.0)
    assert [wrapping.joules() for _ in range(3)] == [5, 15, 18]
    falling = iter([90.0, 95.0, 5.0])
    counter = Counter("gpu", "simulated", lambda: next(falling))
    assert counter.joules() == 5
    with pytest.raises(MeterLost, match="went back"):
        counter.joules()


def test_a_kind_is_lost_with_one_of_its_meters_and_the_other_kind_goes_on() -> None:
    ticks = itertools.count()

    def fails() -> float:
        if next(ticks) > 2:
            raise MeterLost("it fell off the bus")
        return 1.0

    sources = {"gpu": (lambda: Found(missing="no GPU"), lambda: Found((Counter("gpu", "a", fails), _steady("gpu")))),
               "cpu": (lambda: Found((_steady("cpu"),)),)}
    watch = EnergyWatch(sources)
    assert (watch.missing, watch.sources) == ({}, {"gpu": "a, b", "cpu": "b"})
    assert set(watch.joules()) == {"gpu", "cpu"}
    while "gpu" in watch.joules():
        pass
    assert watch.lost == {"gpu": "it fell off the bus"}
    assert set(watch.joules()) == {"cpu"}


def _steady(kind: str) -> Counter:
    return Counter(kind, "b", lambda: 0.0)


def test_a_kind_without_a_meter_says_why_by_every_way_that_was_tried() -> None:
    watch = EnergyWatch({"gpu": (lambda: Found(missing="no driver"), Found, lambda: Found(missing="no program"))})
    assert (watch.missing, watch.sources, watch.joules()) == ({"gpu": "no driver; no program"}, {}, {})


# -- processor packages ------------------------------------------------------------------------------------------------


def zone(powercap: Path, number: str, name: str, microjoules: int, wraps_at: int = 262_143_328_850) -> Path:
    folder = powercap / f"intel-rapl:{number}"
    folder.mkdir(parents=True)
    for file, text in (("name", name), ("energy_uj", microjoules), ("max_energy_range_uj", wraps_at)):
        (folder / file).write_text(f"{text}\n")
    return folder


def test_packages_are_added_and_what_is_part_of_them_is_not(tmp_path: Path) -> None:
    first, second = zone(tmp_path, "0", "package-0", 1_000_000, 9_000_000), zone(tmp_path, "1", "package-1", 0)
    core, psys = zone(tmp_path, "0:0", "core", 0), zone(tmp_path, "2", "psys", 0)
    (tmp_path / "intel-rapl-mmio:0").mkdir()
    watch = EnergyWatch({"cpu": (lambda: rapl.packages(tmp_path),)})
    assert watch.sources == {"cpu": "RAPL of package-0, RAPL of package-1"}
    for folder in (core, psys):
        (folder / "energy_uj").write_text("77000000")
    (first / "energy_uj").write_text("6000000")
    (second / "energy_uj").write_text("2000000")
    assert watch.joules() == {"cpu": 5 + 2}
    (first / "energy_uj").write_text("500000")  # it began again at 9 J
    assert watch.joules() == {"cpu": 5 + 3.5 + 2}
    (second / "energy_uj").unlink()
    assert watch.joules() == {}
    assert "cannot be read any more" in watch.lost["cpu"]


def test_a_machine_without_readable_packages_says_so(tmp_path: Path) -> None:
    assert "shows no processor package" in rapl.packages(tmp_path).missing
    (zone(tmp_path, "0", "package-0", 0) / "max_energy_range_uj").write_text("a lot")
    assert "cannot be read" in rapl.packages(tmp_path).missing


def test_counters_that_only_root_may_read_are_told_with_what_to_do() -> None:
    with tempfile.TemporaryDirectory() as name:  # pytest's own folders cannot be entered by anybody else
        powercap = Path(name)
        powercap.chmod(0o755)
        (zone(powercap, "0", "package-0", 0) / "energy_uj").chmod(0)
        with nobody():
            missing = rapl.packages(powercap).missing
    assert "only root may read" in missing
    assert f"sudo chmod a+r {powercap}/intel-rapl:*/energy_uj" in missing


@contextlib.contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything; whoever else runs the tests may not."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


# -- GPUs --------------------------------------------------------------------------------------------------------------

METER = """
import json, os, sys
from pathlib import Path
from time import monotonic
from system.energy import nvidia, nvidia_smi
from system.energy.watch import EnergyWatch

with EnergyWatch({"gpu": (nvidia.boards, nvidia_smi.boards)}) as watch:
    times, joules = [monotonic()], []
    for _ in range(2):
        until = monotonic() + 0.5
        while monotonic() < until:
            watch._stop.wait(0.05)
        times += [monotonic()]
        joules += [watch.joules()]
        times += [monotonic()]
    if os.environ.get("NVML_LOST"):
        Path(os.environ["NVML_LOST"]).touch()
        joules += [watch.joules()]
    print(json.dumps([watch.sources, watch.missing, watch.lost, joules, times]))
"""


Said = dict[str, str]


def metered(environment: Said) -> tuple[Said, Said, Said, list[Any], list[float]]:
    done = subprocess.run([sys.executable, "-c", METER], env=environment, capture_output=True, text=True, check=False,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    sources, missing, lost, joules, times = json.loads(done.stdout)
    return sources, missing, lost, joules, times


def between(watts: float, times: list[float], joules: list[dict[str, float]]) -> None:
    """What was read is the known power over a time between the moments right before and right after each reading."""
    used = joules[1]["gpu"] - joules[0]["gpu"]
    assert 0.99 * watts * (times[3] - times[2]) <= used <= 1.01 * watts * (times[4] - times[1])


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nvml_library.build(tmp_path_factory.mktemp("nvml"))


def test_the_drivers_energy_counter_is_read_where_there_is_one(driver: Path) -> None:
    sources, _, _, joules, times = metered(nvml_library.environment(driver, NVML_ENERGY="250", NVML_POWER="9"))
    assert sources == {"gpu": "2 x NVML energy counter of NVIDIA H100"}
    between(500, times, joules)


def test_power_is_integrated_where_the_driver_counts_no_energy(driver: Path) -> None:
    told = nvml_library.environment(driver, NVML_POWER="120", CUDA_VISIBLE_DEVICES="1")
    sources, _, _, joules, times = metered(told)
    assert sources == {"gpu": "NVML power of NVIDIA H100, integrated"}
    between(120, times, joules)


def test_a_gpu_that_is_lost_in_mid_run_has_no_energy_from_then_on(driver: Path, tmp_path: Path) -> None:
    told = nvml_library.environment(driver, NVML_ENERGY="250", NVML_LOST=str(tmp_path / "lost"))
    _, _, lost, joules, _ = metered(told)
    assert "gpu" in joules[1]
    assert joules[2] == {}
    assert "lost" in lost["gpu"].lower()


SMI = """#!/usr/bin/env python3
import sys, time
every = next(float(word.partition("=")[2]) / 1000 for word in sys.argv if word.startswith("--loop-ms="))
for round in range(FOR_ROUNDS):
    print("0, GPU-aaaa, NVIDIA T4, 60.50")
    print("1, GPU-bbbb, NVIDIA T4, [N/A]")
    print("2, GPU-cccc, NVIDIA T4, 39.50", flush=True)
    time.sleep(every)
"""


def smi(folder: Path, rounds: int) -> dict[str, str]:
    program = folder / "nvidia-smi"
    program.write_text(SMI.replace("FOR_ROUNDS", str(rounds)))
    program.chmod(0o755)
    environment = nvml_library.environment(folder)
    path = [str(folder), str(Path(sys.executable).parent), environment["PATH"]]
    return {**environment, "PATH": os.pathsep.join(path)}


def test_nvidia_smi_is_asked_where_the_library_is_missing(tmp_path: Path) -> None:
    sources, _, _, joules, times = metered(smi(tmp_path, 10_000))
    assert sources == {"gpu": "2 x nvidia-smi, power of NVIDIA T4, integrated"}
    between(100, times, joules)


def test_only_the_boards_that_cuda_would_use_are_metered(tmp_path: Path) -> None:
    sources, _, _, joules, times = metered({**smi(tmp_path, 10_000), "CUDA_VISIBLE_DEVICES": "GPU-c,7,0"})
    assert sources == {"gpu": "nvidia-smi, power of NVIDIA T4, integrated"}
    between(39.5, times, joules)


def test_an_nvidia_smi_that_ends_takes_the_meter_with_it(tmp_path: Path) -> None:
    _, _, lost, joules, _ = metered(smi(tmp_path, 2))
    assert joules[1] == {}
    assert lost == {"gpu": "nvidia-smi has ended"}


def test_without_library_and_program_there_is_no_meter_and_it_says_why(tmp_path: Path) -> None:
    _, missing, _, joules, _ = metered(nvml_library.environment(tmp_path))
    assert joules == [{}, {}]
    assert "NVML" in missing["gpu"]
    assert "nvidia-smi: not on PATH" in missing["gpu"]


# -- others on the GPU -------------------------------------------------------------------------------------------------


def told(*pids: int) -> frozenset[int]:
    return frozenset(pids)


def test_others_on_the_gpu_are_named_and_our_own_server_is_not_one_of_them() -> None:
    own = sharing.family(os.getpid())
    found = sharing.others(own, ours_is_there=True, told=lambda: told(os.getpid(), os.getppid()))
    assert found is not None
    assert len(found) == 1
    assert found[0].endswith(f"(pid {os.getppid()})")
    assert sharing.others(own, ours_is_there=True, told=lambda: own) == ()
    assert sharing.others((), ours_is_there=False, told=lambda: told(2**22 + 5)) == (f"a process (pid {2**22 + 5})",)


def test_a_process_whose_name_would_move_the_cursor_is_named_by_letters_alone(tmp_path: Path) -> None:
    program = tmp_path / "a\x1b[2Jb"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([str(program), "60"]) as sleeping:
        try:
            found = sharing.others((), ours_is_there=False, told=lambda: told(sleeping.pid))
            assert found == (f"a?[2Jb (pid {sleeping.pid})",)
        finally:
            sleeping.kill()


def test_in_a_container_one_of_the_numbers_is_our_own_server_by_another_name() -> None:
    assert sharing.others({5}, ours_is_there=True, told=lambda: told(900)) == ()
    assert sharing.others({5}, ours_is_there=True, told=lambda: told(900, 901, 902)) == ("a process", "a process")
    assert sharing.others({5}, ours_is_there=False, told=told) == ()


def test_a_driver_that_does_not_even_name_our_own_server_names_nobody() -> None:
    assert sharing.others({5}, ours_is_there=True, told=told) is None
    assert sharing.others({5}, ours_is_there=True, told=lambda: None) is None
