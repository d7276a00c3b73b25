"""A run that is brought to a stage, for the tests that then do something to it."""

from __future__ import annotations

import subprocess
import time

import psutil

from tests.e2e.tool import Tool

RUN = ("--model", "demo:F16", "--benchmark", "math", "--server", "xllamacpp", "--parallel", "1")


def children_of(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def hang_up(process: subprocess.Popen[str]) -> None:
    """From now on nobody reads what it says."""
    for pipe in (process.stdout, process.stderr):
        assert pipe is not None
        pipe.close()


def wait_for(tool: Tool, process: subprocess.Popen[str], stage: str) -> list[psutil.Process]:
    """All descendants, once the run has come to a stage."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = children_of(process.pid)
        samples = list(tool.runs_root.glob("*/samples.jsonl")) if tool.runs_root.exists() else []
        asked = [p for p in samples if p.stat().st_size]
        if (stage == "starting" and found) or (stage == "generating" and asked and found):
            return found
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError(f"the run never came to {stage}")


def server_of(process: subprocess.Popen[str]) -> psutil.Process:
    """The server that a run has started."""
    found = [
        child for child in children_of(process.pid)
        if "xllamacpp_host" in " ".join(child.cmdline()) and "guard.py" not in " ".join(child.cmdline())
    ]
    assert len(found) == 1
    return found[0]
