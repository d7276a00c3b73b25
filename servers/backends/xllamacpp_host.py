"""The child program that hosts xllamacpp's server: ``python -I xllamacpp_host.py [--describe]``.

A crash in the C++ server kills the process it lives in, so that must not be the runner. The settings come as one JSON
object on standard input, because they hold the API key. ``-I`` keeps this folder off the module path, where a
neighbour's name would shadow the package. Standard library and xllamacpp only.
"""

from __future__ import annotations

import importlib.metadata
import json
import signal
import sys
import time
from typing import Any

import xllamacpp

LAST_LINES_S = 0.5
SIMPLE = (bool, int, float, str, list)


def describe() -> dict[str, Any]:
    """What is installed: version, GPUs, and the settings with their kinds, nested ones with a dot."""
    devices = [device for device in xllamacpp.get_device_info() if "GPU" in device["type"].name]
    return {
        "version": importlib.metadata.version("xllamacpp"),
        "devices": [shown(device) for device in devices],
        "settings": kinds(xllamacpp.CommonParams()),
    }


def shown(device: dict[str, Any]) -> str:
    """As llama-server lists it: ``CUDA0: NVIDIA H100 (81920 MiB, 80000 MiB free)``."""
    total, free = (int(device.get(key) or 0) >> 20 for key in ("memory_total", "memory_free"))
    name = f"{device['name']}: {device.get('description') or device['name']}"
    return f"{name} ({total} MiB, {free} MiB free)" if total else name


def kinds(params: Any, prefix: str = "") -> dict[str, str]:
    """Each setting's kind: bool, int, float, str, list, or enum with its names."""
    found = {}
    for name in dir(params):
        if name.startswith("_"):
            continue
        value = getattr(params, name)
        if hasattr(type(value), "__members__"):
            found[prefix + name] = "enum " + " ".join(type(value).__members__)
        elif isinstance(value, SIMPLE):
            found[prefix + name] = type(value).__name__
        elif not prefix and not callable(value) and not isinstance(value, (set, dict)):
            found.update(kinds(value, name + "."))
    return found


def apply(params: Any, name: str, value: Any) -> None:
    """Sets one setting; an enum is named by its member."""
    *path, last = name.split(".")
    for step in path:
        params = getattr(params, step)
    current = getattr(params, last)
    members = getattr(type(current), "__members__", None)
    setattr(params, last, members[value] if members is not None and isinstance(value, str) else value)


def main() -> int:
    if sys.argv[1:] == ["--describe"]:
        json.dump(describe(), sys.stdout)
        return 0
    settings = json.load(sys.stdin)
    params = xllamacpp.CommonParams()
    for name, value in settings.items():
        try:
            apply(params, name, set(value) if name == "model_alias" else value)
        except (AttributeError, TypeError, ValueError, KeyError, OverflowError) as error:
            sys.stderr.write(f"server argument {name}={value!r} was refused by xllamacpp ({error})\n")
            return 2
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:  # the reason is in the lines that the server's own thread is still writing
        time.sleep(LAST_LINES_S)
        sys.stderr.write(f"xllamacpp: {error}\n")
        return 1
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    del server
    return 0


if __name__ == "__main__":
    if sys.argv[1:] != ["--describe"]:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
