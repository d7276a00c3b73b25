"""What is asked again of a run that did not finish, and what its sittings took."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadInput
from core.outcomes import Outcome
from core.records import Answer, Json, Sample, Task, Verdict
from core.seeds import sample_seed
from ledger.folder import RunFolder
from parsers.events import RequestFailed
from runner.collect import Collection
from runner.draws import Draw
from runner.resume import Earlier, differences, failure_line, take_up
from runner.sitting import Spent, broken_off, spent
from strategies.base import Candidate
from strategies.single import Single

TASKS = [Task("a/1", {}), Task("a/2", {}), Task("a/10", {})]


class UntilThreeAgree:
    """Rounds of two, until three answers are alike or eight samples are drawn."""

    name = "three"

    def settings(self) -> Mapping[str, Json]:
        return {}

    def budget(self) -> int:
        return 8

    def merits(self) -> frozenset[str]:
        return frozenset()

    def first(self) -> int:
        return 2

    def more(self, candidates: Sequence[Candidate], drawn: int) -> int:
        answers = [c.answer.value for c in candidates]
        return 0 if len(answers) >= 8 or any(answers.count(a) >= 3 for a in answers) else 2

    def choose(self, candidates: Sequence[Candidate]) -> int | None:
        return 0 if candidates else None


def asked(draws: list[Draw]) -> list[tuple[str, int, int]]:
    """(task, index, seed), one a place."""
    return [(d.task_id, d.sample + i, d.seed + i) for d in draws for i in range(d.count)]


def answer_of(index: int) -> Answer:
    return Answer("xyzzyx"[index % 6])


def drawn_to_the_end(collection: Collection) -> list[tuple[str, int, int]]:
    places, waiting = [], collection.opening()
    while waiting:
        draw = waiting.pop(0)
        for task_id, index, seed in asked([draw]):
            places.append((task_id, index, seed))
            collection.take(Sample(task_id, index, "r"), answer_of(index))
        more = collection.next_draw(draw.task_id)
        waiting += [more] if more else []
    assert collection.complete
    return places


def test_only_tasks_without_a_sample_are_asked() -> None:
    collection = Collection(TASKS, Single(), seed=3)
    assert collection.restore(Sample("a/2", 0, "r", completion_tokens=4), Answer("x"))
    assert asked(collection.opening()) == [
        ("a/1", 0, sample_seed(3, "a/1", 0)), ("a/10", 0, sample_seed(3, "a/10", 0)),
    ]
    assert not collection.complete
    assert (collection.completion_tokens, collection.restored_tokens, collection.requests) == (4, 4, 1)


def test_a_run_with_every_sample_has_nothing_to_ask() -> None:
    collection = Collection(TASKS, Single(), seed=3)
    for task in TASKS:
        collection.restore(Sample(task.task_id, 0, "r"), Answer("x"))
    assert collection.opening() == []
    assert collection.complete


@given(st.integers(0, 4), st.sets(st.integers(0, 1)))
def test_with_any_round_half_there_the_strategy_draws_what_it_would_have_drawn(whole: int, half: set[int]) -> None:
    undisturbed = drawn_to_the_end(Collection(TASKS[:1], UntilThreeAgree(), seed=5))
    there = {*range(2 * whole), *(2 * whole + index for index in half)} & {index for _, index, _ in undisturbed}
    collection = Collection(TASKS[:1], UntilThreeAgree(), seed=5)
    for index in sorted(there):
        collection.restore(Sample("a/1", index, "r"), answer_of(index))
    places = drawn_to_the_end(collection)
    assert sorted(places) == sorted(place for place in undisturbed if place[1] not in there)


def test_a_prompt_that_did_not_fit_is_not_asked_again_and_another_failure_is() -> None:
    failures = (RequestFailed("a/1", 0, "too long", "context"), RequestFailed("a/2", 0, "reset", "connection"))
    collection = Collection(TASKS, Single(), seed=3)
    for failure in failures:
        collection.restore_failure(failure)
    assert [place[0] for place in asked(collection.opening())] == ["a/2", "a/10"]
    assert collection.odd.failed_requests == 2
    assert collection.verdicts["a/1", 0].outcome is Outcome.TRUNCATED
    assert Earlier((Sample("a/10", 0, "r"),), failures).done == [("a/10", 0), ("a/1", 0)]
    for _ in range(2):
        assert collection.fail(failures[1]) is not None, "tries of an earlier sitting are not held against it"


def test_times_are_summed_and_a_killed_sitting_counts_to_its_last_sample() -> None:
    lines = [{"sitting": 1, "generation_s": 2.0, "total_s": 3.0}, {"sitting": 3, "generation_s": 0.5, "total_s": 1.0}]
    stamps = [{"sitting": 1, "at_s": 1.9}, {"sitting": 2, "at_s": 4.0}, {"sitting": 2, "at_s": 3.5}]
    assert spent(lines, stamps) == Spent(3, 6.5, 8.0)
    assert spent([], []) == Spent()
    with pytest.raises(KeyError):
        spent([], [{"task_id": "a/1"}])


@pytest.mark.parametrize("line", [{}, {"task_id": ["a"], "sample": 0, "kind": "context", "message": ""},
                                  {"task_id": "a/1", "sample": 1e400, "kind": "http", "message": ""},
                                  {"task_id": "a/1", "sample": 0, "kind": ["http"], "message": ""}])
def test_a_failure_that_was_written_by_nobody_of_ours_is_refused(tmp_path: Path, line: dict[str, Any]) -> None:
    with RunFolder.create(tmp_path, "r1", {"fingerprint": "f"}) as folder:
        folder.append_failure(line)
    with pytest.raises(BadInput, match="a line has no task_id, sample, kind or message; remove it or"):
        take_up(tmp_path, "f", {}, frozenset(), lambda _: None)


def test_a_sitting_without_an_end_in_numbers_is_refused(tmp_path: Path) -> None:
    with RunFolder.create(tmp_path, "r1", {"fingerprint": "f"}) as folder:
        folder.sittings_path.write_text('{"sitting": 1e400, "generation_s": 1, "total_s": 1}\n')
    with pytest.raises(BadInput, match="do not say when they came"):
        take_up(tmp_path, "f", {}, frozenset(), lambda _: None)


def test_a_run_that_differs_in_nothing_but_its_mark_is_said_to() -> None:
    said: list[str] = []
    with tempfile.TemporaryDirectory() as root:
        settings = {"model": "m", "benchmark": "b"}
        RunFolder.create(Path(root), "r1", {"fingerprint": "of another version", "settings": settings}).close()
        assert take_up(Path(root), "f", settings, frozenset(), said.append) is None
    assert "did not finish, but its fingerprint was another: a new run begins" in said[0]


def test_the_setting_that_differs_is_named() -> None:
    before = {"model": "m", "sampling": {"temperature": 0.5, "top_p": None}, "dataset_sha256": "a", "server_args": []}
    now = {"model": "m", "sampling": {"temperature": 0.0, "top_p": 0.9}, "dataset_sha256": "b", "grading": None}
    assert differences(before, now) == [
        "the data set was another", "sampling.temperature was 0.5 and is 0",
        "sampling.top_p was not set and is 0.9",
    ]


def test_a_verdict_of_a_restored_sample_counts_once() -> None:
    collection = Collection(TASKS[:1], Single(), seed=3)
    collection.restore(Sample("a/1", 0, "r"), Answer("x"))
    collection.settle(("a/1", 0), Verdict(Outcome.CORRECT))
    assert collection.opening() == []
    result = collection.results()[0]
    assert (result.chosen, result.verdict) == (0, Verdict(Outcome.CORRECT))


RUN_ID = "20261121T000000Z-math-demo-5m-q8-0-aaaaaa"
MANY = [Task(f"a/{n}", {}) for n in range(12)]


def torn(data: st.DataObject, path: Path) -> None:
    """As a power cut may leave a file: shorter, or with blocks in it that were never written."""
    if not path.exists():
        return
    content = bytearray(path.read_bytes())
    length = data.draw(st.integers(0, len(content)))
    start = data.draw(st.integers(0, length))
    end = data.draw(st.integers(start, length))
    content[start:end] = b"\0" * (end - start)
    path.write_bytes(content[:length])


def whole_lines(path: Path) -> set[str]:
    """Tasks whose samples stand in the file without a NUL."""
    if not path.exists():
        return set()
    return {json.loads(line)["task_id"] for line in path.read_bytes().split(b"\n")
            if line.endswith(b"}") and b"\0" not in line and line.startswith(b'{"task_id"')
            and line.count(b"{") == line.count(b"}")}


@given(st.data())
def test_after_a_power_cut_whole_samples_are_kept_and_the_rest_is_asked(data: st.DataObject) -> None:
    order = data.draw(st.permutations([task.task_id for task in MANY]))
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        with RunFolder.create(root, RUN_ID, {"fingerprint": "f", "settings": {}}) as folder:
            for number, task_id in enumerate(order[: data.draw(st.integers(0, 12))]):
                folder.append_sample(Sample(task_id, 0, "r" * number), {"sitting": 1 + number // 4, "at_s": number / 2})
                if number % 4 == 3:
                    folder.append_sitting({"sitting": 1 + number // 4, "generation_s": 1.0, "total_s": 2.0})
                if number % 5 == 4:
                    folder.append_failure(failure_line(RequestFailed(task_id, 0, "reset", "connection")))
        for path in (folder.samples_path, folder.sittings_path, folder.failures_path):
            torn(data, path)
        there = whole_lines(folder.samples_path)
        for sitting in range(2):
            taken = take_up(root, "f", {}, frozenset(), lambda _: None)
            assert taken is not None
            with taken.folder:
                collection = Collection(MANY, Single(), seed=3)
                for sample in taken.earlier.samples:
                    assert collection.restore(sample, Answer("x")), "no place twice"
                places = {place[0] for place in asked(collection.opening())}
                restored = {sample.task_id for sample in taken.earlier.samples}
                assert there <= restored <= {task.task_id for task in MANY}
                assert places == {task.task_id for task in MANY} - restored
                for task_id in sorted(places)[: 4 if sitting == 0 else None]:
                    taken.folder.append_sample(Sample(task_id, 0, "again"), {"sitting": 9, "at_s": 1.0})
                    there.add(task_id)
        last = take_up(root, "f", {}, frozenset(), lambda _: None)
        assert last is not None
        with last.folder:
            assert sorted(sample.task_id for sample in last.earlier.samples) == sorted(task.task_id for task in MANY)


def test_what_was_under_way_when_sittings_broke_off_is_as_they_say_or_as_many_as_there_were_slots() -> None:
    lines = [{"sitting": 1, "in_flight": 3}, {"sitting": 2}]
    stamps = [{"sitting": 1}, {"sitting": 2}, {"sitting": 3}, {"sitting": 3}]
    assert broken_off(lines, stamps, 8) == 3 + 8, "the third was killed, and has no line"
    assert broken_off([], [], 8) == 0
