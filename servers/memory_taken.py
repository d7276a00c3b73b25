"""What a server that has come up took, beside what was planned."""

from __future__ import annotations

from typing import Final

from servers.memory_plan import MemoryCheck, MemoryPlan, Reported
from servers.server_log import ServerLog, memory_reported
from system.clock import monotonic_s, sleep_s
from system.host import gpu_bytes_of, gpus

LOG_WAIT_S: Final = 2.0
LOG_LOOK_S: Final = 0.02


def used_before(plan: MemoryPlan | None) -> int | None:
    """GPU memory in use before a start; None where the plan puts nothing there."""
    return gpu_used_bytes() if plan is not None and plan.needs.vram.total else None


def check_taken(plan: MemoryPlan | None, pid: int, log: ServerLog, gpu_before: int | None) -> MemoryCheck:
    """The plan beside the server's own report, and what the GPU's driver says: of the process where it tells that."""
    on_gpu = None
    if gpu_before is not None:
        now = gpu_used_bytes()
        risen = None if now is None else max(0, now - gpu_before)
        on_gpu = gpu_bytes_of(pid) or risen
    return MemoryCheck(plan, _reported(log), on_gpu)


def _reported(log: ServerLog) -> Reported | None:
    """What the log says; llama.cpp writes it from a thread of its own, which may be behind on a busy machine."""
    until = monotonic_s() + LOG_WAIT_S
    while True:
        lines = log.start_lines()
        reported = memory_reported(lines)
        if reported is not None or monotonic_s() > until or not _behind(lines):
            return reported
        sleep_s(LOG_LOOK_S)


def _behind(lines: list[str]) -> bool:
    """Whether the log is llama.cpp's, or nothing yet. What another server logs is not waited for."""
    return not lines or any(word in line for line in lines for word in ("llama", " srv ", " cmn "))


def gpu_used_bytes() -> int | None:
    """Memory in use on all GPUs together, by anyone; None where no driver tells."""
    known = [(card.memory_total_bytes, card.memory_free_bytes) for card in gpus() if card.vendor != "apple"]
    used = [total - free for total, free in known if total is not None and free is not None]
    return sum(used) if used else None
