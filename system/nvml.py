"""NVIDIA's GPUs by NVML, the library that every driver brings: names, memory free and in use, by process where told.

A machine without the library, without a GPU, or with a driver that does not say, yields nothing and no error.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

import pynvml


@dataclass(frozen=True, slots=True)
class NvidiaGpu:
    """One GPU as its driver describes it."""

    name: str
    memory_total_bytes: int
    memory_free_bytes: int
    driver: str | None


def nvidia_gpus() -> tuple[NvidiaGpu, ...]:
    """The GPUs that a program started by us would see (``CUDA_VISIBLE_DEVICES``)."""
    with _library() as there:
        if not there:
            return ()
        found = []
        for handle in visible():
            try:
                memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
                found.append(NvidiaGpu(text(pynvml.nvmlDeviceGetName(handle)), int(memory.total), int(memory.free),
                                       _driver()))
            except pynvml.NVMLError:
                continue
        return tuple(found)


def used_bytes_of(pids: Collection[int]) -> int | None:
    """GPU memory of these processes together; None where the driver does not tell (in containers, on some systems)."""
    with _library() as there:
        used = [int(process.usedGpuMemory) for handle in (visible() if there else ())
                for process in _running(_RUNNING[0], handle) or () if process.pid in pids and process.usedGpuMemory]
    return sum(used) if used else None


def processes() -> frozenset[int] | None:
    """Numbers of the processes that compute or draw on these GPUs; None without a GPU, or a driver that tells."""
    with _library() as there:
        told = [_running(ask, handle) for handle in (visible() if there else ()) for ask in _RUNNING]
    known = [found for found in told if found is not None]
    return frozenset(int(process.pid) for found in known for process in found) if known else None


def hottest_c() -> int | None:
    """Of these GPUs the temperature of the hottest, in degrees Celsius; None where no driver tells one."""
    with _library() as there:
        told: list[int] = []
        for handle in visible() if there else ():
            with contextlib.suppress(pynvml.NVMLError):
                told.append(int(pynvml.nvmlDeviceGetTemperature(handle, pynvml.NVML_TEMPERATURE_GPU)))
    return max(told, default=None)


@contextlib.contextmanager
def _library() -> Iterator[bool]:
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        yield False
        return
    try:
        yield True
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def visible() -> list[Any]:
    """Handles in the order of ``CUDA_VISIBLE_DEVICES``; as CUDA does, what follows an unknown name is not seen."""
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
        if chosen is None:
            return handles
        names = {str(index): handle for index, handle in enumerate(handles)}
        uuids = {text(pynvml.nvmlDeviceGetUUID(handle)): handle for handle in handles}
    except pynvml.NVMLError:
        return []
    found: list[Any] = []
    for word in filter(None, map(str.strip, chosen.split(","))):
        handle = names.get(word) or next((uuids[uuid] for uuid in uuids if uuid.startswith(word)), None)
        if handle is None:
            break
        found.append(handle)
    return found


_RUNNING = (pynvml.nvmlDeviceGetComputeRunningProcesses, pynvml.nvmlDeviceGetGraphicsRunningProcesses)


def _running(ask: Callable[[Any], Any], handle: Any) -> list[Any] | None:
    try:
        return list(ask(handle))
    except (pynvml.NVMLError, pynvml.NVMLLibraryMismatchError):  # the latter: a driver older than the binding
        return None


def _driver() -> str | None:
    try:
        return text(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return None


def text(value: str | bytes) -> str:
    """Older releases of the binding hand out bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
