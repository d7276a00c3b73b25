"""A judge's file at the desk: each change is in the file before it counts; nobody else's is written over."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, BenchError
from runner.judging.desk import Conflict, Desk, only_one
from runner.judging.exporting import ExportRequest, export
from runner.judging.serving import Desktop
from tests.runner.judging.an_experiment import Experiment, make


@pytest.fixture
def made(tmp_path: Path) -> Experiment:
    made = make(tmp_path, scenarios=1, candidates=1)
    export(ExportRequest(made.name, made.out, made.results, made.runs_root, judge="ann"))
    return made


def desk_of(made: Experiment) -> Desk:
    return Desk(made.out, made.runs_root, time.monotonic)


def change(desk: Desk, place: int = 0, criterion: str | None = "tone", value: Any = 3) -> dict[str, Any]:
    return {"id": desk.opened.file.entries[place].entry_id, "criterion": criterion, "value": value}


def test_a_change_is_in_the_file_when_it_is_said_to_be_and_nothing_else_is_changed(made: Experiment) -> None:
    before = made.judge_file()
    desk = desk_of(made)
    assert desk.save(1, [change(desk), change(desk, 1, None, "so so")]) == 2
    before["candidates"][0]["scores"]["tone"] = 3
    before["candidates"][1]["note"] = "so so"
    assert made.judge_file() == before


@pytest.mark.parametrize("wrong", [
    {"id": "c000000000000"}, {"id": 7}, {"criterion": "model"}, {"criterion": 5}, {"value": 6}, {"value": 0},
    {"value": "3"}, {"value": True}, {"value": 3.0}, {"value": 10**400}, {"value": [3]}, {"criterion": None},
    {"criterion": None, "value": "x" * 10_001}, {"criterion": None, "value": None},
])
def test_what_no_page_of_ours_sends_is_refused_whole(made: Experiment, wrong: dict[str, Any]) -> None:
    desk, before = desk_of(made), made.out.read_bytes()
    with pytest.raises(BadInput):
        desk.save(1, [change(desk), {**change(desk, 1), **wrong}])
    assert made.out.read_bytes() == before


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"7", b"\xff", b'{"revision": 1}', b'{"revision": "1", "changes": []}', b"[" * 100_000,
    b'{"revision": 1, "changes": {}}', b'{"revision": 1, "changes": [1]}',
    b'{"revision": 1, "changes": [' + b"{}, " * 5000 + b"{}]}", b'{"revision": ' + b"9" * 5000 + b', "changes": []}',
])
def test_what_is_no_message_of_the_page_is_refused_with_a_sentence(made: Experiment, body: bytes) -> None:
    reply = Desktop(desk_of(made)).answer("POST", "save", body)
    assert reply.status == 400
    assert json.loads(reply.body)["error"] == "what the page sent could not be read; load it anew"


def test_a_page_that_lags_behind_is_told_and_given_what_it_lacks(made: Experiment) -> None:
    desk = desk_of(made)
    desk.save(1, [change(desk)])
    body = json.dumps({"revision": 1, "changes": [change(desk, value=5)]}).encode()
    reply = Desktop(desk).answer("POST", "save", body)
    said = json.loads(reply.body)
    assert (reply.status, said["by"], said["revision"]) == (409, "tab", 2)
    assert said["entries"][0]["scores"]["tone"] == 3
    assert made.judge_file()["candidates"][0]["scores"]["tone"] == 3


@pytest.mark.parametrize("how", ["rewritten", "replaced", "same size and time"])
def test_a_file_that_was_changed_underneath_is_not_written_over(made: Experiment, how: str) -> None:
    desk, before = desk_of(made), made.out.stat()
    theirs = made.out.read_bytes().replace(b": null", b":    1", 1)
    if how == "replaced":
        other = made.out.with_name("other")
        other.write_bytes(theirs)
        other.replace(made.out)
    else:
        made.out.write_bytes(theirs)
    if how == "same size and time":
        os.utime(made.out, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert desk.look() == (1, True)
    with pytest.raises(Conflict, match=r"judge\.json was changed by another program meanwhile"):
        desk.save(1, [change(desk)])
    assert made.out.read_bytes() == theirs
    assert not list(made.out.parent.glob(".*.part"))
    assert desk.current()[0].file.entries[0].scores["relevance"] == 1
    with pytest.raises(Conflict, match="another tab"):
        desk.save(1, [change(desk)])
    assert desk.save(2, [change(desk)]) == 3


def test_a_file_that_was_only_touched_or_is_gone_is_written(made: Experiment) -> None:
    desk = desk_of(made)
    os.utime(made.out)
    assert desk.save(1, [change(desk)]) == 2
    made.out.unlink()
    assert desk.save(2, [change(desk, value=4)]) == 3
    assert made.judge_file()["candidates"][0]["scores"]["tone"] == 4


def test_another_judge_file_in_its_place_is_not_taken_over(made: Experiment, tmp_path: Path) -> None:
    desk = desk_of(made)
    export(ExportRequest(made.name, tmp_path / "bob.json", made.results, made.runs_root, judge="bob"))
    (tmp_path / "bob.json").replace(made.out)
    with pytest.raises(BadInput, match="is another judge file now"):
        desk.current()


def test_breaks_are_no_time_of_judging(made: Experiment) -> None:
    now = iter([0.0, 10.0, 4000.0, 4005.0])
    desk = Desk(made.out, made.runs_root, lambda: next(now))
    for revision, name in enumerate(("relevance", "actionability", "tone"), 1):
        desk.save(revision, [change(desk, criterion=name)])
    assert (desk.spent_s, desk.finished) == (135.0, 1)


def test_only_one_has_a_file_and_a_second_is_told_where(made: Experiment) -> None:
    with only_one(made.out) as note:
        note("http://127.0.0.1:1234")
        with pytest.raises(BenchError, match=rf"process {os.getpid()}, 'http://127\.0\.0\.1:1234'"), only_one(made.out):
            raise AssertionError("two at once")
    with only_one(made.out):
        pass


@pytest.mark.parametrize("noted", ["", "{", "[]", '{"pid": "x", "at": 1}', "null", "\xff"])
def test_a_lock_that_says_nothing_sensible_still_locks(made: Experiment, noted: str) -> None:
    with only_one(made.out):
        made.out.with_name(".judge.json.lock").write_text(noted)
        with pytest.raises(BenchError, match="another judge serve has it open;"), only_one(made.out):
            raise AssertionError("two at once")
