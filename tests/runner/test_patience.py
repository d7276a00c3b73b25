"""How long a driven script is waited for: the clock and the processors are the test's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.patience import LEAVING_S, MOST_STRAYS, STRAYED_S, UNSEEN_S, Patience, Stuck, Waited

OWES = Waited(driven=True, owed=2, first=("t/1", 0), ended=False, heard=0, strays=0)
TIMEOUT = 600.0
LIMIT = 1.5 * TIMEOUT + 5


class Processors:
    """Seconds that the script and the server have used."""

    def __init__(self) -> None:
        self.script = self.server = 0.0


def waiting(processors: Processors, *, seen: bool = True) -> Patience:
    return Patience(TIMEOUT, lambda: processors.script, (lambda: processors.server) if seen else None, 0.0)


def looked(patience: Patience, script: Waited, start: float, seconds: float, work: Processors | None = None,
           *, of_script: float = 0.0, of_server: float = 0.0) -> float:
    """Looks each second; the time at which it ended."""
    now = start
    while now < start + seconds:
        now += 1
        if work is not None:
            work.script, work.server = work.script + of_script, work.server + of_server
        patience.look(script, now)
    return now


def test_a_script_that_owes_answers_and_sleeps_beside_an_idle_server_is_given_up_after_a_while() -> None:
    patience = waiting(Processors())
    now = looked(patience, OWES, 0.0, LIMIT - 1)
    with pytest.raises(Stuck, match=r"owes 2 of the answers .* \(first: t/1 sample 0\) and printed nothing .* 905 s"):
        looked(patience, OWES, now, 10)


def test_while_the_server_works_a_reply_may_take_days() -> None:
    work = Processors()
    looked(waiting(work), OWES, 0.0, 3 * UNSEEN_S, work, of_server=0.5)


def test_while_only_the_script_works_it_may_take_hours_and_no_more() -> None:
    work = Processors()
    patience = waiting(work)
    now = looked(patience, OWES, 0.0, UNSEEN_S - 1, work, of_script=1.0)
    with pytest.raises(Stuck, match=r"in 2\.0 hours"):
        looked(patience, OWES, now, 10, work, of_script=1.0)


def test_a_loop_that_only_waits_is_no_work() -> None:
    work = Processors()
    with pytest.raises(Stuck, match="while neither it nor the server did anything"):
        looked(waiting(work), OWES, 0.0, 2 * LIMIT, work, of_script=0.005, of_server=0.005)


def test_where_nobody_sees_the_server_hours_must_pass() -> None:
    patience = waiting(Processors(), seen=False)
    now = looked(patience, replace(OWES, strays=3), 0.0, UNSEEN_S - 1)
    with pytest.raises(Stuck, match="hours"):
        looked(patience, OWES, now, 10)


def test_each_answer_that_was_asked_for_begins_the_wait_anew() -> None:
    patience, now = waiting(Processors()), 0.0
    for heard in range(5):
        now = looked(patience, replace(OWES, heard=heard), now, LIMIT - 1)


def test_after_an_answer_that_nobody_asked_for_half_a_minute_is_enough() -> None:
    patience, strayed = waiting(Processors()), replace(OWES, strays=1)
    now = looked(patience, strayed, 0.0, STRAYED_S - 1)
    with pytest.raises(Stuck, match="in 30 s"):
        looked(patience, strayed, now, 10)


def test_a_flood_of_answers_that_nobody_asked_for_ends_the_script() -> None:
    with pytest.raises(Stuck, match="1,000 answers in a row of which none was asked for"):
        waiting(Processors()).look(replace(OWES, strays=MOST_STRAYS), 1.0)


def test_what_has_done_its_work_and_lingers_is_stopped_once() -> None:
    patience, done = waiting(Processors()), replace(OWES, owed=0, first=None, ended=True)
    told = [patience.look(done, float(now)) for now in range(int(2 * LEAVING_S))]
    assert told.index(True) == LEAVING_S + 1
    assert told.count(True) == 1


def test_a_script_that_reads_no_draws_and_one_that_owes_nothing_are_waited_for() -> None:
    for script in (replace(OWES, driven=False), replace(OWES, owed=0, first=None)):
        looked(waiting(Processors()), script, 0.0, 2 * UNSEEN_S)


def test_time_in_which_nobody_looked_does_not_count() -> None:
    patience = waiting(Processors())
    now = looked(patience, OWES, 0.0, LIMIT / 2)
    patience.look(OWES, now + 10 * UNSEEN_S)
    looked(patience, OWES, now + 10 * UNSEEN_S, LIMIT / 3)
