"""A server or a script that was lost is started again, as often as that helps."""

from __future__ import annotations

from core.errors import ScriptLost, ServerLost
from parsers.events import RequestFailed
from runner.answers import Answers
from runner.faults import LOST_WITH, SCRIPT_LOST, SERVER_LOST
from runner.hearing import Hearing
from runner.observer import Observer
from runner.serving import Serving
from runner.tries import LOSSES

_LOSSES_IN_A_ROW = 3 * LOSSES
"""So often the server, or the script, may be lost without a single reply: three tasks set aside one after the other."""


class Recovery:
    """Of one cell. What was in flight has lost one of its tries."""

    def __init__(self, hearing: Hearing, answers: Answers, observer: Observer) -> None:
        self._hearing = hearing
        self._answers = answers
        self._observer = observer
        self._in_a_row = 0

    def recover(self, lost: ServerLost | ScriptLost, serving: Serving, *, can_go_on: bool) -> None:
        """Raises ``lost``, or ServerLost, when it cannot be started again or that does not help.

        ``can_go_on``: there are tasks, so that it can be asked for the rest of them.
        """
        self._in_a_row = 1 if self._hearing.since_loss else self._in_a_row + 1
        self._hearing.since_loss = 0
        if not can_go_on or self._in_a_row >= _LOSSES_IN_A_ROW:
            raise lost
        kind, reason = SCRIPT_LOST, lost.how if isinstance(lost, ScriptLost) else ""
        if isinstance(lost, ServerLost):
            kind, reason = SERVER_LOST, serving.why_lost()
        self._hearing.fault(RequestFailed(None, 0, reason, kind))
        for task_id, index in self._hearing.asking.in_flight():
            self._hearing.fault(RequestFailed(task_id, index, f"{kind}: {reason}", LOST_WITH[kind]))
        self._answers.write_closed()
        if isinstance(lost, ServerLost) and serving.server.pid is None:
            raise lost  # somebody else's is not ours to start
        self._observer.note(f"the {kind.split()[0]} was lost ({reason}); starting it again for what has no answer")
        if isinstance(lost, ServerLost):
            serving.restart(lost)
