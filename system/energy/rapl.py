"""Processor packages by RAPL, as Linux shows it: ``/sys/class/powercap/intel-rapl:N`` (AMD's too go by that name).

Each package has a counter in microjoules that begins again at ``max_energy_range_uj``, after minutes under load. Only
packages are counted: a zone inside one (cores, graphics) is part of it, ``psys`` overlaps with all of them, and
``intel-rapl-mmio`` shows the same package a second time. Since 2020 only root may read the counters, because what a
processor draws tells of what it computes (CVE-2020-8694).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from analysis.joules import CPU
from system.energy.meter import Counter, Found, Meter, MeterLost

POWERCAP = Path("/sys/class/powercap")


def packages(powercap: Path = POWERCAP) -> Found:
    """A meter for each package; none where one of them cannot be read, for half a machine is no machine."""
    zones = [zone for zone in sorted(powercap.glob("intel-rapl:[0-9]*")) if _name(zone).startswith("package")]
    if not zones:
        return Found(missing=f"{powercap} shows no processor package (virtual machines and containers often hide it)")
    meters: list[Meter] = []
    for zone in zones:
        try:
            wraps_at = float((zone / "max_energy_range_uj").read_text("utf-8")) / 1e6
            meters.append(Counter(CPU, f"RAPL of {_name(zone)}", partial(_joules, zone), wraps_at))
        except PermissionError:
            return Found(missing=f"only root may read {zone}/energy_uj (to change that until the next start: "
                                 f"sudo chmod a+r {powercap}/intel-rapl:*/energy_uj)")
        except (OSError, ValueError, MeterLost) as error:
            return Found(missing=f"{zone} cannot be read ({error})")
    return Found(tuple(meters))


def _joules(zone: Path) -> float:
    try:
        return int((zone / "energy_uj").read_text("utf-8")) / 1e6
    except PermissionError:
        raise
    except (OSError, ValueError) as error:
        raise MeterLost(f"{zone}/energy_uj cannot be read any more ({error})") from error


def _name(zone: Path) -> str:
    try:
        return (zone / "name").read_text("utf-8", "replace").strip()
    except OSError:
        return ""
