"""A run's tasks as data of a page: what the list needs at once, the texts in pieces, nothing too long."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest

from core.run_view import SampleView, TaskView
from reports.pages import run_data
from reports.pages.run_data import blocks, cut, cut_texts, index, longest_text


def unpacked(html: str) -> dict[str, Any]:
    found = re.findall(r'<script type="application/octet-stream" id="(\w+)">([A-Za-z0-9+/=]+)</script>', html)
    return {name: json.loads(zlib.decompress(base64.b64decode(data))) for name, data in found}


def task(name: str, *outcomes: str, **changes: Any) -> TaskView:
    samples = [SampleView(number, outcome, answer=f"{number}", response="r") for number, outcome in enumerate(outcomes)]
    return TaskView(name, samples, outcome=outcomes[0] if outcomes else None, **changes)


def test_every_task_is_in_one_piece_in_its_order() -> None:
    tasks = [TaskView(f"t/{number}", [SampleView(0, response=f"reply {number} " * 3000)]) for number in range(40)]
    found = unpacked(blocks(tasks))
    sizes = found["index"]["pieces"]
    assert len(sizes) > 3
    assert sum(sizes) == 40
    bodies = [body for number in range(len(sizes)) for body in found[f"p{number}"]]
    assert [body["samples"][0]["response"].split()[1] for body in bodies] == [str(number) for number in range(40)]
    assert [len(found[f"p{number}"]) for number in range(len(sizes))] == sizes


def test_a_run_without_tasks_has_an_index_and_no_piece() -> None:
    assert unpacked(blocks([]))["index"]["pieces"] == []


def test_the_index_says_what_filters_and_order_need() -> None:
    looping = TaskView("t/3", [SampleView(0, "truncated", looping=True, thinking_closed=False,
                                          numbers={"completion_tokens": 5, "wall_s": 0.25})], outcome="truncated",
                       difficulty="hard", failures=["timeout"])
    found = index([task("t/1", "correct", "wrong"), task("t/2"), looping])
    assert [found["outcomes"][place] for place in found["outcome"]] == ["correct", "", "truncated"]
    assert [found["difficulties"][place] for place in found["difficulty"]] == ["", "", "hard"]
    assert (found["samples"], found["passed"]) == ([2, 0, 1], [1, 0, 0])
    assert (found["tokens"], found["wall"]) == ([None, None, 5], [None, None, 0.25])
    flags = [{name for place, name in enumerate(run_data.FLAGS) if bits >> place & 1} for bits in found["flags"]]
    assert flags == [{"disagree"}, set(), {"looping", "truncated", "unclosed", "failed"}]


def test_values_that_look_empty_are_kept_where_they_mean_something() -> None:
    one = TaskView("t", [SampleView(0, "wrong", answer="", numbers={"seed": 0})], reference="")
    [body] = unpacked(blocks([one]))["p0"]
    assert body["reference"] == ""
    assert body["samples"] == [{"index": 0, "outcome": "wrong", "answer": [""], "numbers": {"seed": 0}}]


def test_a_text_too_long_keeps_both_ends_and_says_what_is_missing() -> None:
    assert cut("a" * 100, 100) == "a" * 100
    shown = cut("a" * 300 + "b" * 300, 100)
    assert shown.startswith("a" * 50 + "\n\n[… 500 characters")
    assert shown.endswith("b" * 50)


def test_of_a_run_of_vast_replies_each_is_cut_shorter_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks = [TaskView(f"t/{number}", [SampleView(0, response="x" * 30_000)]) for number in range(20)]
    assert longest_text(tasks) == run_data.LONGEST
    assert cut_texts(tasks) == 0
    monkeypatch.setattr(run_data, "MOST", 200_000)
    assert longest_text(tasks) == 5_000
    assert cut_texts(tasks) == 20
    monkeypatch.setattr(run_data, "MOST", 1)
    assert longest_text(tasks) == run_data.SHORTEST
