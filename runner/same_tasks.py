"""Two models that are asked together, by turns or one after the other, have to be asked the same tasks."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import UsageError
from runner.request import Request
from runner.work import Work


def refuse_other_tasks(request: Request, planned: Sequence[Sequence[Work]]) -> None:
    """Raises UsageError where they are not, of ``--until-decided`` and of chained models."""
    if (request.until_decided is None and request.chain is None) or len(planned) < 2:
        return
    for one, other in zip(planned[0], planned[1], strict=True):
        if {task.task_id for task in one.tasks} != {task.task_id for task in other.tasks}:
            flag = "--until-decided" if request.until_decided is not None else "--fallback"
            names = f"{one.cell.model.label} and {other.cell.model.label}"
            raise UsageError(
                f"{flag}: {names} would be asked different tasks of {one.cell.benchmark}: the demo model has some of "
                "its own, and with --after-cutoff each model has. Name the same for both by --problems-file FILE (or "
                "demo), or by --start-date.")
