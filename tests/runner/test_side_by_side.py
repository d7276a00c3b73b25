"""What the folders of two compared runs add to a comparison."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from runner.side_by_side import SideBySide

Lines = list[dict[str, Any]]


def folder(root: Path, run_id: str, samples: Lines, details: Lines = (), tasks: Lines = ()) -> None:  # type: ignore[assignment]
    (root / run_id).mkdir()
    for name, lines in (("samples", samples), ("details", details), ("tasks", tasks)):
        (root / run_id / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def sample(task: str, response: str, index: int = 0, **more: Any) -> dict[str, Any]:
    return {"task_id": task, "sample": index, "response": response, **more}


def row(**more: Any) -> dict[str, Any]:
    return {"group": "quantizations", "benchmark": "math", "model": "m:Q2_K", "baseline": "m:F16",
            "baseline_run_id": "one", "run_id": "other", "difference": 0.0, **more}


def test_texts_are_alike_to_the_letter_reasoning_included(tmp_path: Path) -> None:
    folder(tmp_path, "one", [sample("a", "x"), sample("b", "x", reasoning="r"), sample("c", "x"), sample("d", "x")])
    folder(tmp_path, "other", [sample("d", "x"), sample("b", "x", reasoning="s"), sample("c", "x "), sample("e", "x")])
    rows = [row()]
    SideBySide(tmp_path).add_texts(rows)
    assert rows[0]["same_texts"] == [1, 3], "of three tasks in both, d alone"


def test_of_several_samples_all_must_be_alike_and_loops_as_far_as_the_shorter_goes(tmp_path: Path) -> None:
    folder(tmp_path, "one", [sample("a", "x", 0), sample("a", "y", 1), sample("b", "loop loop", looping=True)])
    folder(tmp_path, "other", [sample("a", "z", 1), sample("a", "x", 0), sample("b", "loop loop loop", looping=True)])
    rows = [row()]
    SideBySide(tmp_path).add_texts(rows)
    assert rows[0]["same_texts"] == [1, 2]


@pytest.mark.parametrize("run_id", [None, 7, "absent", "..", "../elsewhere", "a/b"])
def test_a_run_without_a_folder_here_leaves_the_row_as_it_is(tmp_path: Path, run_id: Any) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "samples.jsonl").write_text(json.dumps(sample("a", "x")) + "\n")
    folder(runs, "one", [sample("a", "x")])
    rows = [row(run_id=run_id)]
    reader = SideBySide(runs)
    reader.add_texts(rows)
    assert "same_texts" not in rows[0]
    assert reader.remarks == []
    SideBySide(tmp_path / "nowhere").add_texts(rows)


def test_a_damaged_folder_is_named_and_left_out(tmp_path: Path) -> None:
    folder(tmp_path, "one", [sample("a", "x")])
    folder(tmp_path, "other", [])
    (tmp_path / "other" / "samples.jsonl").write_text("{broken\n" + json.dumps(sample("a", "x")) + "\n")
    rows = [row(lost=["a"], won=[])]
    reader = SideBySide(tmp_path)
    reader.add_texts(rows)
    assert "same_texts" not in rows[0]
    assert "other/samples.jsonl, line 1" in reader.remarks[0]
    [found] = reader.flips(rows, 5)
    assert found.told[0].baseline is not None
    assert found.told[0].run is None


def test_no_more_is_read_than_may_be_and_the_rest_is_said(tmp_path: Path) -> None:
    for name in ("one", "other", "third"):
        folder(tmp_path, name, [sample("a", "x" * 100)])
    rows = [row(), row(run_id="third"), row(run_id="third")]
    reader = SideBySide(tmp_path, most_bytes=200)
    reader.add_texts(rows)
    assert ["same_texts" in one for one in rows] == [True, False, False]
    [remark] = reader.remarks
    assert remark.startswith("The texts of 2 further pairs were not compared, to keep this quick; --benchmark")


def test_flips_come_with_prompt_and_the_reply_by_which_each_passed_or_failed(tmp_path: Path) -> None:
    detail = {"detail": "20 expected", "outcome": "wrong", "passed": False}
    folder(tmp_path, "one", [sample("a", "wrong one", 0), sample("a", "right one", 1)],
           [{"task_id": "a", "sample": 0, **detail}, {"task_id": "a", "sample": 1, "outcome": "correct", "passed": True,
                                                      "answer": "19"}],
           [{"task_id": "a", "prompt": {"question": "How many?"}}])
    folder(tmp_path, "other", [sample("a", "20")], [{"task_id": "a", "sample": 0, **detail}])
    [found] = SideBySide(tmp_path).flips([row(lost=["a"], won=[]), row(lost=[], won=[]), row()], 5)
    assert (found.baseline, found.run, found.lost, found.absent) == ("m:F16", "m:Q2_K", ("a",), ())
    [flip] = found.told
    assert flip.prompt == "How many?"
    assert flip.baseline is not None
    assert (flip.baseline.text, flip.baseline.answer) == ("right one", "19")
    assert flip.run is not None
    assert (flip.run.text, flip.run.outcome, flip.run.detail) == ("20", "wrong", "20 expected")


def test_the_rarer_kind_of_flip_is_not_crowded_out(tmp_path: Path) -> None:
    many = [f"t{number}" for number in range(30)]
    one = ["t"]
    for lost, won, expected in ((many, one, (4, 1)), (one, many, (1, 4)), (many, many, (3, 2)), (one, one, (1, 1))):
        [found] = SideBySide(tmp_path).flips([row(lost=lost, won=[f"won-{task}" for task in won])], 5)
        assert (sum(not flip.won for flip in found.told), sum(flip.won for flip in found.told)) == expected
        assert found.absent == ("m:F16", "m:Q2_K")
