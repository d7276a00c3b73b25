"""The next unit's model, fetched while the present one is at work.

A thread of its own asks for the model as the unit will: where it is on the disk nothing happens, where it is not the
hub's client fetches it into the cache. Whatever goes wrong is told by the unit itself when its turn comes. A download
that is under way when the sweep ends is left to the client, which goes on with it the next time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from core.errors import BenchError
from core.records import ModelInfo
from servers.hub_models import Telling
from servers.model_list import list_models

FETCHED: Final = ("hf:", "transformers:")
"""What may have to be fetched."""
_SERVED: Final = ("ollama:", "openai:", "gemini:")


class Prefetch:
    """Fetches one model at a time."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        """``say``: told what is fetched, on the other thread."""
        self._say = say
        self._thread: threading.Thread | None = None

    def begin(self, spec: str) -> ModelInfo | None:
        """Begins to fetch the model; one that is a file of this machine is returned at once."""
        if not spec or spec.startswith(_SERVED):
            return None
        if not spec.startswith(FETCHED):
            return _resolved(spec, self._say)
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=_resolved, args=(spec, self._say), name="prefetch", daemon=True)
            self._thread.start()
        return None

    def wait(self) -> None:
        """Until what was begun has come, or failed."""
        if self._thread is not None:
            self._thread.join()


def _resolved(spec: str, say: Callable[[str], None]) -> ModelInfo | None:
    with suppress(BenchError, OSError):
        found = list_models([spec], telling=Telling(say)).models
        return found[0] if len(found) == 1 else None
    return None
