"""The queue: cells claimed, recorded, failed, paused and gone on with, by an executor that writes records at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BenchError, ServerError
from ledger import store
from ledger.folder import RunFolder
from runner.observer import Quiet
from runner.request import Outputs
from runner.sweep import failures
from runner.sweep.claims import Claims, is_claimed
from runner.sweep.driver import Driving, Swept, drive
from runner.sweep.executors.base import Queue
from runner.sweep.gates import Heat, Hours
from runner.sweep.pausing import Gates, Pausing, Watch
from runner.sweep.standing import State, standings
from runner.sweep.units import PlannedCell, Unit


def cell(name: str) -> PlannedCell:
    return PlannedCell(name, "a-model", "math", "v1", "single", name)


def unit(*names: str) -> Unit:
    return Unit("-".join(names), ("--model", "x"), tuple(map(cell, names)), model="x")


def record_of(name: str, **more: Any) -> dict[str, Any]:
    return {"timestamp": "2026-01-01T00:00:00Z", "benchmark": "math", "model": "a-model", "run_id": f"run-{name}",
            "cell": name, "status": "complete", "results": {"score": 50.0}, "config": {}, "format": 1,
            "fingerprint": name, "validity": {"status": "ok", "reasons": []}, "tasks_sha256": "0", "outcomes": {},
            **more}


@dataclass
class Wall:
    """Clocks that a test puts forward, by waiting."""

    now: datetime = datetime(2026, 1, 5, 23, 0, tzinfo=UTC)
    passed_s: float = 0.0
    stopped: bool = False
    at: dict[float, Callable[[], None]] = field(default_factory=dict)
    """What happens once so many seconds have passed."""

    def sleep(self, seconds: float) -> None:
        self.passed_s += seconds
        self.now += timedelta(seconds=seconds)
        for when in [each for each in self.at if each <= self.passed_s]:
            self.at.pop(when)()

    def stop(self) -> None:
        self.stopped = True

    def watch(self) -> Watch:
        return Watch(lambda: self.stopped, lambda: self.now, lambda: self.passed_s, self.sleep)


Does = Callable[[str], Any]


@dataclass
class Writing:
    """An executor that comes to a record, a failure or a pause at once, as it is told for each cell."""

    does: Does
    begun: list[str] = field(default_factory=list)
    queue: Queue | None = None

    def run_units(self, units: Sequence[Unit], out: Outputs, queue: Queue) -> None:
        self.queue = queue
        for each in units:
            if queue.stop_requested():
                return
            for name in queue.begin(each):
                self.begun.append(name)
                came = self.does(name)
                if isinstance(came, BenchError):
                    queue.failed(each, [name], came)
                elif came is not None:
                    queue.recorded(each, store.append(out.results, came))
            queue.end(each)


class Notes(Quiet):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, text: str) -> None:
        self.said.append(text)

    status = note


@dataclass
class Place:
    """A ledger and a runs' root of a test's own."""

    folder: Path
    wall: Wall = field(default_factory=Wall)
    notes: Notes = field(default_factory=Notes)

    @property
    def out(self) -> Outputs:
        return Outputs(self.folder / "ledger.json", self.folder / "runs")

    def sweep(
        self, units: Sequence[Unit], executor: Writing, *, retry: bool = False, gates: Gates | None = None
    ) -> Swept:
        pausing = Pausing(gates or Gates(), self.wall.watch(), self.notes)
        return drive(units, Driving(executor, self.out, pausing, retry_failed=retry))

    def states(self, *names: str) -> list[str]:
        return [each.state.value for each in standings(map(cell, names), self.out.results, self.out.runs_root)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_each_cell_is_recorded_once_and_what_the_ledger_has_is_not_begun(place: Place) -> None:
    store.append(place.out.results, record_of("b"))
    executor = Writing(record_of)
    swept = place.sweep([unit("a", "b"), unit("c")], executor)
    assert executor.begun == ["a", "c"]
    assert swept.exit_code == 0
    assert [each.state for each in swept.standings] == [State.DONE] * 3
    assert set(swept.records) == {"a", "c"}


def test_a_record_that_was_judged_is_no_run_of_the_cell(place: Place) -> None:
    store.append(place.out.results, record_of("a", judgement_of="run-0"))
    assert place.states("a") == ["waiting"]


def test_a_cell_that_fails_is_noted_with_its_logs_end_and_the_others_go_on(place: Place) -> None:
    fails = ServerError("no memory", ("line 1", "line 2"))
    swept = place.sweep([unit("a", "b")], Writing(lambda name: fails if name == "a" else record_of(name)))
    assert swept.exit_code == 1
    assert place.states("a", "b") == ["failed", "done"]
    failed = swept.standings[0]
    assert failed.reason == "no memory"
    assert failed.failure is not None
    assert failed.failure.log_tail == ("line 1", "line 2")
    assert failed.failure.exit_code == 3


def test_a_failure_that_cannot_be_written_down_is_told_all_the_same(place: Place) -> None:
    place.out.runs_root.mkdir()
    (place.out.runs_root / failures.FOLDER).symlink_to(place.folder / "nowhere")
    fails = BenchError("no space")
    swept = place.sweep([unit("a", "b")], Writing(lambda name: fails if name == "a" else record_of(name)))
    assert swept.exit_code == 1
    assert [(each.state.value, each.reason) for each in swept.standings] == [("failed", "no space"), ("done", "")]
    assert place.states("a", "b") == ["waiting", "done"]


def test_what_failed_is_left_alone_until_it_is_to_be_tried_again(place: Place) -> None:
    place.sweep([unit("a")], Writing(lambda _: BenchError("bad luck")))
    left_alone, again = Writing(record_of), Writing(record_of)
    assert place.sweep([unit("a")], left_alone).exit_code == 1
    assert left_alone.begun == []
    assert place.sweep([unit("a")], again, retry=True).exit_code == 0
    assert place.states("a") == ["done"]
    assert failures.failure_of(place.out.runs_root, "a") is None


def test_a_run_whose_tasks_were_lost_has_failed_and_is_tried_again_when_asked(place: Place) -> None:
    swept = place.sweep([unit("a")], Writing(lambda name: record_of(name, status="incomplete", outcomes={"lost": 2})))
    assert swept.exit_code == 1
    assert swept.standings[0].reason == "its run run-a is incomplete: 2 lost"
    executor = Writing(record_of)
    assert place.sweep([unit("a")], executor).exit_code == 1
    assert executor.begun == []
    assert place.sweep([unit("a")], executor, retry=True).exit_code == 0


def test_a_cell_is_tried_once_a_sweep(place: Place) -> None:
    executor = Writing(lambda _: BenchError("again"))
    place.sweep([unit("a")], executor, retry=True)
    assert executor.begun == ["a"]


def test_a_cell_that_ends_without_a_word_has_failed(place: Place) -> None:
    assert place.sweep([unit("a")], Writing(lambda _: None)).standings[0].reason.startswith("it ended without a record")


def test_a_cell_that_another_sweep_has_in_hand_is_waited_for_and_not_run(place: Place) -> None:
    others = Claims(place.out.runs_root)
    assert others.take("a")
    assert place.states("a") == ["running"]

    def ends() -> None:
        store.append(place.out.results, record_of("a"))
        others.give_back(["a"])

    place.wall.at[5] = ends
    executor = Writing(record_of)
    assert place.sweep([unit("a", "b")], executor).exit_code == 0
    assert executor.begun == ["b"]
    assert any("in hand elsewhere" in said for said in place.notes.said)


def test_a_cell_whose_sweep_was_killed_is_taken_over(place: Place) -> None:
    others = Claims(place.out.runs_root)
    others.take("a")
    place.wall.at[5] = lambda: others.give_back(["a"])
    executor = Writing(record_of)
    assert place.sweep([unit("a")], executor).exit_code == 0
    assert executor.begun == ["a"]


def test_a_cell_that_failed_in_another_sweeps_hands_is_not_tried_by_this_one(place: Place) -> None:
    others = Claims(place.out.runs_root)
    others.take("a")

    def fails() -> None:
        failures.note(place.out.runs_root, "a", BenchError("there, too"))
        others.give_back(["a"])

    place.wall.at[5] = fails
    executor = Writing(record_of)
    assert place.sweep([unit("a")], executor).exit_code == 1
    assert executor.begun == []


def test_a_run_by_hand_that_is_at_work_on_a_cell_is_not_disturbed(place: Place) -> None:
    folder = RunFolder.create(place.out.runs_root, "20260101T000000Z-math-x-000000", {"cell": "a"})
    assert place.states("a") == ["running"]

    def ends() -> None:
        store.append(place.out.results, record_of("a"))
        folder.close()

    place.wall.at[5] = ends
    executor = Writing(record_of)
    assert place.sweep([unit("a")], executor).exit_code == 0
    assert executor.begun == []


def test_a_claim_is_held_once_and_leaves_no_file(tmp_path: Path) -> None:
    mine, others = Claims(tmp_path), Claims(tmp_path)
    assert mine.take("a")
    assert mine.take("a")
    assert not others.take("a")
    assert is_claimed(tmp_path, "a")
    mine.give_back(["a", "never held"])
    assert not is_claimed(tmp_path, "a")
    assert list((tmp_path / ".claims").iterdir()) == []
    assert others.take("a")


def test_when_the_hours_end_what_ran_is_taken_up_when_they_begin_again(place: Place) -> None:
    place.wall.now = datetime(2026, 1, 5, 6, 59, tzinfo=UTC)

    def is_at_work_too_long_at_first(name: str) -> dict[str, Any] | None:
        if len(executor.begun) > 1:
            return record_of(name)
        place.wall.sleep(120)
        assert executor.queue is not None
        assert executor.queue.stop_requested()
        return None

    executor = Writing(is_at_work_too_long_at_first)
    swept = place.sweep([unit("a"), unit("b")], executor, gates=Gates(Hours.of("22:00-07:00")))
    assert swept.exit_code == 0
    assert executor.begun == ["a", "a", "b"]
    assert place.wall.now >= datetime(2026, 1, 5, 22, 0, tzinfo=UTC)
    assert any("not between 22:00-07:00 any more" in said for said in place.notes.said)


def test_a_gpu_that_is_too_hot_is_waited_for(place: Place) -> None:
    degrees = iter([90, 84, 79, 75, 75, 75, 75])
    gates = Gates(heat=Heat(80, lambda: next(degrees, 60)))
    assert place.sweep([unit("a")], Writing(record_of), gates=gates).exit_code == 0
    assert any("going on at 75 °C" in said for said in place.notes.said)
    assert place.wall.passed_s >= 2 * 2  # at 84, at 79, at 75


def test_a_disk_that_is_nearly_full_ends_the_sweep_with_a_sentence(place: Place) -> None:
    executor = Writing(record_of)
    place.out.runs_root.mkdir()
    swept = place.sweep([unit("a")], executor, gates=Gates(disk=place.out.runs_root, min_free_bytes=1 << 60))
    assert executor.begun == []
    assert swept.exit_code == 1
    assert "make room" in str(swept.ended_by)
    assert place.states("a") == ["waiting"]


def test_who_asks_it_to_stop_ends_it_with_what_is_there(place: Place) -> None:
    def is_stopped_meanwhile(name: str) -> dict[str, Any]:
        place.wall.stop()
        return record_of(name)

    executor = Writing(is_stopped_meanwhile)
    swept = place.sweep([unit("a"), unit("b")], executor)
    assert swept.exit_code == 130
    assert [each.state for each in swept.standings] == [State.DONE, State.WAITING]


def test_a_ledger_that_is_damaged_ends_the_sweep_before_anything_is_begun(place: Place) -> None:
    place.out.results.write_text("{")
    executor = Writing(record_of)
    with pytest.raises(BadInput):
        place.sweep([unit("a")], executor)
    assert executor.begun == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"reason": 3, "log_tail": "x", "exit_code": true}', "\xff", "[" * 9_999])
def test_a_note_of_a_failure_that_is_damaged_says_so_much(tmp_path: Path, text: str) -> None:
    (tmp_path / ".failed").mkdir()
    (tmp_path / ".failed" / "a.json").write_text(text, "latin-1")
    found = failures.failure_of(tmp_path, "a")
    assert found is not None
    assert found.reason.startswith("it failed")
    json.dumps(found.as_json())
