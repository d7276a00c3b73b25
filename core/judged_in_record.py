"""How a record says that a judge is to score its texts, or has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from core.lookup import count_at, number_at, object_at, text_at
from core.outcomes import Outcome

Record = Mapping[str, Any]
AnyRecord = TypeVar("AnyRecord", bound=Record)


def is_for_judges(record: Record) -> bool:
    """Whether its score is a judge's to give, and no program's: then no task of it passed or failed."""
    return text_at(record, "config", "scored_by") == "judge"


def awaits_judge(record: Record) -> bool:
    """Whether no judge has scored it yet."""
    return is_for_judges(record) and number_at(record, "results", "score") is None


def texts_waiting(record: Record) -> int | None:
    """How many texts there are to be judged; None where that is not recorded."""
    several = object_at(record, "results", "candidates")
    return count_at(several or object_at(record, "outcomes"), Outcome.UNJUDGED.value)


def judge_of(record: Record) -> str | None:
    """Who scored it, and by which rubric: ``anna (tip-v1)``; None of a run's own record."""
    judge, rubric = text_at(record, "judging", "judge"), text_at(record, "judging", "rubric")
    return None if judge is None else f"{judge} ({rubric})" if rubric else judge


def without_those_judged(records: Sequence[AnyRecord]) -> list[AnyRecord]:
    """The records, less those that wait for a judge and have had one: the judgement stands for them."""
    done = {text_at(record, "judgement_of") for record in records} - {None}
    return [record for record in records if not (awaits_judge(record) and text_at(record, "run_id") in done)]
