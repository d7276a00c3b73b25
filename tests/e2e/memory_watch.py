"""Which model files are in memory, seen from outside: by what the processes of a command have mapped."""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil


@dataclass
class Seen:
    """What was seen over the whole life of a command."""

    looks: int = 0
    most_at_once: int = 0
    """Model files mapped at one look, by all its processes together."""
    most_servers: int = 0
    """Processes that had one mapped at one look."""
    by_model: Counter[str] = field(default_factory=Counter)
    """Looks at which this file was mapped."""


def watch(command: subprocess.Popen[str], pause_s: float = 0.002) -> Seen:
    """Looks again and again until the command has ended. Processes may come and go meanwhile."""
    seen, parent = Seen(), psutil.Process(command.pid)
    while command.poll() is None:
        family = [parent]
        with suppress(psutil.NoSuchProcess):
            family += parent.children(recursive=True)
        mapped = {process.pid: found for process in family if (found := models_mapped(process.pid))}
        together = set[str]().union(*mapped.values())
        seen.looks += 1
        seen.most_at_once = max(seen.most_at_once, len(together))
        seen.most_servers = max(seen.most_servers, len(mapped))
        seen.by_model.update(together)
        time.sleep(pause_s)
    return seen


def models_mapped(pid: int) -> set[str]:
    """The names of the GGUF files that a process has mapped; none of one that is gone."""
    try:
        text = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return set()
    return {Path(line.split(maxsplit=5)[5]).name for line in text.splitlines() if line.endswith(".gguf")}
