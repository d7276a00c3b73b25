"""``report --run-dir``: what is read of a folder, and a clear sentence where it is none."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput
from runner.reporting import report
from runner.run_view import open_folder, run_view
from tests.pages.folders import record, reply, write


def test_a_page_goes_where_it_is_told_or_into_the_folder(tmp_path: Path) -> None:
    folder = write(tmp_path / "r1", [reply("t/0", "x")])
    assert report(str(folder)).path == folder / "report.html"
    assert report(str(folder), str(tmp_path / "page.html")).path == tmp_path / "page.html"
    assert (tmp_path / "page.html").read_text() == (folder / "report.html").read_text()


@pytest.mark.parametrize(("make", "says"), [
    (lambda _: None, "is not there"),
    (lambda path: path.write_text(""), "is a file, not a folder"),
    (lambda path: path.mkdir(), "is no run's folder"),
    (lambda path: write(path / "r1", []), r"holds 1 of them: name one, such as .*r1"),
    (lambda path: (write(path, []) / "summary.json").write_text("{"), r"summary\.json cannot be read"),
    (lambda path: (write(path, []) / "run_config.json").write_text("[]"), r"run_config\.json holds no JSON object"),
    (lambda path: (write(path, []) / "summary.json").write_bytes(b"\xff\xfe"), r"summary\.json cannot be read"),
])
def test_what_is_no_run_folder_is_refused_with_what_it_is_instead(make: Any, says: str, tmp_path: Path) -> None:
    make(tmp_path / "here")
    with pytest.raises(BadInput, match=says):
        report(str(tmp_path / "here"))
    assert not (tmp_path / "here" / "report.html").exists()


def test_a_place_that_takes_no_page_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path / "r1", [])
    with pytest.raises(BadInput, match=r"nowhere/page\.html: the page cannot be written .*--out"):
        report(str(folder), str(tmp_path / "nowhere" / "page.html"))


def test_a_file_that_is_no_page_is_not_written_over(tmp_path: Path) -> None:
    folder = write(tmp_path / "r1", [reply("t/0", "x")])
    for name in ("summary.json", "samples.jsonl"):
        before = (folder / name).read_bytes()
        with pytest.raises(BadInput, match=r"is no page, which is not written over"):
            report(str(folder), str(folder / name))
        assert (folder / name).read_bytes() == before
    page = tmp_path / "page.html"
    report(str(folder), str(page))
    assert report(str(folder), str(page)).path == page, "a page is made anew"


@pytest.mark.parametrize("name", ["summary.json", "run_config.json", "samples.jsonl", "details.jsonl"])
def test_a_pipe_in_the_place_of_a_file_is_named_and_not_waited_for(name: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "r1", [reply("t/0", "x")])
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(BadInput, match=rf"{name} is no ordinary file"):
        report(str(folder))


def test_fields_of_any_type_and_lines_of_any_kind_make_a_page(tmp_path: Path) -> None:
    odd: list[Any] = [None, True, -1, 1.5, "x", [], {}, [[1]], {"a": {"b": 1}}, float("nan"), 10 ** 400, "\ud800"]
    names = ("response", "reasoning", "completion", "outcome", "detail", "answer", "no_answer_reason", "fields",
             "thinking_closed", "finish_reason", "completion_tokens", "prompt_tokens", "wall_s", "seed", "timings",
             "looping", "sample", "prompt_chars")
    folder = write(tmp_path / "r1", [])
    samples = [{"task_id": f"t/{number}", **dict.fromkeys(names, value)} for number, value in enumerate(odd)]
    for name in ("samples.jsonl", "details.jsonl", "failures.jsonl"):
        (folder / name).write_text("".join(json.dumps(line) + "\n" for line in [*samples, {"task_id": 3}]))
    (folder / "tasks.jsonl").write_text("".join(json.dumps({
        "task_id": f"t/{number}", "prompt": value, "votes": value, "chosen": value, "difficulty": value}) + "\n"
        for number, value in enumerate(odd)))
    (folder / "summary.json").write_text(json.dumps(record(
        interval="x", outcomes=[1], validity=7, latency="y", usage=None, config=[], results={"score": 3, "x": [{}]})))
    written = report(str(folder))
    assert any("could not be read" in remark for remark in written.remarks)
    assert len(run_view(open_folder(str(folder))).tasks) == len(odd)


def test_a_run_that_has_not_ended_shows_what_is_there(tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = [{"task_id": name, "prompt": {}} for name in ("t/0", "t/1")]
    folder = write(tmp_path / "r1", [reply("t/0", "x", None)], tasks)
    (folder / "summary.json").unlink()
    view = run_view(open_folder(str(folder)))
    assert view.record["status"] == "not ended"
    assert [(task.task_id, len(task.samples)) for task in view.tasks] == [("t/0", 1), ("t/1", 0)]
    assert view.tasks[0].samples[0].outcome is None
    assert "not ended" in view.remarks[0]


def test_of_a_program_with_its_completion_beside_it_the_program_is_shown(tmp_path: Path) -> None:
    folder = write(tmp_path / "r1", [reply("t/0", "x", answer={"program": "def f():\n    pass", "completion": "pass"}),
                                     reply("t/1", "x", answer={"price": 1.5})])
    one, two = (task.samples[0] for task in run_view(open_folder(str(folder))).tasks)
    assert one.answer == "def f():\n    pass"
    assert two.answer == '{\n "price": 1.5\n}'


def test_thinking_is_told_from_the_response_and_tokens_come_from_either_file(tmp_path: Path) -> None:
    folder = write(tmp_path / "r1", [
        reply("t/0", "<think>\nhm\n</think>\nfour", prompt_tokens=7, timings={"predicted_per_second": 12.5}),
        reply("t/1", "four", reasoning="let me see"), reply("t/2", "", completion="    return 4")])
    one, two, three = (task.samples[0] for task in run_view(open_folder(str(folder))).tasks)
    assert (one.thinking, one.response.strip()) == ("hm", "four")
    assert one.numbers == {"prompt_tokens": 7, "completion_tokens": 20, "wall_s": 0.5, "tokens_per_second": 12.5}
    assert (two.thinking, two.response) == ("let me see", "four")
    assert three.response == "    return 4"


@pytest.mark.parametrize(("content", "says"), [
    ('{"question": "1 + 1?", "answer": "#### 2", "difficulty": "easy"}\n', ""),
    ('{"question": "1 + 1?", "answer": "#### 3"}\n', "is not what it was when the run was made"),
    ("not json\n", "Right answers are not shown"), (None, "is not on this machine")])
def test_right_answers_are_shown_where_the_data_set_is_the_one_of_the_run(
    content: str | None, says: str, tmp_path: Path
) -> None:
    from benchmarks.datasets import math_tasks
    from benchmarks.datasets.request import DatasetRequest

    data = tmp_path / "tasks.jsonl"
    data.write_text('{"question": "1 + 1?", "answer": "#### 2", "difficulty": "easy"}\n')
    sha256 = math_tasks.open_tasks(DatasetRequest(problems_file=str(data))).sha256
    data.unlink() if content is None else data.write_text(content)
    folder = write(tmp_path / "r1", [reply("gsm8k/0", "#### 3", answer="3")], summary=record(
        benchmark="math", provenance={"dataset_source": str(data), "dataset_sha256": sha256}))
    view = run_view(open_folder(str(folder)))
    assert view.tasks[0].reference == (None if says else "2")
    assert view.tasks[0].difficulty == (None if says else "easy")
    assert says in view.remarks[-1] if says else not view.remarks
