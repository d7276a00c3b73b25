"""NVIDIA's GPUs by NVML: the driver's energy counter where it has one (Volta and later), else its power.

``nvmlDeviceGetTotalEnergyConsumption`` counts millijoules of the whole board since the driver was loaded;
``nvmlDeviceGetPowerUsage`` tells milliwatts, from Ampere on as a mean over the last second. A part of a GPU (MIG) has
neither of its own.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from functools import partial
from typing import Any

import pynvml

from analysis.joules import GPU
from system import nvml
from system.energy.meter import Counter, Found, Integrated, Meter, MeterLost


def boards() -> Found:
    """A meter for each GPU that a server of ours would see; all of them or none."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        return Found(missing=f"NVML: {error}")
    try:
        meters = [_meter(handle) for handle in nvml.visible()]
    except (pynvml.NVMLError, MeterLost) as error:
        _close()
        return Found(missing=f"NVML: the GPU tells neither energy nor power ({error})")
    if not meters:
        _close()
        return Found(missing="NVML: no GPU that CUDA would use")
    return Found(tuple(meters), close=_close)


def _close() -> None:
    with contextlib.suppress(pynvml.NVMLError):
        pynvml.nvmlShutdown()


def _meter(handle: Any) -> Meter:
    name = nvml.text(pynvml.nvmlDeviceGetName(handle))
    try:
        pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    except pynvml.NVMLError:
        watts = partial(_thousandth, pynvml.nvmlDeviceGetPowerUsage, handle)
        return Integrated(GPU, f"NVML power of {name}, integrated", watts)
    counted = partial(_thousandth, pynvml.nvmlDeviceGetTotalEnergyConsumption, handle)
    return Counter(GPU, f"NVML energy counter of {name}", counted)


def _thousandth(ask: Callable[[Any], int], handle: Any) -> float:
    try:
        return ask(handle) / 1000
    except pynvml.NVMLError as error:
        raise MeterLost(f"NVML: {error}") from error
