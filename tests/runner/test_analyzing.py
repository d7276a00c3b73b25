"""``analyze``: runs' folders → a table, and what it refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

import bench_runner
from runner.analyzing import analyze
from runner.reporting import report

Line = Mapping[str, Any]


def run_in(root: Path, name: str, lines: Iterable[Line], tasks: Iterable[Line] = (), **config: Any) -> Path:
    """A run's folder with these samples; ``tasks``: what the run wrote of each task at its end."""
    folder = root / name
    folder.mkdir(parents=True)
    strategy = {"strategy": "single", **config}
    record = {"run_id": name, "timestamp": f"2026-11-2{len(list(root.iterdir()))}T10:00:00Z", "benchmark": "math",
              "model": "m:Q4_K_M", "config": strategy, "tasks_sha256": "0" * 64, "status": "complete",
              "validity": {"status": "ok", "reasons": []}}
    (folder / "summary.json").write_text(json.dumps(record))
    (folder / "details.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "tasks.jsonl").write_text("".join(json.dumps(line) + "\n" for line in tasks))
    return folder


def sample(task: int, *, passed: bool, tokens: int = 100, index: int = 0, **more: Any) -> Line:
    return {"task_id": f"t/{task}", "sample": index, "outcome": "correct" if passed else "wrong", "passed": passed,
            "completion_tokens": tokens, "wall_s": tokens / 100, **more}


def task(number: int, *, passed: bool, tokens: int, samples: int, **more: Any) -> Line:
    return {"task_id": f"t/{number}", "prompt": {"question": "?"}, "outcome": "correct" if passed else "wrong",
            "passed": passed, "samples": samples, "completion_tokens": tokens, "wall_s": tokens / 100, **more}


def table(root: Path, pattern: str = "*/details.jsonl") -> list[dict[str, str]]:
    out = root / "summary.csv"
    analyze(str(root / pattern), out)
    with out.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_of_one_sample_a_task_is_a_row_made_of_its_samples_alone(tmp_path: Path) -> None:
    run_in(tmp_path, "a", [sample(1, passed=True, tokens=50), sample(2, passed=False, tokens=150)],
           sampling={"temperature": 0.0})
    (row,) = table(tmp_path)
    assert (row["benchmark"], row["model"], row["strategy"], row["budget"]) == ("math", "m:Q4_K_M", "single", "1")
    assert (row["tasks"], row["passed"], row["accuracy"]) == ("2", "1", "50")
    assert float(row["accuracy_low"]) == pytest.approx(9.4531, abs=1e-4)  # Wilson, 1 of 2
    assert (row["completion_tokens"], row["seconds"], row["samples"]) == ("100", "1", "1")
    assert row["joules"] == row["fa"] == row["mvc_per_1000_tokens"] == ""


def test_a_lost_task_is_not_in_the_denominator_and_a_fault_of_ours_neither(tmp_path: Path) -> None:
    lost: Line = {"task_id": "t/2", "sample": 0, "outcome": "lost", "passed": False}
    fault: Line = {"task_id": "t/3", "sample": 0, "outcome": "harness_fault", "passed": False}
    run_in(tmp_path, "a", [sample(1, passed=True), lost, fault])
    (row,) = table(tmp_path)
    assert (row["tasks"], row["accuracy"], row["completion_tokens"]) == ("1", "100", "100")


def test_of_several_samples_the_line_of_the_task_says_which_counted_and_what_all_cost(tmp_path: Path) -> None:
    run_in(tmp_path, "a", [sample(1, passed=False, index=index) for index in range(4)],
           [task(1, passed=True, tokens=400, samples=4, joules=8.0)], strategy="sc_fixed", n=4)
    (row,) = table(tmp_path)
    assert (row["strategy"], row["n"], row["budget"], row["accuracy"]) == ("sc_fixed", "4", "4", "100")
    assert (row["samples"], row["completion_tokens"], row["joules"], row["joules_per_solved"]) == ("4", "400", "8", "8")


def test_several_samples_of_a_run_that_did_not_conclude_are_left_out_and_named(tmp_path: Path) -> None:
    run_in(tmp_path, "whole", [sample(1, passed=True)])
    run_in(tmp_path, "torn", [sample(1, passed=True), sample(1, passed=False, index=1)], strategy="sc_fixed", n=4)
    found = analyze(str(tmp_path / "*/details.jsonl"), tmp_path / "out.csv")
    assert [row["run_id"] for row in found.rows] == ["whole"]
    assert "torn" in found.remarks[0]


def test_the_area_and_the_gain_of_a_curve_are_those_worked_out_by_hand(tmp_path: Path) -> None:
    # 4 tasks. n=1: 100 tokens, 1 of 4; n=2: 200 tokens, 3 of 4; n=4: 400 tokens, 2 of 4. From 100 to 400 tokens are two
    # doublings; the best is 0.25 over the first and 0.75 over the second, so FA = (0.25 + 0.75) / 2 = 0.5. From n=1 to
    # n=2: 50 points for 100 tokens, 500 for 1,000; to n=4: -25 points for 200 tokens, -125 for 1,000.
    for n, tokens, passed in ((1, 100, 1), (2, 200, 3), (4, 400, 2)):
        run_in(tmp_path, f"n{n}", [sample(1, passed=False)],
               [task(number, passed=number < passed, tokens=tokens, samples=n, joules=tokens / 10)
                for number in range(4)], strategy="sc_fixed", n=n)
    rows = table(tmp_path)
    assert [row["n"] for row in rows] == ["1", "2", "4"]
    assert [float(row["fa"]) for row in rows] == [0.5, 0.5, 0.5]
    assert (rows[0]["fa_from"], rows[0]["fa_to"]) == ("100", "400")
    assert [row["mvc_per_1000_tokens"] for row in rows] == ["", "500", "-125"]
    assert [row["mvc_per_kilojoule"] for row in rows] == ["", "5000", "-1250"]
    assert float(rows[0]["fa_low"]) <= 0.5 <= float(rows[0]["fa_high"])
    assert float(rows[1]["mvc_per_1000_tokens_low"]) <= 500 <= float(rows[1]["mvc_per_1000_tokens_high"])


def test_limits_of_a_whole_run_are_budgets_of_a_curve_of_their_own(tmp_path: Path) -> None:
    for limit, passed in ((2000, 1), (8000, 3)):
        run_in(tmp_path, f"limit{limit}", [sample(1, passed=False)],
               [task(number, passed=number < passed, tokens=limit // 4, samples=3) for number in range(4)],
               strategy="adaptive_margin", max_n=16, budget={"tokens": limit, "seconds": None, "joules": None})
    run_in(tmp_path, "free", [sample(1, passed=False)],
           [task(number, passed=True, tokens=3000, samples=9) for number in range(4)],
           strategy="adaptive_margin", max_n=16)
    free, low, high = sorted(table(tmp_path), key=lambda row: (len(row["limit"]), row["limit"]))
    assert (free["limit"], low["limit"], high["limit"]) == ("", "2000 tokens", "8000 tokens")
    assert float(high["mvc_per_1000_tokens"]) == pytest.approx(100 * 0.5 / 1.5, rel=1e-4)
    assert low["mvc_per_1000_tokens"] == free["mvc_per_1000_tokens"] == ""
    assert low["fa"] == high["fa"] != free["fa"]


@pytest.mark.parametrize(("config", "more", "hosted"), [
    ({"backend": "openai", "base_url": "https://api.example.com"}, {}, "yes"),
    ({"backend": "openai", "base_url": "http://127.0.0.1:8000"}, {}, "no"),
    ({"backend": "llama-server"}, {}, "no"),
    ({"backend": "openai", "base_url": "http://127.0.0.1:8000"}, {"cost": {"cost_usd": 0.01}}, "yes"),
    ({"backend": "gemini"}, {}, "yes"),
])
def test_a_model_on_another_machine_is_hosted(
    tmp_path: Path, config: dict[str, str], more: dict[str, Any], hosted: str
) -> None:
    folder = run_in(tmp_path, "a", [sample(1, passed=True)], (), **config)
    record = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**record, **more}))
    assert table(tmp_path)[0]["hosted"] == hosted


