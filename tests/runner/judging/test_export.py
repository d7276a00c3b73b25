"""judge export: who has only the file cannot tell whose texts are in it, and nothing that was scored is lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import BadInput, UsageError
from runner.judging import checking
from runner.judging.exporting import Exported, ExportRequest, export
from tests.runner.judging.an_experiment import MODELS, PROMPTS, Experiment, add_run, by_length, fill, make


def asked(made: Experiment, **more: Any) -> ExportRequest:
    return ExportRequest(**{"experiment": made.name, "out": made.out, "results": made.results,
                            "runs_root": made.runs_root, **more})


def exported(made: Experiment, **more: Any) -> Exported:
    return export(asked(made, **more))


def ids(made: Experiment) -> list[str]:
    return [candidate["id"] for candidate in made.judge_file()["candidates"]]


def test_every_text_is_there_with_its_scenario_and_no_score(tmp_path: Path) -> None:
    made = make(tmp_path)
    found = exported(made)
    file = made.judge_file()
    assert (found.candidates, found.added, found.twice) == (24, 24, 0)
    assert len({candidate["text"] for candidate in file["candidates"]}) == 24
    first = file["candidates"][0]
    assert first["scores"] == {"relevance": None, "actionability": None, "tone": None}
    assert first["scenario"]["time_slot"] == "early morning"
    assert first["scenario"]["tasks"].startswith("- water the beds\n- call the")
    assert file["rubric"]["version"] == "tip-v1"
    assert file["rubric"]["text"].startswith("# Rubric: tip-v1")


def test_neither_model_prompt_run_nor_thinking_is_in_the_file(tmp_path: Path) -> None:
    made = make(tmp_path)
    exported(made, twice=0.5)
    text = made.out.read_text("utf-8")
    run_ids = [path.name for path in made.runs_root.glob("2*")]
    names = {part for model in MODELS for part in (model, model.partition(":")[0])}
    assert len(run_ids) == 4
    for secret in (*run_ids, *names, *PROMPTS, "think", "tips/0", "20261124"):
        assert secret not in text.replace(json.dumps(made.judge_file()["rubric"]["text"]), "")


def test_the_key_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    made = make(tmp_path)
    exported(made)
    (key,) = made.runs_root.glob(".judging/j*.json")
    assert key.stat().st_mode & 0o077 == 0
    assert all(run.name in key.read_text("utf-8") for run in made.runs_root.glob("2*"))


def test_the_order_is_drawn_by_lot(tmp_path: Path) -> None:
    made = make(tmp_path, scenarios=10)
    orders = set()
    for number in range(3):
        exported(made, out=tmp_path / f"{number}.json")
        value = json.loads((tmp_path / f"{number}.json").read_text("utf-8"))
        orders.add(tuple(candidate["text"] for candidate in value["candidates"]))
    assert len(orders) == 3


def test_a_share_comes_twice_under_other_ids_and_far_apart(tmp_path: Path) -> None:
    made = make(tmp_path, scenarios=5)
    found = exported(made, twice=0.25)
    texts = [candidate["text"] for candidate in made.judge_file()["candidates"]]
    assert (found.candidates, found.twice, len(texts), len(set(ids(made)))) == (40, 10, 50, 50)
    twice = [text for text in set(texts) if texts.count(text) == 2]
    assert len(twice) == 10
    for text in twice:
        first, second = (place for place, one in enumerate(texts) if one == text)
        assert second - first >= 15


def test_exporting_again_keeps_what_is_scored_and_adds_what_is_new(tmp_path: Path) -> None:
    made = make(tmp_path)
    exported(made, twice=0.25)
    before = fill(made, lambda candidate, _: 3 if candidate["text"] < "Tip 2" else None)["candidates"]
    scored = [candidate for candidate in before if candidate["scores"]["tone"] == 3]
    add_run(made, "other-7B:Q8_0", "v1")
    found = exported(made, twice=0.25)
    after = made.judge_file()["candidates"]
    assert after[:len(scored)] == scored
    assert (found.candidates, found.twice, found.added, found.kept) == (30, 8, 8, len(scored))
    assert {candidate["id"] for candidate in before} <= {candidate["id"] for candidate in after}
    tail = [candidate["text"] for candidate in after[len(scored):]]
    assert [text for text in tail if text.startswith("Tip 4")] != tail[-6:] or len(tail) <= 6


def test_exporting_again_without_change_changes_no_score_and_no_id(tmp_path: Path) -> None:
    made = make(tmp_path)
    exported(made)
    before = fill(made, by_length)["candidates"]
    assert exported(made).added == 0
    assert made.judge_file()["candidates"] == before


def test_of_a_run_made_again_only_the_later_is_judged(tmp_path: Path) -> None:
    made = make(tmp_path, models=MODELS[:1], prompts=["v1"])
    add_run(made, MODELS[0], "v1", fingerprint="f0")
    exported(made)
    assert {candidate["text"][:5] for candidate in made.judge_file()["candidates"]} == {"Tip 1"}


@pytest.mark.parametrize(
    ("spoil", "more", "says"),
    [
        (None, {"experiment": "tip-bnech"}, "no run of the ledger belongs to it; there is: tip-bench"),
        (None, {"judge": "bob"}, "is ann's"),
        (None, {"rubric": __file__}, "was made with another rubric"),
        (lambda _: "{", {}, "is no JSON"),
        (lambda text: text.replace('"relevance": null', '"relevance": 9', 1), {}, "outside the scale 1-5"),
        (lambda text: text.replace("begin with water", "begin with fire", 1), {}, "not the one that was handed out"),
    ],
)
def test_what_cannot_be_exported_to_leaves_the_file_as_it_was(
    tmp_path: Path, spoil: Any, more: dict[str, str], says: str
) -> None:
    made = make(tmp_path)
    exported(made, judge="ann")
    if spoil is not None:
        made.out.write_text(spoil(made.out.read_text("utf-8")), "utf-8")
    before, there = made.out.read_bytes(), made.everything()
    with pytest.raises((BadInput, UsageError), match=says):
        exported(made, **more)
    assert made.out.read_bytes() == before
    assert made.everything() == there


def test_a_folder_that_is_gone_is_told_and_the_rest_is_exported(tmp_path: Path) -> None:
    made = make(tmp_path)
    gone = min(made.runs_root.glob("2*"))
    gone.rename(tmp_path / "elsewhere")
    found = exported(made)
    assert found.candidates == 18
    assert found.remarks[0].startswith(f"left out: the folder of run {gone.name} is not in")


def test_texts_of_two_benchmarks_are_not_judged_in_one_file(tmp_path: Path) -> None:
    made = make(tmp_path)
    add_run(made, "demo-5M:F16", "v1", benchmark="poems")
    with pytest.raises(UsageError, match="several benchmarks \\(poems, tips\\)"):
        exported(made)
    assert exported(made, benchmark="tips").candidates == 24
    with pytest.raises(UsageError, match="none that ships with poems"):
        exported(made, benchmark="poems", out=tmp_path / "poems.json")


def test_a_rubric_that_changed_since_does_not_take_over_old_scores(tmp_path: Path) -> None:
    made, rubric = make(tmp_path), tmp_path / "rubric.md"
    text = "# Rubric: own-v1\n\nScale: 0-1\n\n## good\n\nIs it?\n\n- 0: No.\n- 1: Yes.\n"
    rubric.write_text(text, "utf-8")
    exported(made, rubric=str(rubric))
    assert list(made.judge_file()["candidates"][0]["scores"]) == ["good"]
    rubric.write_text(text.replace("own-v1", "own-v2"), "utf-8")
    with pytest.raises(BadInput, match=r"its rubric \(own-v1\) has changed since \(it is own-v2 now\)"):
        exported(made)


def test_what_apply_would_not_read_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(tmp_path)
    monkeypatch.setattr(checking, "MOST_BYTES", 9000)
    with pytest.raises(BadInput, match=r"with 24 texts it would have .* bytes, and judge apply reads 9,000"):
        exported(made)
    assert not made.out.exists()
