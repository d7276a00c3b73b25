"""judge apply: every score is held against the rubric and the runs; what is wrong is a sentence, nothing changes."""

from __future__ import annotations

import json
import math
import shutil
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from core.errors import BadInput
from ledger import store
from ledger.lines import read_lines
from reports.show import sections
from runner.judging.applying import Applied, ApplyRequest, apply
from runner.judging.exporting import ExportRequest, export
from tests.runner.judging.an_experiment import Experiment, by_length, fill, make

NAMES = ("relevance", "actionability", "tone")


def exported(tmp_path: Path, **more: Any) -> Experiment:
    made = make(tmp_path)
    export(ExportRequest(made.name, made.out, made.results, made.runs_root, **{"judge": "ann", **more}))
    return made


def applied(made: Experiment, **more: Any) -> Applied:
    return apply(ApplyRequest(made.out, made.results, made.runs_root, **more))


def judgements(made: Experiment) -> list[Any]:
    return [record for record in store.read(made.results) if "judgement_of" in record]


def test_what_the_ledger_says_is_what_one_computes_by_hand_from_the_file(tmp_path: Path) -> None:
    made = exported(tmp_path)
    file = fill(made, by_length)
    assert applied(made).scored == 24
    by_text = {candidate["text"]: candidate["scores"] for candidate in file["candidates"]}
    for number, record in enumerate(judgements(made)):
        scenarios = [statistics.fmean(statistics.fmean(by_text[f"Tip {number}.{place}.{index}: begin with water."]
                                                       .values()) for index in (0, 1)) for place in range(3)]
        mean = statistics.fmean(scenarios)
        half = stats.t.ppf(0.975, 2) * statistics.stdev(scenarios) / math.sqrt(3)
        low, high = max(1.0, mean - half), min(5.0, mean + half)
        assert record["results"]["composite"] == pytest.approx(mean, abs=1e-6)
        assert record["results"]["score"] == pytest.approx(25 * (mean - 1), abs=1e-5)
        assert record["interval"] == pytest.approx([25 * (low - 1), 25 * (high - 1)], abs=1e-5)
        for name in NAMES:
            of_it = [by_text[f"Tip {number}.{place}.{index}: begin with water."][name]
                     for place in range(3) for index in (0, 1)]
            assert record["results"]["criteria"][name] == pytest.approx(statistics.fmean(of_it), abs=1e-6)


def test_the_judgement_is_a_record_of_its_own_and_the_runs_stay_as_they_were(tmp_path: Path) -> None:
    made = exported(tmp_path)
    before = store.read(made.results)
    file = fill(made, by_length)
    applied(made)
    after = store.read(made.results)
    assert [record.text for record in after[:4]] == [record.text for record in before]
    assert [record["judgement_of"] for record in after[4:]] == [record["run_id"] for record in before]
    first = after[4]
    assert first["judging"] == {
        "rubric": "tip-v1", "rubric_sha256": file["rubric"]["sha256"], "judge": "ann", "kind": "human",
        "candidates": 6, "scored": 6, "scenarios": 3, "file_id": file["file_id"]}
    assert (first["model"], first["benchmark"], first["config"]) == (before[0]["model"], "tips", before[0]["config"])
    assert first["run_id"] != first["judgement_of"]


def test_show_tells_a_judgement_on_the_rubrics_scale(tmp_path: Path) -> None:
    made = exported(tmp_path)
    fill(made, lambda *_: 4)
    applied(made)
    told = dict(dict(sections(judgements(made)[0]))["Judged"])
    assert (told["composite"], told["tone"], told["judge"], told["rubric"]) == ("4", "4", "ann", "tip-v1")
    assert told["run"] == judgements(made)[0]["judgement_of"]


def test_every_score_is_a_line_in_its_runs_folder_with_the_rubrics_version_and_hash(tmp_path: Path) -> None:
    made = exported(tmp_path, twice=0.25)
    file = fill(made, by_length)
    applied(made)
    lines = [line for path in made.runs_root.glob("*/judgements.jsonl") for line in read_lines(path)]
    assert len(lines) == len(file["candidates"]) == 30
    assert {(line["rubric"], line["rubric_sha256"], line["judge"]) for line in lines} == {
        ("tip-v1", file["rubric"]["sha256"], "ann")}
    assert sorted(line["occasion"] for line in lines) == [1] * 24 + [2] * 6
    assert all(line["at"].endswith("Z") for line in lines)


