"""Stands in for AMD's ``amdsmi``: two boards, as the functions that Zeus calls tell of them.

``AMD_ENERGY``: watts by which the energy counter goes up; without it the counter stands still, as on boards whose
counter cannot be believed, and power alone tells. ``AMD_LOST``: a file; once it is there the boards are gone.
"""

from __future__ import annotations

import os
import time
from typing import Any

WATTS = 40
_RESOLUTION_UJ = 15.3


class AmdSmiException(Exception):  # the binding's own name
    """The binding's base class."""


class AmdSmiLibraryException(AmdSmiException):
    """What the library returned instead of an answer."""

    def get_error_code(self) -> int:
        return 31

    def get_error_info(self) -> str:
        return "AMDSMI_STATUS_NOT_FOUND - Device not found"


class AmdSmiInitFlags:
    """Which devices are looked for."""

    INIT_AMD_GPUS = 2


def _answers() -> None:
    if os.path.exists(os.environ.get("AMD_LOST", "")):  # noqa: PTH110
        raise AmdSmiLibraryException


def amdsmi_init(_flags: int) -> None:
    _answers()


def amdsmi_shut_down() -> None:
    return None


def amdsmi_get_processor_handles() -> list[int]:
    return [100, 101]


def amdsmi_get_gpu_enumeration_info(handle: int) -> dict[str, Any]:
    return {"hip_id": handle - 100}


def amdsmi_get_gpu_asic_info(_handle: int) -> dict[str, Any]:
    return {"market_name": "AMD Instinct MI210"}


def amdsmi_get_power_info(_handle: int) -> dict[str, Any]:
    _answers()
    return {"current_socket_power": "N/A", "average_socket_power": WATTS}


def amdsmi_get_energy_count(_handle: int) -> dict[str, Any]:
    _answers()
    microjoules = float(os.environ.get("AMD_ENERGY", "0")) * time.monotonic() * 1e6
    return {"energy_accumulator": int(microjoules / _RESOLUTION_UJ), "counter_resolution": _RESOLUTION_UJ}
