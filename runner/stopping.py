"""How a run is asked to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


@contextmanager
def stoppable(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """The first interrupt (or TERM, or a hang-up) asks the run to end in order, the second stops at once.

    Raises KeyboardInterrupt at the second.
    """
    stop = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        if number == signal.SIGINT:
            with suppress(RuntimeError):  # the signal came in the middle of another line to the same stream
                say("\nstopping: writing what is there, ending the script and the server (again: at once)")

    watched = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # under nohup it is, and stays so
        watched.append(signal.SIGHUP)
    before = {number: signal.signal(number, on_signal) for number in watched}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