def test_a_second_look_measures_the_judge_and_does_not_count_twice(tmp_path: Path) -> None:
    made = exported(tmp_path, twice=1.0)
    key = json.loads(next(made.runs_root.glob(".judging/j*.json")).read_text("utf-8"))["places"]
    fill(made, lambda candidate, _: 4 if key[candidate["id"]]["occasion"] == 1 else 1)
    applied(made)
    assert {record["results"]["composite"] for record in judgements(made)} == {4.0}
    assert {(record["judging"]["scored"], record["judging"]["twice"]) for record in judgements(made)} == {(6, 6)}


def test_applying_again_adds_nothing(tmp_path: Path) -> None:
    made = exported(tmp_path)
    fill(made, by_length)
    applied(made)
    before = made.everything()
    again = applied(made)
    assert (again.written, len(again.records), again.unchanged) == (0, 0, 4)
    assert made.everything() == before


def test_a_score_that_was_corrected_supersedes_the_earlier_one_in_that_run_alone(tmp_path: Path) -> None:
    made = exported(tmp_path)
    fill(made, lambda *_: 2)
    applied(made)
    fill(made, lambda candidate, _: 5 if candidate["text"].startswith("Tip 0.0.0") else 2)
    again = applied(made)
    assert (again.written, len(again.records)) == (1, 1)
    assert judgements(made)[-1]["results"]["composite"] == pytest.approx((3.5 + 2 + 2) / 3, abs=1e-6)


def test_after_a_kill_between_two_runs_the_same_command_completes_it(tmp_path: Path) -> None:
    made = exported(tmp_path)
    fill(made, by_length)
    ledger = made.results.read_bytes()
    applied(made)
    whole = [record["results"] for record in judgements(made)]
    made.results.write_bytes(ledger)
    last = max(made.runs_root.glob("*/judgements.jsonl"))
    last.rename(last.with_name(f".{last.name}.{'0' * 12}.part"))  # killed before it had its name
    again = applied(made)
    assert list(made.runs_root.rglob("*.part")) == []
    assert (again.written, len(again.records)) == (6, 4)
    assert [record["results"] for record in judgements(made)] == whole
    assert applied(made).records == []


def test_a_partly_filled_file_says_how_many_are_missing_and_wants_to_be_told(tmp_path: Path) -> None:
    made = exported(tmp_path)
    fill(made, lambda candidate, name: None if candidate["text"][6] == "2" and name == "tone" else 3)
    before = made.everything()
    with pytest.raises(BadInput, match=r"8 of 24 candidates lack a score; fill them in, or apply .* with --partial"):
        applied(made)
    assert made.everything() == before
    found = applied(made, partial=True)
    assert (found.scored, found.missing, found.written) == (16, 8, 16)
    assert {record["judging"]["scored"] for record in judgements(made)} == {4}
    fill(made, lambda *_: 3)
    assert applied(made).written == 8
    assert {record["judging"]["scored"] for record in judgements(made)[-4:]} == {6}


def test_a_candidate_that_was_taken_out_of_the_file_is_missed_and_put_back_by_export(tmp_path: Path) -> None:
    """A judge who leaves out what is tedious makes the rest look like all."""
    made = exported(tmp_path)
    fill(made, lambda *_: 3)
    edited(lambda value: value["candidates"].pop(5))(made)
    with pytest.raises(BadInput, match=r"1 of 24 candidates lack a score \(1 of them were taken out of the file: judge "
                                       r"export puts them back\); fill them in"):
        applied(made)
    assert (applied(made, partial=True).written, applied(made, partial=True).missing) == (23, 1)
    export(ExportRequest(made.name, made.out, made.results, made.runs_root))
    fill(made, lambda *_: 3)
    assert (applied(made).written, len(made.judge_file()["candidates"])) == (1, 24)


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[Experiment], object]:
    def spoil(made: Experiment) -> None:
        value = made.judge_file()
        change(value)
        made.out.write_text(json.dumps(value), "utf-8")
    return spoil


