"""Results of other harnesses in the ledger: what a record says, that it pairs, and that nothing is written in vain."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from analysis.comparison import compare_runs
from core.errors import BadInput, UsageError
from ledger import store
from ledger.folder import RunFolder
from ledger.lines import read_lines
from ledger.record import Record
from runner.importing import ImportReport, ImportRequest, import_file
from tests.skips import needs

FILES = Path(__file__).parents[1] / "ledger" / "imports" / "files"
EVALPLUS = "demo--demo-5M_hf_temp_0.0_eval_results.json"
HUMAN_EVAL = "demo-5M_samples.jsonl_results.jsonl"
LM_EVAL = "results_2026-11-24T06-26-51.942494.json"
LM_EVAL_SAMPLES = "samples_basic_math_2026-11-24T06-26-51.942494.jsonl"
LCB = "demo-5M/Scenario.codegeneration_1_0.0_eval_all.json"

inspect_ai = needs("inspect", there=find_spec("inspect_ai") is not None)


class Place:
    """A ledger and a folder for runs."""

    def __init__(self, folder: Path) -> None:
        self.results, self.runs_root = folder / "ledger.json", folder / "runs"

    def take(self, file: str | Path, **flags: Any) -> ImportReport:
        return import_file(ImportRequest(FILES / file, self.results, self.runs_root, **flags))

    def records(self) -> tuple[Record, ...]:
        return store.read(self.results)

    def folder(self, record: Any) -> RunFolder:
        return RunFolder(self.runs_root, record["run_id"])


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(("file", "counts"), [
    (LM_EVAL, [(11, 12)]), (LM_EVAL_SAMPLES, [(11, 12)]), (EVALPLUS, [(2, 5), (1, 5)]), (HUMAN_EVAL, [(2, 5)]),
    (LCB, [(1, 4)]), ("llama-eval-state.json", [(1, 4)]), ("older_ledger.json", [(82, 164), (None, None)]),
    pytest.param("inspect_sums.json", [(4, 6)], marks=inspect_ai),
    pytest.param("inspect_numbered.eval", [(4, 4)], marks=inspect_ai)])
def test_counts_and_scores_of_every_origin_come_back_from_ledger_and_folder(
    file: str, counts: list[tuple[int | None, int | None]], place: Place,
) -> None:
    place.take(file)
    for record, (passed, total) in zip(place.records(), counts, strict=True):
        assert (record["results"].get("total_passed"), record["results"].get("total_problems")) == (passed, total)
        assert record["config"]["imported"] is True
        assert record["config"]["origin"]
        assert place.folder(record).ended
        assert (place.folder(record).path / "report.html").is_file()
        if passed is None or total is None or "older" in file:
            continue
        assert record["results"]["score"] == pytest.approx(100 * passed / total)
        details = place.folder(record).details()
        assert sum(line["passed"] for line in details) == passed
        assert len(details) == sum(record["outcomes"].values())
        assert {sample.task_id for sample in place.folder(record).samples()} == {line["task_id"] for line in details}


@pytest.mark.parametrize("file", [LM_EVAL, EVALPLUS, HUMAN_EVAL, LCB, "llama-eval-state.json", "older_ledger.json"])
def test_the_same_file_twice_adds_nothing_and_says_so(file: str, place: Place) -> None:
    added = place.take(file).added
    before = place.results.read_bytes()
    again = place.take(file)
    assert again.added == []
    assert again.there_already == [record["run_id"] for record in added]
    assert place.results.read_bytes() == before
    assert len(list(place.runs_root.iterdir())) == len(added)


def test_lm_evals_results_and_samples_name_one_run(place: Place) -> None:
    place.take(LM_EVAL)
    assert place.take(LM_EVAL_SAMPLES).added == []


def test_runs_of_two_harnesses_pair_where_task_ids_match(place: Place) -> None:
    place.take(HUMAN_EVAL, model="demo-5M:Q8_0")
    place.take(EVALPLUS, model="demo-5M:F16")
    rows = compare_runs(place.records(), benchmark="human_eval", listed=True)
    [row] = [row for row in rows if "difference" in row]
    assert (row["difference"], row["flips"]) == (0.0, [0, 0])
    assert row["origin"] == "human-eval"


def test_an_imported_run_pairs_with_ours_unless_both_say_another_temperature_or_grading(place: Place) -> None:
    place.take(LCB, model="demo-5M:Q8_0")
    [theirs] = place.records()
    config = {"sampling": {"temperature": 0.0, "max_tokens": 2048, "seed": 0}, "strategy": "single",
              "samples_per_task": 1, "prompt_version": "v1", "grading": "upstream"}
    for change, pairs in (({}, True), ({"grading": "native"}, False), ({"sampling": {"temperature": 0.7}}, False)):
        ours = {**theirs, "model": "demo-5M:F16", "run_id": "ours", "config": {**config, **change}}
        rows = compare_runs([ours, theirs])
        assert any("difference" in row for row in rows) is pairs


def test_what_llama_eval_leaves_out_of_its_score_counts_here_and_is_said(place: Place) -> None:
    [record] = place.take("llama-eval-state.json").added
    assert record["status"] == "incomplete"
    assert record["outcomes"] == {"correct": 1, "wrong": 2, "truncated": 1, "lost": 1}
    assert record["results"]["reported_score"] == pytest.approx(100 / 3)
    assert record["bounds"] == [25.0, 50.0]
    reasons = "\n".join(record["validity"]["reasons"])
    assert record["validity"]["status"] == "suspect"
    for words in ("itself reports 33.3 %; here all 4 tasks", "first comma", "1 of 5 tasks"):
        assert words in reasons


def test_what_a_file_does_not_tell_is_absent_and_listed(place: Place) -> None:
    [record] = place.take(HUMAN_EVAL).added
    assert not {"usage", "latency", "memory"} & record.keys()
    assert "sampling" not in record["config"]
    assert "host" not in record["provenance"]
    assert "which replies were cut off by a token limit" in record["validity"]["unchecked"]
    assert record["validity"]["status"] == "ok"


def test_samples_appended_twice_are_counted_once_and_make_a_score_suspect(place: Place, tmp_path: Path) -> None:
    lines = (FILES / HUMAN_EVAL).read_text().splitlines()
    appended = tmp_path / "x_results.jsonl"
    appended.write_text("\n".join([*lines, lines[0], lines[2]]) + "\n")
    [record] = place.take(appended).added
    assert record["results"]["total_problems"] == 5
    assert record["validity"]["status"] == "suspect"
    assert "2 replies more than were asked for" in " ".join(record["validity"]["reasons"])


def test_an_older_record_keeps_its_fields_and_gets_an_interval_and_a_run_id(place: Place) -> None:
    first, second = place.take("older_ledger.json").added
    assert first["timestamp"] == "2025-03-01T10:00:00"
    assert first["interval"] == pytest.approx([42.4, 57.6], abs=0.1)
    assert "tasks_sha256" not in first
    assert "format" not in first
    assert second["colour"] == {"deep": [1.1]}
    assert len(list(read_lines(place.folder(first).details_path))) == 82


def test_a_record_of_another_ledger_of_ours_keeps_its_run_id_unless_that_is_taken_or_no_name(
    place: Place, tmp_path: Path,
) -> None:
    old = {"timestamp": "2025-01-01T00:00:00Z", "benchmark": "math", "model": "m", "results": {"score": 1.0}}
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"runs": [{**old, "run_id": name} for name in ("mine", "../evil", "taken")]}))
    (place.runs_root / "taken").mkdir(parents=True)
    added = place.take(other).added
    assert added[0]["run_id"] == "mine"
    assert [record["provenance"].get("imported_run_id") for record in added] == [None, "../evil", "taken"]
    assert all(place.folder(record).ended for record in added)
    assert not (tmp_path / "evil").exists()
    assert place.take(other).added == []


@pytest.mark.parametrize("file", [LM_EVAL_SAMPLES, EVALPLUS, HUMAN_EVAL, LCB, "llama-eval-state.json",
                                  "older_ledger.json"])
def test_a_damaged_file_leaves_ledger_and_folders_as_they_were(file: str, place: Place, tmp_path: Path) -> None:
    place.take(HUMAN_EVAL, model="before")
    before, folders = place.results.read_bytes(), sorted(place.runs_root.iterdir())
    damaged = tmp_path / Path(file).name
    damaged.write_bytes((FILES / file).read_bytes()[:-30])
    with pytest.raises(BadInput, match=r"line \d+"):
        place.take(damaged)
    assert place.results.read_bytes() == before
    assert sorted(place.runs_root.iterdir()) == folders


def test_a_damaged_ledger_is_refused_before_anything_is_written(place: Place) -> None:
    place.results.write_text('{"runs": [')
    with pytest.raises(BadInput, match="cut short"):
        place.take(HUMAN_EVAL)
    assert not place.runs_root.exists()


def test_the_ledger_is_not_imported_into_itself(place: Place) -> None:
    place.take(HUMAN_EVAL)
    with pytest.raises(UsageError, match="the ledger itself"):
        place.take(place.results)


def test_names_can_be_given(place: Place) -> None:
    base, plus = place.take(EVALPLUS, model="demo-5M:F16", benchmark="he").added
    assert [record["benchmark"] for record in (base, plus)] == ["he", "he_plus"]
    assert base["model"] == "demo-5M:F16"


def test_texts_that_no_file_can_hold_are_mended_and_hostile_ones_kept_as_text(place: Place, tmp_path: Path) -> None:
    hostile = tmp_path / "h_results.jsonl"
    hostile.write_text('{"task_id": "HumanEval/0", "completion": "\\ud800</script>\\u001b[31m", "result": "failed: '
                       '<script>", "passed": false}\n')
    [record] = place.take(hostile, model="<script>alert(1)</script>").added
    page = (place.folder(record).path / "report.html").read_text()
    assert "<script>alert" not in page
    assert place.folder(record).samples()[0].completion == "\ufffd</script>\x1b[31m"


def test_records_of_another_ledger_of_ours_pair_as_strictly_as_at_home(place: Place, tmp_path: Path) -> None:
    config = {"sampling": {"temperature": 0.0, "max_tokens": 2048}, "prompt_version": "v1"}
    theirs = {"timestamp": "2026-01-01T00:00:00Z", "benchmark": "math", "model": "m:Q8_0", "config": config,
              "tasks_sha256": "a" * 64, "results": {"total_passed": 1, "total_problems": 2, "failed_tasks": ["t/1"]}}
    other = tmp_path / "other.json"
    other.write_text(json.dumps({"runs": [theirs]}))
    [record] = place.take(other).added
    for change, pairs in (({}, True), ({"sampling": {"temperature": 0.0, "max_tokens": 512}}, False)):
        ours = {**theirs, "model": "m:F16", "config": {**config, **change}}
        assert any("difference" in row for row in compare_runs([ours, record])) is pairs
