"""Memory as a user meets it: the plan before a load, what is refused, and one model at a time."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from tests import skips
from tests.e2e.tool import ROOT, Tool
from tests.page_cache import forget, resident_share

QUICK = ("--benchmark", "math", "--limit", "2", "--server", "xllamacpp", "--threads", "1")


def test_the_plan_is_printed_before_the_load_and_recorded_beside_the_servers_report(tool: Tool) -> None:
    done = tool("--model", "demo", "--parallel", "2", *QUICK)
    assert done.code == 0, done.err
    plan = next(line for line in done.err.splitlines() if line.startswith("memory: weights 5.3 MB + KV 17 MB "))
    assert "(2 x 2048 tokens)" in plan
    assert done.err.index(plan) < done.err.index("2 slots, 2048 tokens each")
    memory = tool.records()[0]["memory"]
    assert memory["planned"]["total_bytes"] == pytest.approx(memory["reported"]["total_bytes"], rel=0.1)
    assert abs(memory["plan_off_percent"]) < 10
    assert memory["server_rss_bytes"] > memory["reported"]["total_bytes"]
    assert "gpu_bytes" not in memory


def test_what_cannot_fit_is_refused_with_what_would(tool: Tool) -> None:
    available = psutil.virtual_memory().available / 2**30
    done = tool("--model", "demo", "--parallel", "250", "--ctx-size", "32768",
                "--reserve-ram", f"{max(0.0, available - 12):.2f}", *QUICK)
    assert done.code == 2, done.err
    assert "demo-5M:Q8_0: The model needs 33." in done.err
    assert "it is not loaded; --parallel " in done.err
    assert tool.records() == []


def test_models_above_the_limit_are_refused_from_their_header_and_others_run(tool: Tool) -> None:
    done = tool("--model", "demo", "demo-3M", "--max-model-b", "0.004", *QUICK)
    assert done.code == 2, done.err
    assert "demo-5M:Q8_0 has 4.98 million parameters, more than --max-model-b 0.004 allows" in done.err
    assert [record["model"] for record in tool.records()] == ["demo-3M:Q4_K_M"]


@pytest.mark.parametrize(("flags", "said"), [
    (("--max-model-b", "0"), "must be above 0"), (("--reserve-ram", "-1"), "must not be negative"),
    (("--reserve-ram", "lots"), "is not a number"),
    (("--base-url", "http://127.0.0.1:1", "--max-model-b", "7"), "--max-model-b: a server that runs"),
])
def test_limits_that_make_no_sense_are_named(tool: Tool, flags: tuple[str, ...], said: str) -> None:
    done = tool("--model", "demo", "--benchmark", "math", *flags)
    assert done.code == 2
    assert said in done.err


def test_two_models_are_never_in_memory_at_once(tool: Tool) -> None:
    started = tool.start("--model", "demo", "demo-3M", "demo:Q2_K", *QUICK)
    most = 0
    while started.poll() is None:
        most = max(most, len(models_mapped(started.pid)))
        time.sleep(0.002)
    out, err = started.communicate(timeout=60)
    assert started.returncode == 0, out + err
    assert most == 1
    assert len(tool.records()) == 3


def models_mapped(pid: int) -> set[str]:
    """The model files that any process of the run has mapped."""
    found: set[str] = set()
    try:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return found
    for process in family:
        try:
            text = Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        found |= {line.rpartition("/")[2] for line in text.splitlines() if line.endswith(".gguf")}
    return found


def test_the_next_model_is_in_the_page_cache_while_the_last_run_before_it_decodes(tool: Tool) -> None:
    """Of a file that was not: mincore tells."""
    path = tool.folder / "next.gguf"
    path.write_bytes((ROOT / "models" / "demo-3M-Q4_K_M.gguf").read_bytes() + os.urandom(24 << 20))
    forget(path)
    if resident_share(path) > 0.1:
        skips.skip("a disk")
    started = tool.start("--model", "demo", str(path), "--benchmark", "math", "--server", "xllamacpp", "--threads", "1",
                         "--parallel", "1")
    try:
        while started.poll() is None and resident_share(path) < 0.9:
            time.sleep(0.02)
        assert models_mapped(started.pid) == {"demo-5M-Q8_0.gguf"}
    finally:
        started.terminate()
        started.communicate(timeout=60)