def textual(old: str, new: str) -> Callable[[Experiment], object]:
    def spoil(made: Experiment) -> None:
        text = made.out.read_text("utf-8")
        assert old in text
        made.out.write_text(text.replace(old, new, 1), "utf-8")
    return spoil


def first(value: dict[str, Any]) -> Any:
    return value["candidates"][0]


def run_text_changes(made: Experiment) -> None:
    details = next(made.runs_root.glob("*/details.jsonl"))
    details.write_text(details.read_text("utf-8").replace("begin with water", "begin with fire"), "utf-8")


def run_vanishes_from_ledger(made: Experiment) -> None:
    made.results.write_text(json.dumps({"runs": [dict(record) for record in store.read(made.results)][1:]}), "utf-8")


def run_folder_vanishes(made: Experiment) -> None:
    shutil.rmtree(next(path.parent for path in made.runs_root.glob("*/details.jsonl")))


HOSTILE: list[tuple[Callable[[Experiment], object], str]] = [
    # hand-broken
    (textual('"candidates": [', '"candidates": '), "is no JSON"),
    (lambda made: made.out.write_bytes(b""), "is no JSON"),
    (lambda made: made.out.write_bytes(b"\xff\xfe{}"), "is not UTF-8"),
    (lambda made: made.out.write_text("[" * 200_000), "nested too deeply"),
    (lambda made: made.out.write_text("[]"), "the file must be an object"),
    (textual('"tone": 3', '"tone": NaN'), "NaN is no number"),
    (textual('"tone": 3', '"tone": 3, "tone": 4'), "occurs twice in one object"),
    (textual('"tone": 3', f'"tone": {"9" * 5000}'), "is no JSON (a number has 5,000 digits)"),
    (edited(lambda value: value.pop("rubric")), 'the file has no "rubric"'),
    (edited(lambda value: value.update(comment="x")), "has a key 'comment' that no export writes"),
    (edited(lambda value: value.update(format="bench-runner judge file 9")), "its format is"),
    (edited(lambda value: value.update(candidates={})), '"candidates" must be a list'),
    (edited(lambda value: value["candidates"].append(first(value))), "is there twice"),
    (edited(lambda value: first(value).update(text="better")), "its text is not the one that was handed out"),
    (edited(lambda value: first(value)["scenario"].update(persona="x")), "its scenario is not the one that was handed"),
    (edited(lambda value: first(value).update(text=7)), '"text" must be a text'),
    (edited(lambda value: first(value).update(note=None)), '"note" must be a text'),
    (edited(lambda value: first(value).update(scenario=[])), '"scenario" must be an object of texts'),
    (edited(lambda value: first(value).update(scores=[3, 3, 3])), '"scores" must be an object'),
    (edited(lambda value: value.update(judge="bob")), "its judge is 'bob', and it was exported for 'ann'"),
    (edited(lambda value: value["rubric"].update(text=value["rubric"]["text"] + " ")), "its rubric is not the one"),
    (edited(lambda value: value["rubric"].update(sha256="0" * 64)), "its rubric is not the one"),
    (edited(lambda value: value["rubric"].update(version="tip-v9")), "\"version\" is 'tip-v9', and its text says"),
    (edited(lambda value: value["rubric"].update(scale=[1, 10])), '"scale" is [1, 10], and its text says [1, 5]'),
    (edited(lambda value: value["rubric"].update(criteria=["charm"])), "\"criteria\" is ['charm'], and its text says"),
    # out of range
    (edited(lambda value: first(value)["scores"].update(tone=6)), "tone is 6, outside the scale 1-5"),
    (edited(lambda value: first(value)["scores"].update(tone=0)), "tone is 0, outside the scale 1-5"),
    (edited(lambda value: first(value)["scores"].update(tone=3.5)), "a score is a whole number from 1 to 5"),
    (edited(lambda value: first(value)["scores"].update(tone="3")), "without quotes"),
    (edited(lambda value: first(value)["scores"].update(tone=True)), "tone is True, and a score is a whole number"),
    (edited(lambda value: first(value)["scores"].update(charm=3)), "'charm' is no criterion of tip-v1"),
    (edited(lambda value: first(value)["scores"].pop("tone")), "the criterion 'tone' is missing"),
    # foreign
    (edited(lambda value: value.update(file_id="j" + "0" * 16)), "was not exported from"),
    (edited(lambda value: value.update(file_id="../../etc/passwd")), "which is none that an export gives"),
    (edited(lambda value: value.update(experiment="other")), "its experiment is 'other', and it was exported for"),
    (edited(lambda value: first(value).update(id="c000000000000")), "was never exported into this file"),
    (run_vanishes_from_ledger, "is of a run that the ledger does not have"),
    # stale
    (run_text_changes, "is stale: its text is another in its run's folder now"),
    (run_folder_vanishes, "is not in"),
]


