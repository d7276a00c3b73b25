"""NVIDIA's GPUs by NVML, the library that every driver brings: names, memory free and in use, by process where told.

A machine without the library, without a GPU, or with a driver that does not say, yields nothing and no error.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
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
        for handle in _visible():
            try:
                memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
                found.append(NvidiaGpu(_text(pynvml.nvmlDeviceGetName(handle)), int(memory.total), int(memory.free),
                                       _driver()))
            except pynvml.NVMLError:
                continue
        return tuple(found)


def used_bytes_of(pids: Collection[int]) -> int | None:
    """GPU memory of these processes together; None where the driver does not tell (in containers, on some systems)."""
    with _library() as there:
        used = [int(process.usedGpuMemory) for handle in (_visible() if there else ())
                for process in _processes(handle) if process.pid in pids and process.usedGpuMemory]
    return sum(used) if used else None


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


def _visible() -> list[Any]:
    """Handles in the order of ``CUDA_VISIBLE_DEVICES``; as CUDA does, what follows an unknown name is not seen."""
    try:
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())]
        chosen = os.environ.get("CUDA_VISIBLE_DEVICES")
        if chosen is None:
            return handles
        names = {str(index): handle for index, handle in enumerate(handles)}
        uuids = {_text(pynvml.nvmlDeviceGetUUID(handle)): handle for handle in handles}
    except pynvml.NVMLError:
        return []
    found: list[Any] = []
    for word in filter(None, map(str.strip, chosen.split(","))):
        handle = names.get(word) or next((uuids[uuid] for uuid in uuids if uuid.startswith(word)), None)
        if handle is None:
            break
        found.append(handle)
    return found


def _processes(handle: Any) -> list[Any]:
    try:
        return list(pynvml.nvmlDeviceGetComputeRunningProcesses(handle))
    except pynvml.NVMLError:
        return []


def _driver() -> str | None:
    try:
        return _text(pynvml.nvmlSystemGetDriverVersion())
    except pynvml.NVMLError:
        return None


def _text(value: str | bytes) -> str:
    """Older releases of the binding hand out bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
