"""The server's log: the child writes it, and what took effect and why it died are read from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from core.errors import ServerError
from core.records import Json
from servers.memory_plan import Reported

START_BYTES = 4 << 20  # a start writes some hundred lines; a server that floods its log is not read to the end
TAIL_BYTES = 64 << 10
TAIL_LINES = 12
MIB = 1 << 20

_OFFLOADED = re.compile(r"offloaded (\d+)/(\d+) layers to GPU")
_NO_GPU = re.compile(r"no usable GPU found|not compiled with GPU offload support", re.IGNORECASE)
_THREADS = re.compile(r"n_threads\s*=\s*(\d+)")
_BUFFER = re.compile(r"(\S+)\s+(model|KV|RS|compute|output|\S+ state) buffer size\s*=\s*(\d+(?:\.\d+)?) MiB")
_IN_RAM = re.compile(r"CPU|AMX|BLAS|\S*_Host\b", re.IGNORECASE)
_CONTEXT = re.compile(r"\bn_ctx_(?:seq|per_seq)\s*=\s*(\d+)")


class ServerLog:
    """One server's part of a log file, from where it began."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            self._begin = path.stat().st_size
        except OSError as error:
            raise ServerError(f"The server's log {path} cannot be written ({error.strerror}).") from error

    def start_lines(self) -> list[str]:
        """The lines of the start."""
        return self._read(self._begin, START_BYTES)

    def last_lines(self) -> list[str]:
        """The last lines, not the ones before this server."""
        size = self.path.stat().st_size if self.path.exists() else 0
        return self._read(max(self._begin, size - TAIL_BYTES), TAIL_BYTES)

    def tail(self) -> tuple[str, ...]:
        """What an error shows of it."""
        return tuple(line for line in self.last_lines() if line.strip())[-TAIL_LINES:]

    def _read(self, begin: int, size: int) -> list[str]:
        try:
            with self.path.open("rb") as file:
                file.seek(begin)
                return file.read(size).decode("utf-8", "replace").splitlines()
        except OSError:
            return []


def took_effect(lines: list[str]) -> Mapping[str, Json]:
    """gpu_layers, gpu_layers_of, threads and ctx_size as far as the log names them."""
    text = "\n".join(lines)
    effective: dict[str, Json] = {}
    if found := _OFFLOADED.search(text):
        effective["gpu_layers"], effective["gpu_layers_of"] = int(found[1]), int(found[2])
    elif _NO_GPU.search(text):
        effective["gpu_layers"] = 0
    if found := _THREADS.search(text):
        effective["threads"] = int(found[1])
    if found := _CONTEXT.search(text):
        effective["ctx_size"] = int(found[1])
    return effective


def memory_reported(lines: list[str]) -> Reported | None:
    """What the log says was allocated; None where it does not name the model's buffer and the graph's, the last one.

    A graph that is laid out again, for the same device, replaces the one before; everything else adds up.
    """
    sums = {"model": 0.0, "KV": 0.0, "output": 0.0}
    graphs: dict[str, float] = {}
    on_gpu = 0.0
    for line in lines:
        if found := _BUFFER.search(line):
            device, kind, mib = found[1], found[2], float(found[3])
            if kind == "compute":
                graphs[device] = mib
                continue
            sums[kind if kind in sums else "KV"] += mib
            on_gpu += 0.0 if _IN_RAM.match(device) else mib
    if not sums["model"] or not graphs:
        return None
    on_gpu += sum(mib for device, mib in graphs.items() if not _IN_RAM.match(device))
    buffers = sums["output"] + sum(graphs.values())
    return Reported(*(round(mib * MIB) for mib in (sums["model"], sums["KV"], buffers, on_gpu)))
