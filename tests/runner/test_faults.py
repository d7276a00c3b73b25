"""Losses of the server, as a cell's samples see them."""

from __future__ import annotations

import queue
from pathlib import Path

from core.outcomes import Outcome
from core.records import Answer, Sample, Task
from parsers.events import RequestFailed
from runner.asking import Asking
from runner.collect import Collection
from runner.draws import Draw
from runner.faults import SERVER_LOST, WITH_SERVER
from runner.script import Finished
from runner.tries import LOSSES
from strategies.single import Single

TASKS = [Task("a/1", {}), Task("a/2", {}), Task("a/3", {})]


def lose(collection: Collection, task_id: str) -> None:
    collection.note_fault(RequestFailed(None, 0, "killed", SERVER_LOST))
    collection.fail(RequestFailed(task_id, 0, "the server was lost: killed", WITH_SERVER))


def test_what_was_in_flight_is_suspect_until_it_is_answered_or_set_aside() -> None:
    collection = Collection(TASKS, Single(), seed=0)
    draws = collection.opening()
    lose(collection, "a/2")
    assert [draw.task_id for draw in collection.suspects()] == ["a/2"]
    assert collection.pending() == draws, "what brought no reply is asked as it was before"
    for _ in range(LOSSES - 1):
        lose(collection, "a/2")
    assert collection.suspects() == []
    assert [draw.task_id for draw in collection.pending()] == ["a/1", "a/3"]
    assert collection.verdicts["a/2", 0].outcome is Outcome.LOST
    assert collection.finished() == [("a/2", 0)]
    assert collection.odd.failed_requests == LOSSES
    assert [(row["kind"], row["count"]) for row in collection.faults.rows()] == [
        (SERVER_LOST, LOSSES), (WITH_SERVER, LOSSES),
    ]


def test_an_answer_of_the_sitting_before_is_not_taken_for_a_second_one() -> None:
    collection = Collection(TASKS, Single(), seed=0)
    collection.opening()
    collection.take(Sample("a/1", 0, "r", completion_tokens=3), Answer("x"))
    assert collection.restored == set()
    collection.begin_sitting()
    assert (collection.restored, collection.restored_tokens) == ({("a/1", 0)}, 3)


def test_a_script_works_on_the_oldest_places_it_owes(tmp_path: Path) -> None:
    asking = Asking([Draw("a/1", 0, 2, 5), Draw("a/2", 0, 1, 7)], slots=2)
    assert asking.in_flight() == [("a/1", 0), ("a/2", 0)]
    asking.answered(("a/1", 0))
    assert asking.in_flight() == [("a/1", 1), ("a/2", 0)]
    events: queue.Queue[object] = queue.Queue()
    script = asking.start(["/bin/cat"], {}, tmp_path, events)
    asking.drive()
    asking.draw(Draw("a/1", 1, 1, 6))
    assert asking.owed == [("a/2", 0), ("a/1", 1)], "what is asked again is last in its queue"
    for place in asking.owed:
        asking.answered(place)
    asking.end_if_idle()
    asking.end_if_idle()
    while not isinstance(events.get(timeout=20), Finished):
        continue
    assert script.finish() == 0
    assert (tmp_path / "script.out").read_text().count('"end"') == 1
