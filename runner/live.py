"""What the display shows of a running cell. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.wilson import wilson
from core.outcomes import NOT_COUNTED, Outcome
from reports.live import LiveState
from runner.standing import Standing
from runner.work import Work

_RATE_AFTER_S = 1.0
_LEFT_AFTER_TASKS = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """How far the clock and the verifiers are; seconds of this sitting."""

    elapsed_s: float
    generation_s: float | None
    """How long answering took; None while it goes on."""
    queue_depth: int


def live_state(work: Work, standing: Standing, pace: Pace, place: tuple[int, int]) -> LiveState:
    """``place``: which of how many cells this is."""
    collection, outcomes = standing.collection, standing.outcomes()
    done = sum(outcomes.values())
    counted = 0 if work.is_judged else done - sum(outcomes[outcome] for outcome in NOT_COUNTED)
    asked_s = pace.elapsed_s if pace.generation_s is None else pace.generation_s
    total = len(work.tasks) if work.benchmark else None
    tokens = collection.completion_tokens - collection.restored_tokens
    fresh = done - len(collection.restored_tasks)  # what an earlier sitting answered says nothing of this one's pace
    return LiveState(
        benchmark=work.title,
        model=work.cell.model.label,
        phase="answering" if pace.generation_s is None else "verifying the rest",
        tasks_done=done,
        tasks_total=total,
        score=100 * outcomes[Outcome.CORRECT] / counted if counted else None,
        interval=wilson(outcomes[Outcome.CORRECT], counted),
        tokens_per_second=tokens / asked_s if tokens and asked_s > _RATE_AFTER_S else None,
        elapsed_s=pace.elapsed_s,
        left_s=left_s(pace.elapsed_s, fresh, total - done if total else 0),
        queue_depth=pace.queue_depth,
        looping=collection.looping,
        outcomes={outcome.value: outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
        cell=place[0],
        cells=place[1],
    )


def left_s(elapsed_s: float, fresh: int, tasks_left: int) -> float | None:
    """Seconds that the tasks left take at the pace of the fresh ones; None while these are few.

    None, too, where all have an answer: what is still asked then (a budget of the whole run) no task tells.
    """
    return elapsed_s / fresh * tasks_left if tasks_left > 0 and fresh >= _LEFT_AFTER_TASKS else None