@pytest.mark.parametrize(("spoil", "says"), HOSTILE, ids=[f"{place}-{says[:30]}" for place, (_, says) in
                                                          enumerate(HOSTILE)])
def test_a_broken_foreign_stale_or_wrong_file_is_one_sentence_and_nothing_is_applied(
    tmp_path: Path, spoil: Callable[[Experiment], object], says: str
) -> None:
    made = exported(tmp_path)
    fill(made, lambda *_: 3)
    spoil(made)
    before = made.everything()
    with pytest.raises(BadInput) as caught:
        applied(made)
    message = str(caught.value)
    assert says in message
    assert "\n" not in message
    assert message.isprintable()
    assert len(message) < 400
    assert made.everything() == before


def test_a_rubric_that_changed_makes_the_file_stale(tmp_path: Path) -> None:
    rubric = tmp_path / "rubric.md"
    text = "# Rubric: own-v1\n\nScale: 0-1\n\n## good\n\nIs it?\n\n- 0: No.\n- 1: Yes.\n"
    rubric.write_text(text, "utf-8")
    made = exported(tmp_path, rubric=str(rubric))
    fill(made, lambda *_: 1)
    rubric.write_text(text.replace("Yes.", "Yes, very."), "utf-8")
    before = made.everything()
    with pytest.raises(BadInput, match=r"is stale: its rubric own-v1 \(SHA-256 .{12}\) has changed since"):
        applied(made)
    assert made.everything() == before
    moved = tmp_path / "moved.md"
    moved.write_text(text, "utf-8")
    assert applied(made, rubric=str(moved)).rubric == "own-v1"


def test_a_file_of_another_experiment_is_refused_where_one_is_named(tmp_path: Path) -> None:
    made = exported(tmp_path)
    fill(made, lambda *_: 3)
    with pytest.raises(BadInput, match="belongs to the experiment 'tip-bench', not to 'poems'"):
        applied(made, experiment="poems")


def test_the_line_of_what_is_wrong_is_told(tmp_path: Path) -> None:
    made = exported(tmp_path)
    fill(made, lambda *_: 3)
    value = made.judge_file()
    value["candidates"][5]["scores"]["tone"] = 9
    made.out.write_text(json.dumps(value, indent=1), "utf-8")
    line = next(number for number, text in enumerate(made.out.read_text("utf-8").split("\n"), 1)
                if value["candidates"][5]["id"] in text)
    with pytest.raises(BadInput, match=f"judge.json:{line}: candidate"):
        applied(made)


def test_the_command_line_says_what_it_did_and_ends_with_2_where_it_did_nothing(tmp_path: Path) -> None:
    made = make(tmp_path)
    out = made.bench("judge", "export", "--experiment", made.name, "--out", str(made.out), "--twice", "0.25")
    assert (out.returncode, out.stdout) == (0, "")
    assert "24 texts, 6 of them twice, to be judged by tip-v1 (30 new)" in out.stderr
    early = made.bench("judge", "apply", str(made.out))
    assert (early.returncode, early.stdout) == (2, "")
    assert "none of its 30 candidates has all its scores yet" in early.stderr
    fill(made, by_length)
    done = made.bench("judge", "apply", str(made.out), "--json")
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["runs"]) == 4
    assert "applied: 30 texts by human under tip-v1: 30 new, 4 records into the ledger" in done.stderr
    assert "nothing added" in made.bench("judge", "apply", str(made.out)).stderr
