"""leaderboard: what it shows is what one computes by hand from the judge file."""

from __future__ import annotations

import json
import math
import statistics
from pathlib import Path
from typing import Any

import pytest
from scipy import stats

from core.errors import UsageError
from ledger.lines import read_lines
from reports import table
from reports.judged.board_table import table_of
from reports.judged.page import WIDTH, to_html
from reports.judged.values import to_json
from runner.judging.applying import ApplyRequest, apply
from runner.judging.board import BoardRequest, leaderboard
from runner.judging.exporting import ExportRequest, export
from runner.pages import assets
from tests.runner.judging.an_experiment import Experiment, add_run, by_length, fill, make

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e**x** | [a](http://b)"


def judge(made: Experiment, name: str, score: Any = by_length, twice: float = 0.0) -> dict[str, Any]:
    """Exports, fills in and applies a file of its own."""
    own = Experiment(made.results, made.runs_root, made.out.with_name(f"{name}.json"))
    export(ExportRequest(made.name, own.out, made.results, made.runs_root, judge=name, twice=twice))
    file = fill(own, score)
    apply(ApplyRequest(own.out, made.results, made.runs_root))
    return file


def shown(made: Experiment, **more: Any) -> Any:
    return json.loads(to_json(leaderboard(BoardRequest(made.name, made.results, made.runs_root, **more))))


def test_the_leaderboard_is_what_one_computes_by_hand_from_the_file(tmp_path: Path) -> None:
    made = make(tmp_path, scenarios=6)
    file = judge(made, "ann")
    labels = [("demo-5M:F16", "p1-short"), ("demo-5M:F16", "p2-mentor"), ("demo-3M:Q4_K_M", "p1-short"),
              ("demo-3M:Q4_K_M", "p2-mentor")]
    by_text = {candidate["text"]: candidate["scores"] for candidate in file["candidates"]}

    def scores(run: int, scenario: int, index: int) -> dict[str, int]:
        return dict(by_text[f"Tip {run}.{scenario}.{index}: begin with water."])

    composites = {label: [statistics.fmean(statistics.fmean(scores(run, place, index).values()) for index in (0, 1))
                          for place in range(6)] for run, label in enumerate(labels)}
    (only,) = shown(made)["judges"]
    rows = {(row["model"], row["prompt"]): row for row in only["rows"]}
    best = max(composites, key=lambda label: statistics.fmean(composites[label]))
    assert only["baseline"] == " ".join(best)
    assert [row["composite"]["mean"] for row in only["rows"]] == sorted(
        (row["composite"]["mean"] for row in only["rows"]), reverse=True)
    for run, label in enumerate(labels):
        row, mean = rows[label], statistics.fmean(composites[label])
        half = stats.t.ppf(0.975, 5) * statistics.stdev(composites[label]) / math.sqrt(6)
        assert row["composite"]["mean"] == pytest.approx(mean)
        assert row["composite"]["interval"] == pytest.approx([max(1, mean - half), min(5, mean + half)])
        assert list(row["scenarios"].values()) == pytest.approx(composites[label])
        for name in ("relevance", "actionability", "tone"):
            of_it = [scores(run, place, index)[name] for place in range(6) for index in (0, 1)]
            assert row["criteria"][name]["mean"] == pytest.approx(statistics.fmean(of_it))
        assert (row["tokens_per_text"], row["seconds_per_text"]) == (12.0, pytest.approx(12.5 / 12))
        if label != best:
            differences = [a - b for a, b in zip(composites[label], composites[best], strict=True)]
            assert row["difference"]["mean"] == pytest.approx(statistics.fmean(differences))
            assert row["difference"]["p_value"] == pytest.approx(stats.ttest_1samp(differences, 0).pvalue)
    (interaction,) = only["interactions"]
    a, b, c, d = (composites[label] for label in labels)
    contrast = [(d[place] - c[place]) - (b[place] - a[place]) for place in range(6)]
    assert interaction["difference"]["mean"] == pytest.approx(statistics.fmean(contrast))
    assert (interaction["prompt"], interaction["model"]) == ("p2-mentor", "demo-3M:Q4_K_M")


def test_agreement_of_two_judges_and_of_one_with_itself_is_shown(tmp_path: Path) -> None:
    made = make(tmp_path)
    judge(made, "ann", twice=0.5)
    judge(made, "bob", lambda candidate, name: 6 - by_length(candidate, name))
    found = shown(made)
    assert [one["judge"] for one in found["judges"]] == ["ann", "bob"]
    assert {(one["kappa"], one["texts"]) for one in found["judges"][0]["with_itself"]} == {(1.0, 12)}
    assert found["judges"][1]["with_itself"] == []
    between = found["agreement"]
    assert [(one["judges"], one["criterion"], one["texts"]) for one in between] == [
        (["ann", "bob"], name, 24) for name in ("relevance", "actionability", "tone")]
    assert all(one["kappa"] < 0 for one in between)
    assert [one["judge"] for one in shown(made, judges=("bob",))["judges"]] == ["bob"]


def test_what_is_not_judged_yet_and_what_has_no_text_is_said(tmp_path: Path) -> None:
    made = make(tmp_path)
    judge(made, "ann")
    run_id = add_run(made, "demo-3M:F16", "p1-short")
    details = made.runs_root / run_id / "details.jsonl"
    lines = list(read_lines(details))
    lines[0]["outcome"] = "truncated"
    details.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    assert shown(made)["judges"][0]["unjudged"] == ["demo-3M:F16 p1-short"]
    judge(made, "ann", lambda *_: 5)
    (only,) = shown(made)["judges"]
    best = only["rows"][0]
    assert (best["model"], best["composite"]["mean"], best["texts"], best["without_text"]) == ("demo-3M:F16", 5, 5, 1)
    text = table.to_markdown(table_of(leaderboard(BoardRequest(made.name, made.results, made.runs_root))))
    assert "samples without a text to judge (cut off, empty or blocked): demo-3M:F16 p1-short 1 of 6 (4.33)" in text
    assert best["composite_floor"] == pytest.approx(((1 + 5) / 2 + 5 + 5) / 3)


def test_a_score_of_a_text_that_changed_since_does_not_count(tmp_path: Path) -> None:
    made = make(tmp_path, models=["m:F16"], prompts=["p1"])
    judge(made, "ann")
    details = next(made.runs_root.glob("*/details.jsonl"))
    details.write_text(details.read_text("utf-8").replace("Tip 0.0.0", "Tip 9.9.9"), "utf-8")
    assert shown(made)["judges"][0]["rows"][0]["scored"] == 5


def test_of_one_scenario_nothing_is_told_apart(tmp_path: Path) -> None:
    made = make(tmp_path, scenarios=1, candidates=1)
    judge(made, "ann")
    found = leaderboard(BoardRequest(made.name, made.results, made.runs_root))
    assert table_of(found).sections[0].says.startswith("Too few scenarios are judged to hold anything against")
    assert "interval" not in shown(made)["judges"][0]["rows"][0]["composite"]


def test_rows_of_other_scenarios_are_said_not_to_be_ranked(tmp_path: Path) -> None:
    made = make(tmp_path, scenarios=4)
    judge(made, "ann")
    said = "not all rows are judged in the same scenarios"
    assert said not in table.to_markdown(table_of(leaderboard(BoardRequest(made.name, made.results, made.runs_root))))
    add_run(made, "m:F16", "p1-short", scenarios=2)
    judge(made, "ann")
    assert said in table.to_markdown(table_of(leaderboard(BoardRequest(made.name, made.results, made.runs_root))))


def test_before_anything_is_judged_a_sentence_says_how(tmp_path: Path) -> None:
    made = make(tmp_path)
    with pytest.raises(UsageError, match="nothing is judged yet; judge export writes the file"):
        shown(made)
    judge(made, "ann")
    with pytest.raises(UsageError, match="--judge eve: has judged nothing of tip-bench; there is ann"):
        shown(made, judges=("eve",))


def test_names_of_strangers_are_text_on_the_page_in_the_terminal_and_in_markdown(tmp_path: Path) -> None:
    made = make(tmp_path, models=["plain:F16"], prompts=["p1"])
    add_run(made, HOSTILE, HOSTILE)
    judge(made, "ann")
    found = leaderboard(BoardRequest(made.name, made.results, made.runs_root))
    page, text = to_html(found, assets()), table.to_markdown(table_of(found))
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert "\\<script>" in text
    for shown_to_people in (page, text):
        assert "\x1b" not in shown_to_people
        assert "\u202e" not in shown_to_people


def test_two_runs_of_one_model_and_prompt_are_told_apart_by_their_settings(tmp_path: Path) -> None:
    made = make(tmp_path, models=["m:F16"], prompts=["p1"])
    add_run(made, "m:F16", "p1", config={"prompt_version": "p1", "experiment": made.name, "strategy": "candidates",
                                         "n": 2, "sampling": {"temperature": 0.9}})
    judge(made, "ann")
    first = min(made.runs_root.glob("2*")).name
    assert sorted(row["prompt"] for row in shown(made)["judges"][0]["rows"]) == [
        f"p1 ({first})", "p1 (temperature 0.9)"]


def test_two_rubrics_of_one_version_are_told_apart_each_with_its_own_pictures(tmp_path: Path) -> None:
    made, rubric = make(tmp_path, models=["m:F16"]), tmp_path / "rubric.md"
    text = "# Rubric: own-v1\n\nScale: 0-1\n\n## good\n\nIs it?\n\n- 0: No.\n- 1: Yes.\n"
    for name, score in (("first", 0), ("second", 1)):
        rubric.write_text(text.replace("Is it?", f"Is it {name}?"), "utf-8")
        out = tmp_path / f"{name}.json"
        export(ExportRequest(made.name, out, made.results, made.runs_root, judge="ann", rubric=str(rubric)))
        fill(Experiment(made.results, made.runs_root, out), lambda *_, score=score: score)
        apply(ApplyRequest(out, made.results, made.runs_root))
    found = leaderboard(BoardRequest(made.name, made.results, made.runs_root))
    titles = [section.title for section in table_of(found).sections if section.heading == "Model"]
    assert len(set(titles)) == 2
    assert all(one.rubric.sha256[:12] in title for one, title in zip(found.judges, titles, strict=True))
    page = to_html(found, assets())
    assert page.count('class="dot" x="-1.0"') == page.count(f'class="dot" x="{WIDTH - 1.0}"') == 2


def test_the_command_line_gives_all_four_forms(tmp_path: Path) -> None:
    made = make(tmp_path)
    judge(made, "ann")
    asked = ("leaderboard", "--experiment", made.name)
    assert "Composite [95 %]" in made.bench(*asked).stdout
    assert made.bench(*asked, "--format", "md").stdout.startswith("### tip-bench, tips: judged by ann under tip-v1")
    assert len(json.loads(made.bench(*asked, "--format", "json").stdout)["judges"][0]["rows"]) == 4
    assert made.bench(*asked, "--format", "html").stdout.startswith("<!doctype html>")
    refused = made.bench(*asked, "--baseline", "nobody")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("bench_runner.py: --baseline nobody: nothing that was judged is called so")
