"""Files that grow, brought to the disk every few seconds by a thread of its own, so that a power cut costs no more."""

from __future__ import annotations

import threading

from ledger.lines import LineFile

SYNC_EVERY_S = 3.0


class Syncing:
    """Syncs the files it is given until it is stopped. What a disk then refuses is raised by the next append."""

    def __init__(self, every_s: float = SYNC_EVERY_S) -> None:
        self._every_s = every_s
        self._files: list[LineFile] = []
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, file: LineFile) -> None:
        """The thread starts with the first file."""
        self._files.append(file)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True, name="sync")
            self._thread.start()

    def stop(self) -> None:
        """Waits for a sync that is under way. A second call does nothing; no file can be added any more."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._every_s):
            for file in tuple(self._files):
                file.sync()
