"""NVIDIA's GPUs by ``nvidia-smi``, where NVML's library cannot be loaded but the program is there.

One process tells the power of all boards five times a second, instead of one for each reading: its start takes up to
a second, and processor time that is to be measured. A board whose power it does not know (``[N/A]``) is not metered.
"""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import threading
from collections.abc import Callable
from functools import partial
from typing import IO, Final

from analysis.joules import GPU
from system.clock import monotonic_s
from system.energy.meter import Found, Integrated, MeterLost
from system.process import DEVNULL, PIPE, GuardedProcess, Streams

EVERY_MS: Final = 200
FIRST_WORD_S: Final = 15.0
STALE_S: Final = 5.0
_LINE_LIMIT: Final = 4096


def boards() -> Found:
    """A meter for each GPU that a server of ours would see."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return Found(missing="nvidia-smi: not on PATH")
    argv = [program, "--query-gpu=index,uuid,name,power.draw", "--format=csv,noheader,nounits", f"--loop-ms={EVERY_MS}"]
    try:
        process = GuardedProcess.start(argv, Streams(stdout=PIPE, stderr=DEVNULL), grace_s=1.0)
    except OSError as error:
        return Found(missing=f"nvidia-smi cannot be started ({error.strerror})")
    told = _Told(process)
    if not told.wait():
        told.close()
        return Found(missing="nvidia-smi tells no power")
    chosen = told.visible(os.environ.get("CUDA_VISIBLE_DEVICES"))
    meters = tuple(Integrated(GPU, f"nvidia-smi, power of {told.name(uuid)}, integrated", partial(told.watts, uuid))
                   for uuid in chosen)
    if not meters:
        told.close()
        return Found(missing="nvidia-smi: no GPU that CUDA would use tells its power")
    return Found(meters, close=told.close)


class _Told:
    """The latest power of each board; a thread of its own reads what the program prints."""

    def __init__(self, process: GuardedProcess, clock: Callable[[], float] = monotonic_s) -> None:
        self._process, self._clock = process, clock
        self._latest: dict[str, tuple[float, float]] = {}
        self._boards: dict[str, tuple[str, str]] = {}
        self._first = threading.Event()
        stdout = process.stdout
        if stdout is None:
            raise OSError("the pipe of nvidia-smi was not opened")
        self._thread = threading.Thread(target=self._read, args=(stdout,), daemon=True, name="nvidia-smi")
        self._thread.start()

    def wait(self) -> bool:
        """Until every board has been named once; False where none tells its power."""
        return self._first.wait(FIRST_WORD_S) and bool(self._latest)

    def close(self) -> None:
        self._process.stop()
        self._thread.join(STALE_S)

    def name(self, uuid: str) -> str:
        return self._boards[uuid][1]

    def visible(self, chosen: str | None) -> list[str]:
        """As CUDA: what follows an unknown name is not seen."""
        there = [uuid for uuid in self._boards if uuid in self._latest]
        if chosen is None:
            return there
        found = []
        for word in filter(None, map(str.strip, chosen.split(","))):
            uuid = next((u for u in there if word == self._boards[u][0] or u.startswith(word)), None)
            if uuid is None:
                break
            found.append(uuid)
        return found

    def watts(self, uuid: str) -> float:
        """Raises MeterLost when the program has ended or fell silent."""
        at_s, watts = self._latest[uuid]
        if not self._thread.is_alive():
            raise MeterLost("nvidia-smi has ended")
        if self._clock() - at_s > STALE_S:
            raise MeterLost(f"nvidia-smi said nothing for {STALE_S:g} s")
        return watts

    def _read(self, stdout: IO[bytes]) -> None:
        with stdout:
            while line := stdout.readline(_LINE_LIMIT):
                cells = [cell.strip() for cell in line.decode("utf-8", "replace").split(",")]
                if len(cells) == 4:
                    self._take(*cells)
        self._first.set()

    def _take(self, index: str, uuid: str, name: str, power: str) -> None:
        if uuid in self._boards:
            self._first.set()  # the second round has begun
        self._boards[uuid] = index, name
        with contextlib.suppress(ValueError):
            watts = float(power)
            if 0 <= watts < math.inf:
                self._latest[uuid] = self._clock(), watts
