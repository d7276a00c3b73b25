"""AMD's GPUs and Apple's processors, by Zeus (the extra ``energy``, docs/decisions/0011).

Zeus knows what differs between them: which of ROCm's counters can be believed, that two dies may share one meter, what
macOS calls its energy channels. Imported only where there is such a device, since it takes a second.
"""

from __future__ import annotations

import importlib
import logging
import platform
from collections.abc import Callable
from functools import partial
from typing import Any

from analysis.joules import CPU, GPU
from system import host
from system.energy.meter import Counter, Found, Integrated, Meter, MeterLost

_INSTALL = "wants the extra 'energy' (./setup --with energy)"


def amd_boards() -> Found:
    """A meter for each GPU of AMD's that a server of ours would see (``HIP_VISIBLE_DEVICES``)."""
    if not any(gpu.vendor == "amd" for gpu in host.gpus()):
        return Found()
    try:
        amd = _module("zeus.device.gpu.amd")
    except ImportError:
        return Found(missing=f"AMD GPU: {_INSTALL}")
    try:
        if not amd.amdsmi_is_available():
            return Found(missing="AMD GPU: ROCm's amdsmi is not there, or does not start")
        meters = tuple(_amd_meter(board) for board in amd.AMDGPUs().gpus if not _counted_with_its_neighbour(board))
    except Exception as error:  # noqa: BLE001  # whatever a driver's binding raises: there is no meter
        return Found(missing=f"AMD GPU: {_clause(error)}")
    return Found(meters, missing="" if meters else "AMD GPU: none that ROCm would use")


def apple_chip(kind: str) -> Found:
    """The GPU's or the processor cores' part of an Apple chip."""
    if platform.system() != "Darwin" or platform.machine() != "arm64":
        return Found()
    try:
        apple = _module("zeus.device.soc.apple")
        available = apple.apple_silicon_is_available()
    except ImportError:
        available = False
    if not available:
        return Found(missing=f"Apple chip: {_INSTALL}")
    field = {GPU: "gpu_mj", CPU: "cpu_total_mj"}[kind]
    try:
        chip = apple.AppleSilicon()
        read = partial(_thousandth, partial(_part, chip, field))
        return Found((Counter(kind, f"energy counter of {host.cpu_model()}", read),))
    except Exception as error:  # noqa: BLE001  # as above
        return Found(missing=f"Apple chip: {_clause(error)}")


def _counted_with_its_neighbour(board: Any) -> bool:
    """Of an MI250's two dies the first tells the power of both, the second none."""
    return "MI250" in board.get_name() and board.gpu_index % 2 == 1


def _amd_meter(board: Any) -> Meter:
    name = board.get_name()
    if board.supports_get_total_energy_consumption():
        read = partial(_thousandth, board.get_total_energy_consumption)
        return Counter(GPU, f"amdsmi energy counter of {name}", read)
    source = f"amdsmi power of {name}, integrated"
    try:
        return Integrated(GPU, source, partial(_thousandth, board.get_average_power_usage))
    except MeterLost:  # newer boards tell only what they draw at the moment
        return Integrated(GPU, source, partial(_thousandth, board.get_instant_power_usage))


def _part(chip: Any, field: str) -> float:
    value = getattr(chip.get_total_energy_consumption(), field)
    if value is None:
        raise MeterLost(f"the chip does not tell {field}")
    return float(value)


def _thousandth(ask: Callable[[], float]) -> float:
    try:
        return ask() / 1000
    except MeterLost:
        raise
    except Exception as error:
        raise MeterLost(_clause(error)) from error


def _module(name: str) -> Any:
    logging.getLogger("zeus").setLevel(logging.CRITICAL)  # what it has to say comes back as a clause of ours
    return importlib.import_module(name)


def _clause(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