def test_the_latest_run_of_a_kind_counts_and_other_settings_are_another_row(tmp_path: Path) -> None:
    run_in(tmp_path, "first", [sample(1, passed=False)], sampling={"temperature": 0.0})
    run_in(tmp_path, "second", [sample(1, passed=True)], sampling={"temperature": 0.0})
    run_in(tmp_path, "warm", [sample(1, passed=True)], sampling={"temperature": 0.8})
    rows = table(tmp_path)
    assert [row["run_id"] for row in rows] == ["second", "warm"]
    assert [json.loads(row["settings"]) for row in rows] == [
        {"sampling.temperature": 0.0}, {"sampling.temperature": 0.8}]


def test_a_run_that_goes_on_is_a_row_by_its_settings(tmp_path: Path) -> None:
    folder = run_in(tmp_path, "a", [sample(1, passed=True)])
    (folder / "summary.json").unlink()
    (folder / "run_config.json").write_text(json.dumps({"settings": {"model": "x:F16", "benchmark": "b"}}))
    (row,) = table(tmp_path)
    assert (row["model"], row["benchmark"], row["status"]) == ("x:F16", "b", "incomplete")


@pytest.mark.parametrize(("line", "says"), [
    ("{", "line 2: no JSON object"),
    ("[1]", "line 2: no JSON object"),
    ('{"sample": 0, "outcome": "wrong"}', "line 2: it names no task"),
    ('{"task_id": "t", "outcome": "splendid"}', "line 2: it has no outcome that is known"),
    ('{"task_id": "t", "passed": 1}', "line 2: it has no outcome that is known"),
    ('{"task_id": "t", "outcome": "wrong", "completion_tokens": -5}', "line 2: completion_tokens is no number"),
    ('{"task_id": "t", "outcome": "wrong", "wall_s": "long"}', "line 2: wall_s is no number"),
])
def test_a_bad_line_is_named_by_file_and_number_and_the_exit_code_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, says: str
) -> None:
    folder = run_in(tmp_path, "a", [sample(1, passed=True)])
    with (folder / "details.jsonl").open("a") as file:
        file.write(line + "\n" + json.dumps(sample(2, passed=True)) + "\n")
    out = tmp_path / "out.csv"
    assert bench_runner.main(["analyze", "--glob", str(tmp_path / "*/details.jsonl"), "--out-csv", str(out)]) == 2
    assert f"{folder / 'details.jsonl'}, {says}" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(("pattern", "says"), [
    ("nothing/*/details.jsonl", "no file is called so"),
    ("a/summary.json", "is no details.jsonl"),
])
def test_a_pattern_that_names_no_run_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], pattern: str, says: str
) -> None:
    run_in(tmp_path, "a", [sample(1, passed=True)])
    flags = ["analyze", "--glob", str(tmp_path / pattern), "--out-csv", str(tmp_path / "out.csv")]
    assert bench_runner.main(flags) == 2
    assert says in capsys.readouterr().err


