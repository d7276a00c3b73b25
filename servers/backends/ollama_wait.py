"""A call that takes its time, in a thread of its own: it cannot be taken back, but who waits for it can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final, Generic, TypeVar

from core.errors import Interrupted

Result = TypeVar("Result")
POLL_S: Final = 0.05


class Waited(Generic[Result]):
    """A call under way."""

    def __init__(self, call: Callable[[], Result]) -> None:
        self._call = call
        self._results: list[Result] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="ollama")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._results.append(self._call())
        except BaseException as error:  # noqa: BLE001  (raised by ``result``)
            self._error = error

    def result(self, stop_requested: Callable[[], bool], stopped: str) -> Result:
        """What the call gives or raises. Raises Interrupted, with the sentence ``stopped``, on a requested stop."""
        while self._thread.is_alive():
            self._thread.join(POLL_S)
            if stop_requested():
                raise Interrupted(stopped)
        if self._error is not None:
            raise self._error
        return self._results[0]

    def ended(self, within_s: float) -> bool:
        """Whether it has come to its end by then."""
        self._thread.join(within_s)
        return not self._thread.is_alive()
