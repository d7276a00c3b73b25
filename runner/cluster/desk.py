"""The driver's desk: what machines ask it while they work. An actor of Ray's on the driver's own machine.

It says whether to stop, and reads the files that the sweep needs, those and no others, piece by piece.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from core.errors import BadInput


class Desk:
    """See above; lives in a process of its own."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._stopped = False

    def lend(self, paths: Iterable[str]) -> None:
        """These may be read from now on."""
        self._paths.update(paths)

    def stop(self) -> None:
        self._stopped = True

    def stopped(self) -> bool:
        return self._stopped

    def read(self, path: str, offset: int, size: int) -> bytes:
        """Raises BadInput for a file that nobody asked for, or that cannot be read."""
        if path not in self._paths:
            raise BadInput(f"{path} is no file of this sweep")
        try:
            with Path(path).open("rb") as file:
                file.seek(offset)
                return file.read(size)
        except OSError as error:
            raise BadInput(f"{path} cannot be read any more ({error.strerror})") from error


def opened(ray: Any) -> Any:
    """A desk in the cluster, on this machine."""
    here = ray.get_runtime_context().get_node_id()
    affinity = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(here, soft=False)
    return ray.remote(Desk).options(num_cpus=0, max_concurrency=4,
                                    scheduling_strategy=affinity).remote()
