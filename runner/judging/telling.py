"""``--mlflow`` of the judging verbs: judgements to a tracking server, too, once they are in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from runner.request import Outputs
from runner.tracking import Tracker
from tracking.mlflow.address import Address


def send(
    address: Address | None, outputs: Outputs, records: Sequence[Mapping[str, Any]], say: Callable[[str], None]
) -> None:
    """Waits for what is under way, a quarter of a minute at most; ``track sync`` sends what was not. Raises nothing."""
    if address is None or not records:
        return
    tracker = Tracker(address, outputs)
    for record in records:
        tracker.recorded(record)
    ended = tracker.close()  # says why, too; a tracker's remarks are for a run that goes on
    if ended is not None:
        say(ended)
