"""Which tasks are asked twice, when, and what is made of it."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import UsageError
from core.outcomes import Outcome
from core.records import Answer, Sample, Task, Verdict
from core.seeds import sample_seed
from parsers.events import RequestFailed
from runner.audit import SECOND_ASKING, Audit, refuse_undriven
from runner.collect import Collection
from runner.tries import LOSSES
from strategies.single import Single

IDS = [f"t/{number}" for number in range(100)]
TASKS = [Task(task_id, {}) for task_id in IDS]


def second(task_id: str, text: str = "reply", **more: Any) -> Sample:
    return Sample(task_id, SECOND_ASKING, text, completion_tokens=5, **more)


def places(collection: Collection) -> list[int]:
    return [number for number, draw in enumerate(collection.opening()) if draw.sample == SECOND_ASKING]


def test_the_tasks_are_spread_over_the_benchmark_and_those_of_a_smaller_audit_are_among_them() -> None:
    ten, twenty = ({draw.task_id for draw in Audit(IDS, count, 0).spread([])} for count in (10, 20))
    assert len(ten) == 10
    assert ten < twenty
    assert ten != set(IDS[:10])
    assert {draw.task_id for draw in Audit(IDS, 10, 99).spread([])} == ten, "the same tasks whatever the seed"


def test_second_askings_stand_evenly_between_the_others_and_bear_the_seed_of_sample_0() -> None:
    collection = Collection(TASKS, Single(), 3, audited=4)
    assert places(collection) == [25, 51, 77, 103]
    for draw in Collection(TASKS, Single(), 3, audited=4).opening():
        assert draw.seed == sample_seed(3, draw.task_id, 0)


def test_more_than_there_are_tasks_is_all_of_them_and_none_is_none() -> None:
    assert len(places(Collection(TASKS[:3], Single(), 3, audited=50))) == 3
    collection = Collection(TASKS, Single(), 3)
    assert places(collection) == []
    assert collection.audited() is None


def audited(*pairs: tuple[tuple[str, Outcome], tuple[str, Outcome]], looping: bool = False) -> Collection:
    collection = Collection(TASKS[: len(pairs)], Single(), 0, audited=len(pairs))
    collection.opening()
    for task, (one, other) in zip(TASKS, pairs, strict=False):
        collection.take(Sample(task.task_id, 0, one[0], completion_tokens=7, looping=looping), Answer(one[0]))
        collection.take(second(task.task_id, other[0], looping=looping), Answer(other[0]))
        collection.settle((task.task_id, 0), Verdict(one[1]))
        collection.settle((task.task_id, SECOND_ASKING), Verdict(other[1]))
    return collection


def test_texts_and_verdicts_that_differ_are_counted_and_named() -> None:
    collection = audited(
        (("a", Outcome.CORRECT), ("a", Outcome.CORRECT)), (("a", Outcome.CORRECT), ("b", Outcome.WRONG)),
        (("a", Outcome.WRONG), ("b", Outcome.CRASHED)), (("a", Outcome.LOST), ("b", Outcome.CORRECT)),
    )
    assert collection.audited() == {
        "tasks": 4, "texts_differ": 3, "verdicts_differ": 1, "differing": ["t/1", "t/2", "t/3"], "flipped": ["t/1"],
        "unanswered": None, "requests": 4, "completion_tokens": 20}


def test_a_second_asking_is_in_no_count_of_the_run() -> None:
    collection = audited((("a", Outcome.CORRECT), ("b", Outcome.WRONG)))
    assert [sample.response for sample in collection.samples()] == ["a"]
    assert dict(collection.outcomes) == {Outcome.CORRECT: 1}
    assert collection.requests == 1
    assert [result.verdict for result in collection.results()] == [Verdict(Outcome.CORRECT)]


def test_replies_cut_for_looping_are_compared_as_far_as_both_go() -> None:
    same = audited((("ab" * 50, Outcome.TRUNCATED), ("ab" * 80, Outcome.TRUNCATED)), looping=True).audited()
    other = audited((("ab" * 50, Outcome.TRUNCATED), ("ac" * 80, Outcome.TRUNCATED)), looping=True).audited()
    assert same is not None
    assert other is not None
    assert (same["texts_differ"], other["texts_differ"]) == (0, 1)


def test_one_without_a_reply_is_asked_again_and_then_let_go_without_a_lost_task() -> None:
    collection = Collection(TASKS[:1], Single(), 0, audited=1)
    collection.opening()
    failure = RequestFailed("t/0", SECOND_ASKING, "reset", "connection")
    for _ in range(LOSSES - 1):
        draw = collection.fail(failure)
        assert draw is not None
        assert draw.sample == SECOND_ASKING
    assert collection.fail(failure) is None
    assert ("t/0", SECOND_ASKING) in collection.finished()
    assert collection.verdicts == {}
    assert collection.odd.failed_requests == 0
    collection.take(Sample("t/0", 0, "a"), Answer("a"))
    collection.settle(("t/0", 0), Verdict(Outcome.CORRECT))
    result = collection.audited()
    assert result is not None
    assert (result["tasks"], result["unanswered"]) == (0, 1)


def test_what_an_earlier_sitting_answered_is_not_asked_again() -> None:
    collection = Collection(TASKS, Single(), 0, audited=2)
    first, other = Audit(IDS, 2, 0).spread([])
    assert collection.restore(second(first.task_id), Answer("a"))
    assert collection.restored_tasks == set(), "the pace is that of the run's own samples"
    assert [draw for draw in collection.opening() if draw.sample == SECOND_ASKING] == [other]
    assert [draw for draw in collection.pending() if draw.sample == SECOND_ASKING] == [other]


def test_a_script_that_reads_no_draws_is_refused_only_where_an_audit_was_asked_for() -> None:
    refuse_undriven(Audit(IDS, 0, 0), driven=False)
    refuse_undriven(Audit(IDS, 3, 0), driven=True)
    with pytest.raises(UsageError, match="leave --audit out"):
        refuse_undriven(Audit(IDS, 3, 0), driven=False)
