"""The settings that a server refuses to take: left out, or called otherwise, from then on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping

from benchmarks.scripts.dialects import RENAMED
from core.records import Json


class LeftOut:
    """Of one server; may be used from many threads."""

    def __init__(self, limit: str) -> None:
        self.limit = limit
        """What the most tokens of a reply are called."""
        self.names: dict[str, None] = {}
        self._lock = threading.Lock()

    def without(self, body: Mapping[str, Json]) -> tuple[dict[str, Json], list[str]]:
        """What is sent instead of ``body``, and what is left out of it."""
        without = [name for name in list(self.names) if name in body]
        sent = {self.limit if name == "max_tokens" else name: value for name, value in body.items()
                if name not in without}
        return sent, without

    def leave_out(self, name: str, message: str) -> None:
        """From now on; said once on stderr. ``message``: how it was refused."""
        with self._lock:
            known = name in self.names or (name in RENAMED and self.limit == RENAMED[name])
            if name in RENAMED:
                self.limit = RENAMED[name]
            else:
                self.names[name] = None
        if not known:
            now = f"it is called {RENAMED[name]} from now on" if name in RENAMED else "it is left out from now on"
            print(f"{name} is refused ({message}): {now}", file=sys.stderr)
