"""Runs that wait for a judge, beside those that are graded: shown by prompt, ranked nowhere, held against nothing."""

from __future__ import annotations

from typing import Any

import pytest

from analysis import budgets
from analysis.comparison import compare_runs
from analysis.curves import add_curves
from analysis.spending import Spent
from core.errors import UsageError
from core.judged_in_record import awaits_judge, is_for_judges, judge_of, texts_waiting
from reports import model_card, show, table
from reports.across.facts import Across
from reports.across.leaderboard import leader
from reports.compare import CSV_KEYS, names_of, rows
from reports.run_summary import line
from tests.analysis.test_comparison import record


def waiting(version: str = "v1", quantization: str = "Q8_0", **more: Any) -> dict[str, Any]:
    """A run of eight scenarios and three candidates each, of which one was cut."""
    found = record(quantization, 0, 8, benchmark="tips", run_id=f"r-{quantization}-{version}",
                   outcomes={"unjudged": 7, "truncated": 1}, config={"scored_by": "judge", "prompt_version": version,
                                                                     "strategy": "candidates", "n": 3})
    del found["interval"], found["outcomes"]["correct"], found["outcomes"]["wrong"]
    found["results"] = {"candidates": {"unjudged": 23, "truncated": 1}, "time_taken": 1.0}
    return found | more


def judgement(of: dict[str, Any], judge: str, score: float) -> dict[str, Any]:
    """As ``judge apply`` appends it."""
    return of | {"run_id": f"{of['run_id']}-{judge}", "judgement_of": of["run_id"], "interval": [40.0, 60.0],
                 "timestamp": "2026-11-22T00:00:00Z",
                 "results": {"score": score, "composite": 3.0, "criteria": {"tone": 3.0}},
                 "judging": {"judge": judge, "rubric": "tip-v1", "rubric_sha256": "0" * 64, "kind": "human"}}


def shown(records: list[dict[str, Any]]) -> str:
    return table.to_markdown(rows(compare_runs(records)))


def test_prompts_stand_by_their_names_and_have_no_score() -> None:
    found = compare_runs([waiting(version) for version in ("v3", "v1", "v2")])
    assert {row["group"] for row in found} == {"quantizations"}, "no ranking, no before and after"
    assert all(row["unjudged"] is True for row in found)
    assert not any({"score", "against", "baseline", "is_baseline", "pareto"} & row.keys() for row in found)
    assert names_of(found) == ["Q8_0 v1", "Q8_0 v2", "Q8_0 v3"]
    text = shown([waiting("v1"), waiting("v2")])
    assert text.count("| unjudged |") == 2
    assert "unpaired" not in text
    assert "texts that wait for a judge" in text


def test_quantizations_that_wait_are_held_against_nothing() -> None:
    found = compare_runs([waiting(version, size) for version in ("v1", "v2") for size in ("F16", "Q8_0")])
    assert names_of(found) == ["F16 v1", "F16 v2", "Q8_0 v1", "Q8_0 v2"]
    assert not any("against" in row for row in found)


def test_a_judgement_stands_for_its_run_and_two_judges_have_a_row_each() -> None:
    one, other = waiting("v1"), waiting("v2")
    found = compare_runs([one, other, judgement(one, "anna", 50.0), judgement(one, "ben", 62.5)])
    told = {(row["run_id"], row.get("judge"), row.get("score")) for row in found}
    assert told == {("r-Q8_0-v1-anna", "anna (tip-v1)", 50.0), ("r-Q8_0-v1-ben", "ben (tip-v1)", 62.5),
                    ("r-Q8_0-v2", None, None)}
    assert "anna (tip-v1)" in shown([one, judgement(one, "anna", 50.0)])
    assert not any("against" in row for row in found), "a judge's means are no tasks passed"


def test_a_later_judgement_of_the_same_judge_replaces_the_earlier() -> None:
    run = waiting()
    earlier, later = judgement(run, "anna", 50.0), judgement(run, "anna", 70.0) | {
        "run_id": "again", "timestamp": "2026-11-23T00:00:00Z"}
    assert [row["score"] for row in compare_runs([run, earlier, later])] == [70.0]


def test_graded_runs_beside_them_are_compared_as_ever() -> None:
    found = compare_runs([waiting(), record("F16", 10), record("Q8_0", 20)])
    graded = [row for row in found if row["benchmark"] == "math"]
    assert [row.get("against") for row in graded] == [None, "clearly lower"]


def test_prompts_of_a_graded_benchmark_are_told_by_their_names_too() -> None:
    found = compare_runs([record(failed=n, config={"prompt_version": version}, run_id=version)
                          for n, version in enumerate(("v1", "5shot"))])
    assert sorted(names_of([row for row in found if row["group"] == "quantizations"])) == ["Q8_0 5shot", "Q8_0 v1"]


def test_a_record_says_how_many_texts_wait_and_a_table_for_programs_that_they_do() -> None:
    run = waiting()
    assert (is_for_judges(run), awaits_judge(run), texts_waiting(run), judge_of(run)) == (True, True, 23, None)
    assert show.score_line(run) == "unjudged, 23 texts wait for a judge"
    assert show.score_line(waiting(results={"candidates": {"unjudged": 1}})) == "unjudged, 1 text waits for a judge"
    assert line(run).startswith("tips  demo-5M:Q8_0 by candidates n=3 with v1: score unjudged, 23 texts")
    judged = judgement(run, "anna", 50.0)
    assert (is_for_judges(judged), awaits_judge(judged), judge_of(judged)) == (True, False, "anna (tip-v1)")
    csv = table.to_csv(rows(compare_runs([run])), CSV_KEYS).splitlines()
    assert dict(zip(csv[0].split(","), csv[1].split(","), strict=True))["unjudged"] == "True"
    with pytest.raises(UsageError, match="has no score: its texts wait for a judge"):
        model_card.to_model_index(run)


def test_the_leaderboard_across_runs_says_unjudged_and_puts_them_last() -> None:
    compared = compare_runs([waiting()])
    assert leader(compared[0]).cells["score"].text == "unjudged"
    across = Across("runs", compared, rows(compared), 1)
    assert [row["run_id"] for row in across.leaders] == ["r-Q8_0-v1"]


def test_what_they_cost_is_told_and_no_accuracy() -> None:
    tasks = {f"tips/{n}": Spent(passed=False, counts=n > 5, samples=3, amounts={"completion_tokens": 30.0})
             for n in range(8)}
    runs = [budgets.Run(waiting(config=waiting()["config"] | {"n": n}), tasks) for n in (3, 5)]
    found, kept = budgets.rows(runs)
    add_curves(found, kept, _first)
    assert [(row["tasks"], row["completion_tokens"]) for row in found] == [(8, 30.0)] * 2
    assert not any({"accuracy", "passed", "fa", "mvc_per_1000_tokens"} & row.keys() for row in found)


class _First:
    def choices(self, population: Any, *, k: int) -> list[Any]:
        return [population[0]] * k


_first: Any = _First()
