"""A server kept from one unit to the next: units of one model under one setting cost one load together.

What a server is started with must not depend on which of these units are left, or a sweep that goes on would start
another one and could not take up what was begun. So its context is the largest that any of them needs, done or not. A
start that failed is not tried again for the others: they fail for the same reason, at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import BenchError, Interrupted, ServerError, UsageError
from core.records import ModelInfo
from runner.observer import Hooks
from runner.serving import Serving
from servers.spec import ServerSettings


class Kept:
    """At most one server at a time; ``close`` ends it."""

    def __init__(self) -> None:
        self._asked: tuple[str, ServerSettings] | None = None
        self._serving: Serving | None = None
        self._refused: tuple[tuple[str, ServerSettings], BenchError] | None = None

    @contextmanager
    def open(
        self, model: ModelInfo, settings: ServerSettings, log: Path, hooks: Hooks,
        before: Mapping[str, Any] | None = None,
    ) -> Iterator[Serving]:
        """As ``Serving``; the one that runs, where it was started for the same. Raises as it does."""
        asked = (model.identity, settings)
        serving = self._serving if self._asked == asked else None
        if serving is None or not serving.server.alive():
            self.close()
            hooks.observer.status(f"{model.label}: starting the server")
            serving = self._started(asked, Serving(model, settings, log, hooks, before))
        try:
            yield serving
        except ServerError:
            self._end(keep_log=True)
            raise

    def _started(self, asked: tuple[str, ServerSettings], serving: Serving) -> Serving:
        if self._refused is not None and self._refused[0] == asked:
            raise self._refused[1]
        try:
            serving.__enter__()
        except Interrupted:
            raise
        except (ServerError, UsageError) as error:
            self._refused = (asked, error)
            raise
        self._asked, self._serving = asked, serving
        return serving

    def close(self) -> None:
        """Ends the server, if there is one. A second call does nothing."""
        self._end(keep_log=False)

    def _end(self, *, keep_log: bool) -> None:
        serving, self._serving, self._asked = self._serving, None, None
        if serving is not None:
            serving.__exit__(None, None, None)
            if not keep_log:
                serving.log.unlink(missing_ok=True)  # each run folder has its copy
