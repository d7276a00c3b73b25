"""Cells in hand: two sweeps at once never run the same one.

A cell is claimed by a lock on ``.claims/<cell>`` in the runs' root, before its model is loaded and until its record is
in the ledger; the kernel gives it up however its holder ends. The file is removed by its holder. Who waited for it then
holds a lock on a file without a name, which is why a claim counts only if the file under that name is still the one
that was locked.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final

from system import files

FOLDER: Final = ".claims"
_PROBE_S: Final = 0.3
"""Longer than anybody takes to find out that a claim is held."""


class Claims:
    """The cells that this process has in hand."""

    def __init__(self, runs_root: Path) -> None:
        self._folder = runs_root / FOLDER
        self._held: dict[str, ExitStack] = {}

    def take(self, cell: str) -> bool:
        """False where somebody else has it. Raises OSError where no lock can be had."""
        if cell in self._held:
            return True
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / cell
        while True:
            held = ExitStack()
            try:
                fd = held.enter_context(files.lock(path, timeout_s=_PROBE_S))
            except TimeoutError:
                return False
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(fd), path.stat()):
                    self._held[cell] = held
                    return True
            held.close()

    def give_back(self, cells: Iterable[str]) -> None:
        """Those of them that are held."""
        for cell in cells:
            if (held := self._held.pop(cell, None)) is not None:
                with suppress(OSError):
                    (self._folder / cell).unlink(missing_ok=True)
                held.close()


def is_claimed(runs_root: Path, cell: str) -> bool:
    """Whether a sweep has the cell in hand."""
    return files.is_locked(runs_root / FOLDER / cell)
