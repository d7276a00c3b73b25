"""What this machine is: processor, memory, GPUs, load.

A tool that is missing, hangs or speaks another dialect yields no GPU and no error: absence of knowledge is the answer.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from system import cgroup, nvml
from system.process import capture

TOOL_TIMEOUT_S = 10.0
MIB = 1 << 20
PCI_VENDORS = {"0x1002": "amd", "0x8086": "intel", "0x10de": "nvidia"}


@dataclass(frozen=True, slots=True)
class Gpu:
    """One graphics processor as its vendor's tool describes it."""

    name: str
    vendor: str
    """``nvidia``, ``amd``, ``intel`` or ``apple``."""
    memory_total_bytes: int | None = None
    memory_free_bytes: int | None = None
    driver: str | None = None


def cpu_model() -> str:
    """The processor's name, e.g. ``AMD EPYC 7B13``."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    except OSError:
        name = _said("sysctl", "-n", "machdep.cpu.brand_string").strip()
        if name:
            return name
    return platform.processor() or platform.machine()


def physical_cores() -> int:
    """Cores without their hyper-threads, at most the processors that we may run on; at least 1."""
    return max(1, min(psutil.cpu_count(logical=False) or 1, usable_cores()))


def usable_cores() -> int:
    """Logical processors that this process may run on (affinity, as containers set it)."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_average() -> tuple[float, float, float]:
    """Processes wanting to run, mean over 1, 5 and 15 minutes."""
    return os.getloadavg()


def available_memory_bytes() -> int:
    """Memory that can be had without swapping and without reaching a container's limit."""
    free, allowed = int(psutil.virtual_memory().available), cgroup.room_bytes()
    return free if allowed is None else min(free, allowed)


def total_memory_bytes() -> int:
    """The machine's memory, or what a container may have of it."""
    total, limit = int(psutil.virtual_memory().total), cgroup.limit_bytes()
    return total if limit is None else min(total, limit)


def vector_kind() -> str | None:
    """``avx2`` (x86) or ``dotprod`` (ARM) where the processor has these instructions."""
    try:
        flags = set(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").split())
    except OSError:  # macOS; every Apple processor with ARM's instructions has these
        return "dotprod" if platform.machine() == "arm64" else None
    return "avx2" if "avx2" in flags else "dotprod" if "asimddp" in flags else None


def host_facts() -> Mapping[str, Any]:
    """os, machine, cpu, cores, physical_cores, memory_bytes, python; for records and for ``doctor``."""
    return {
        "os": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "cpu": cpu_model(),
        "cores": usable_cores(),
        "physical_cores": physical_cores(),
        "memory_bytes": total_memory_bytes(),
        "python": platform.python_version(),
    }


def gpus() -> tuple[Gpu, ...]:
    """The GPUs that NVML (or nvidia-smi), rocm-smi, the kernel or macOS shows; nothing found is an empty tuple."""
    found = [*_nvidia(), *_amd()]
    vendors = {gpu.vendor for gpu in found}
    found += [gpu for gpu in _drm() if gpu.vendor not in vendors]
    return (*found, *_apple())


def _said(tool: str, *arguments: str) -> str:
    """What a vendor's tool prints, or nothing."""
    path = shutil.which(tool)
    if path is None:
        return ""
    try:
        done = capture([path, *arguments], timeout_s=TOOL_TIMEOUT_S)
    except OSError:
        return ""
    return done.stdout if done.code == 0 else ""


def _mib(text: str) -> int | None:
    return int(text) * MIB if text.isdecimal() else None


def _nvidia() -> list[Gpu]:
    told = nvml.nvidia_gpus()
    if told:
        return [Gpu(gpu.name, "nvidia", gpu.memory_total_bytes, gpu.memory_free_bytes, gpu.driver) for gpu in told]
    columns = "--query-gpu=name,memory.total,memory.free,driver_version"
    text = _said("nvidia-smi", columns, "--format=csv,noheader,nounits")
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines()]
    return [Gpu(row[0], "nvidia", _mib(row[1]), _mib(row[2]), row[3]) for row in rows if len(row) == 4]


def _amd() -> list[Gpu]:
    try:
        cards = json.loads(_said("rocm-smi", "--showproductname", "--showmeminfo", "vram", "--json") or "{}")
    except json.JSONDecodeError:
        return []
    found = []
    for name, card in sorted(cards.items()) if isinstance(cards, dict) else ():
        if not (name.startswith("card") and isinstance(card, dict)):
            continue
        total, used = (str(card.get(f"VRAM Total {what} (B)", "")) for what in ("Memory", "Used Memory"))
        free = int(total) - int(used) if total.isdecimal() and used.isdecimal() else None
        title = card.get("Card Series") or card.get("Card series") or card.get("Card Model") or name
        found.append(Gpu(str(title), "amd", int(total) if total.isdecimal() else None, free))
    return found


def _drm() -> list[Gpu]:
    """Linux's own list, for machines without a vendor's tool."""
    found = []
    for vendor_file in sorted(Path("/sys/class/drm").glob("card[0-9]*/device/vendor")):
        try:
            vendor = PCI_VENDORS.get(vendor_file.read_text(encoding="ascii").strip())
            memory = vendor_file.with_name("mem_info_vram_total")
            total = int(memory.read_text(encoding="ascii")) if memory.exists() else None
            used = memory.with_name("mem_info_vram_used")
            free = total - int(used.read_text(encoding="ascii")) if total is not None and used.exists() else None
        except (OSError, ValueError):
            continue
        if vendor:
            found.append(Gpu(f"{vendor} GPU ({vendor_file.parts[4]})", vendor, total, free))
    return list(dict.fromkeys(found))


def _apple() -> list[Gpu]:
    if platform.system() != "Darwin" or platform.machine() != "arm64":
        return []
    memory = psutil.virtual_memory()  # one memory for processor and GPU
    return [Gpu(cpu_model(), "apple", int(memory.total), int(memory.available))]


def gpu_bytes_of(pid: int) -> int | None:
    """GPU memory of the process and its children, where the driver tells it by process."""
    try:
        members = {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
    except psutil.NoSuchProcess:
        return None
    return nvml.used_bytes_of(members)


def resident_bytes(pid: int) -> int | None:
    """Memory that the process and its children hold in RAM; None when it is gone."""
    try:
        process = psutil.Process(pid)
        return sum(int(member.memory_info().rss) for member in (process, *process.children(recursive=True)))
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return None