def test_a_table_that_cannot_be_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_in(tmp_path, "a", [sample(1, passed=True)])
    flags = ["analyze", "--glob", str(tmp_path / "*/details.jsonl"), "--out-csv", str(tmp_path / "no" / "out.csv")]
    assert bench_runner.main(flags) == 2
    assert "--out-csv" in capsys.readouterr().err


def test_a_name_that_a_spreadsheet_would_calculate_is_text(tmp_path: Path) -> None:
    folder = run_in(tmp_path, "a", [sample(1, passed=True)])
    record = json.loads((folder / "summary.json").read_text())
    (folder / "summary.json").write_text(json.dumps({**record, "model": '=HYPERLINK("http://x")'}))
    assert table(tmp_path)[0]["model"].startswith("'=")


def test_rows_as_json_are_alone_on_standard_output(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_in(tmp_path, "a", [sample(1, passed=True)])
    flags = ["analyze", "--glob", str(tmp_path / "*/details.jsonl"), "--out-csv", str(tmp_path / "o.csv"), "--json"]
    assert bench_runner.main(flags) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["accuracy"] == 100.0
    assert row["hosted"] is False


def test_a_judged_run_that_did_not_end_has_no_accuracy_of_what_was_cut(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "r1"
    folder.mkdir(parents=True)
    (folder / "run_config.json").write_text(json.dumps({
        "run_id": "r1", "scored_by": "judge", "settings": {"benchmark": "tips", "model": "m", "strategy": "single"}}))
    (folder / "details.jsonl").write_text("".join(
        json.dumps({"task_id": f"tips/{n}", "sample": 0, "outcome": outcome, "completion_tokens": 10}) + "\n"
        for n, outcome in enumerate(("truncated", "unjudged"))))
    (row,) = analyze(str(folder / "details.jsonl"), tmp_path / "out.csv").rows
    assert (row["tasks"], row["completion_tokens"]) == (2, 10)
    assert "accuracy" not in row
    page = report(str(folder)).path.read_text()
    assert "unjudged" in page
    assert "no score" not in page
