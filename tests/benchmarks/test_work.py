"""Which draw goes to which thread, and when."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scripts.waits import Waits
from benchmarks.scripts.work import Draw, Work

COUNTS = st.lists(st.integers(1, 6), min_size=1, max_size=40)


def draws(task_id: str, count: int) -> list[Draw]:
    return [Draw(task_id, index, index) for index in range(count)]


def taken(work: Work, *threads: int) -> list[tuple[str, int]]:
    found = [work.take(thread) for thread in threads]
    return [(draw.task_id, draw.index) for draw in found if draw is not None]


def test_a_thread_stays_with_its_task_and_another_begins_the_next() -> None:
    work = Work()
    for task_id in "abc":
        work.put(draws(task_id, 2))
    assert taken(work, 0, 1, 1, 0, 0, 0) == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("c", 0), ("c", 1)]


def test_a_thread_without_a_task_of_its_own_helps_where_most_is_left() -> None:
    work = Work()
    work.put(draws("a", 3))
    work.put(draws("b", 5))
    assert taken(work, 0, 1, 2) == [("a", 0), ("b", 0), ("b", 1)]
    assert taken(work, 2, 0) == [("b", 2), ("a", 1)]


def test_single_samples_are_handed_out_in_the_order_in_which_they_were_asked() -> None:
    work = Work()
    for number in range(50):
        work.put(draws(f"t{number}", 1))
    assert taken(work, *([0, 1, 2] * 17)[:50]) == [(f"t{number}", 0) for number in range(50)]


def test_a_draw_that_is_to_wait_holds_nobody_up_and_the_end_waits_for_it() -> None:
    work = Work()
    began = time.monotonic()
    work.later(Draw("late", 0, 0), 0.3)
    work.put(draws("a", 1))
    work.end()
    assert taken(work, 0) == [("a", 0)]
    assert time.monotonic() - began < 0.2
    assert taken(work, 0) == [("late", 0)]
    assert time.monotonic() - began >= 0.3
    assert work.take(0) is None


def test_a_server_that_wants_to_be_left_alone_gets_nothing_until_then() -> None:
    work = Work()
    began = time.monotonic()
    work.hold(0.3)
    work.put(draws("a", 2))
    work.end()
    assert taken(work, 0, 1) == [("a", 0), ("a", 1)]
    assert time.monotonic() - began >= 0.3


def test_threads_that_wait_are_woken_by_a_draw_and_by_the_end() -> None:
    work, found = Work(), []
    threads = [threading.Thread(target=lambda n=n: found.append(work.take(n))) for n in range(3)]
    for thread in threads:
        thread.start()
    work.put(draws("a", 1))
    work.end()
    for thread in threads:
        thread.join(10)
    assert found.count(None) == 2
    assert len(found) == 3


@settings(deadline=None, max_examples=30)
@given(COUNTS, st.integers(1, 8), st.lists(st.integers(0, 39), max_size=5))
def test_every_draw_is_handed_out_once_whoever_asks(counts: list[int], many: int, late: list[int]) -> None:
    work, found = Work(), list[Draw]()
    lock = threading.Lock()

    def ask(number: int) -> None:
        while (draw := work.take(number)) is not None:
            with lock:
                found.append(draw)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(many)]
    for thread in threads:
        thread.start()
    wanted = [draw for number, count in enumerate(counts) for draw in draws(f"t{number}", count)]
    for number, count in enumerate(counts):
        work.put(draws(f"t{number}", count))
    for number, index in enumerate(late):
        wanted.append(Draw(f"late{index}", number, 0))
        work.later(wanted[-1], 0.001 * index)
    work.end()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert sorted(found, key=repr) == sorted(wanted, key=repr)


def test_the_second_try_comes_at_once_and_the_third_after_seconds() -> None:
    waits = Waits()
    assert waits.before("a", 0) == 0
    waits.failed("a", 0, None)
    assert waits.before("a", 0) == 0
    waits.failed("a", 0, None)
    assert 2 <= waits.before("a", 0) <= 3
    assert waits.before("a", 1) == 0


@pytest.mark.parametrize(("said", "low", "high"), [("7", 7, 7), ("0", 0, 0), ("90000", 600, 600)])
def test_a_servers_own_word_for_the_pause_counts(said: str, low: float, high: float) -> None:
    found = Waits().failed("a", 0, said)
    assert found is not None
    assert low <= found <= high


def test_the_word_may_be_a_date_and_what_is_neither_is_passed_over() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert 25 < (Waits().failed("a", 0, date) or 0) <= 30
    assert Waits().failed("a", 0, "soon") is None
    assert Waits().failed("a", 0, "-3") is None
