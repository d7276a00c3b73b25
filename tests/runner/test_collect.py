"""What a cell knows of its samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.outcomes import Outcome
from core.records import Answer, Json, Sample, Task, Verdict
from core.seeds import sample_seed
from parsers.events import RequestFailed
from runner.collect import Collection
from runner.tries import LOSSES
from strategies.base import Candidate
from strategies.single import Single

TASKS = [Task("a/1", {}), Task("a/2", {}), Task("a/10", {})]


def sample(task_id: str, index: int = 0) -> Sample:
    return Sample(task_id, index, "reply", completion_tokens=5, prompt_tokens=7)


class ThreeThenChooseLast:
    """Draws two at once, then one more."""

    name = "three"

    def settings(self) -> Mapping[str, Json]:
        return {}

    def budget(self) -> int:
        return 3

    def merits(self) -> frozenset[str]:
        return frozenset()

    def first(self) -> int:
        return 2

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        return 3 - len(candidates)

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return len(candidates) - 1 if candidates else None


def test_every_task_is_drawn_once_in_order_with_seeds_of_its_own() -> None:
    collection = Collection(TASKS, Single(), seed=3)
    draws = collection.opening()
    assert [(d.task_id, d.sample, d.count) for d in draws] == [("a/1", 0, 1), ("a/2", 0, 1), ("a/10", 0, 1)]
    assert [d.seed for d in draws] == [sample_seed(3, t.task_id, 0) for t in TASKS]


def test_the_strategy_is_asked_again_only_when_no_reply_is_awaited() -> None:
    collection = Collection(TASKS[:1], ThreeThenChooseLast(), seed=0)
    assert collection.opening()[0].count == 2
    collection.take(sample("a/1", 0), Answer("x"))
    assert collection.next_draw("a/1") is None
    assert not collection.complete
    collection.take(sample("a/1", 1), Answer("y"))
    draw = collection.next_draw("a/1")
    assert draw is not None
    assert (draw.sample, draw.count, draw.seed) == (2, 1, sample_seed(0, "a/1", 2))
    collection.take(sample("a/1", 2), Answer("z"))
    assert collection.next_draw("a/1") is None
    assert collection.complete


def test_the_verdict_of_the_chosen_sample_is_the_tasks() -> None:
    collection = Collection(TASKS[:1], ThreeThenChooseLast(), seed=0)
    collection.opening()
    for index in (1, 0, 2):
        collection.take(sample("a/1", index), Answer("x"))
    collection.settle(("a/1", 0), Verdict(Outcome.WRONG))
    collection.settle(("a/1", 1), Verdict(Outcome.WRONG))
    collection.settle(("a/1", 2), Verdict(Outcome.CORRECT))
    result = collection.results()[0]
    assert result.chosen == 2
    assert result.verdict == Verdict(Outcome.CORRECT)


def test_a_second_sample_for_the_same_place_and_a_foreign_task_are_counted_not_taken() -> None:
    collection = Collection(TASKS, Single(), seed=0)
    assert collection.take(sample("a/1"), Answer("x"))
    assert not collection.take(sample("a/1"), Answer("y"))
    assert not collection.take(sample("b/9"), Answer("y"))
    assert (collection.odd.duplicates, collection.odd.unknown_tasks) == (1, 1)
    assert collection.completion_tokens == 5


def test_a_request_without_reply_is_asked_again_with_the_same_seed_and_then_lost() -> None:
    collection = Collection(TASKS, Single(), seed=8)
    first = collection.opening()[1]
    failure = RequestFailed("a/2", 0, "connection reset", "connection")
    for _ in range(LOSSES - 1):
        assert collection.fail(failure) == first
    assert collection.fail(failure) is None
    verdict = collection.results()[1].verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.LOST
    assert collection.next_draw("a/2") is None


def test_a_prompt_that_does_not_fit_is_not_asked_again() -> None:
    collection = Collection(TASKS, Single(), seed=8)
    collection.opening()
    assert collection.fail(RequestFailed("a/2", 0, "exceeds the context", "context")) is None
    verdict = collection.results()[1].verdict
    assert verdict is not None
    assert verdict.outcome is Outcome.TRUNCATED


def test_failures_of_a_script_that_cannot_be_asked_again_are_lost_at_its_end() -> None:
    collection = Collection(TASKS, Single(), seed=8)
    collection.fail(RequestFailed("a/1", 0, "gone", "timeout"))
    collection.fail(RequestFailed("a/2", 0, "gone", "timeout"))
    collection.take(sample("a/2"), Answer("x"))
    collection.close_failed()
    assert collection.verdicts == {("a/1", 0): Verdict(Outcome.LOST, "the script reported no reply")}


def test_a_failure_without_a_task_is_counted() -> None:
    collection = Collection(TASKS, Single(), seed=8)
    assert collection.fail(RequestFailed(None, 0, "something", "http")) is None
    assert collection.odd.failed_requests == 1
    assert collection.verdicts == {}


def test_a_task_nobody_answered_has_no_verdict() -> None:
    collection = Collection(TASKS, Single(), seed=8)
    assert [result.verdict for result in collection.results()] == [None, None, None]


def test_a_request_that_the_server_refuses_is_not_sent_again() -> None:
    collection = Collection(TASKS, Single(), seed=0)
    collection.opening()
    assert collection.fail(RequestFailed("a/1", 0, "HTTP 401: wrong key", "refused")) is None
    [(place, verdict)] = collection.closed()
    assert (place, verdict.outcome) == (("a/1", 0), Outcome.LOST)
    assert "HTTP 401: wrong key" in verdict.detail
    assert [draw.task_id for draw in collection.pending()] == ["a/2", "a/10"]


def test_a_provider_that_is_busy_costs_no_task_a_try_and_the_server_no_good_name() -> None:
    collection = Collection(TASKS[:1], Single(), seed=0)
    collection.opening()
    for _ in range(10 * LOSSES):
        again = collection.fail(RequestFailed("a/1", 0, "HTTP 429: rate limit", "busy"))
        assert again is not None
        assert (again.task_id, again.sample) == ("a/1", 0)
    assert collection.odd.failed_requests == 0
    assert collection.faults.rows() == [{"kind": "busy", "count": 10 * LOSSES, "reason": "HTTP 429: rate limit"}]
    collection.take(sample("a/1"), Answer("x"))
    assert collection.is_answered("a/1")
