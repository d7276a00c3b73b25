"""Whether our count of a run's tokens is the server's own."""

from __future__ import annotations

from analysis.token_check import compared, ours
from runner.outcome import CellOutcome
from runner.serving import Serving
from runner.settle import LOOPING
from servers.echo import TELLING
from servers.metrics import counted

UNKNOWN = "not reported"


class TokenCheck:
    """Made before the first question of a sitting, after everything else that is asked of the server."""

    def __init__(self, serving: Serving) -> None:
        self._serving, self._server = serving, serving.server
        told = serving.server.endpoint.backend in TELLING
        self._before = counted(serving.server.endpoint) if told else None

    def clause(self, outcome: CellOutcome) -> str:
        """After the last reply, while the server still runs. What an earlier sitting asked is in neither count."""
        if self._serving.server is not self._server:
            return "not compared: the server was started again in mid-run"
        after = counted(self._server.endpoint) if self._before is not None else None
        if self._before is None or after is None:
            return UNKNOWN
        earlier = outcome.prepared.earlier
        before = {(sample.task_id, sample.index) for sample in (*earlier.samples, *earlier.audit)}
        collection = outcome.drawn or outcome.collection
        samples = [sample for sample in (*collection.samples(), *outcome.collection.audit.samples)
                   if (sample.task_id, sample.index) not in before]
        own, servers = ours(samples), after.since(self._before)
        if own is None or servers is None:
            return UNKNOWN
        cut = sum(sample.finish_reason == LOOPING for sample in samples)
        failed = outcome.collection.odd.failed_requests - len(earlier.failures)
        return compared(own, servers, cut + max(0, failed))
