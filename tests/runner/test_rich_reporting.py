"""``rich-report``: run folders → a page, Markdown and plots; broken folders are named and the rest goes on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import bench_runner
from runner.rich_reporting import RichRequest, gather, rich_report
from tests.pages.runs_root import EVIL, family, tasks_of, write_run


def markdown(tmp_path: Path) -> str:
    return rich_report(RichRequest(tmp_path / "runs", tmp_path / "out")).markdown.read_text()


def several_samples(root: Path, n: int, passed: int, tokens: int) -> None:
    """A run of ``sc_fixed``, with what it wrote of each task."""
    folder = write_run(root, f"sc-{n}", "math", "demo-5M:Q8_0", range(passed, 40),
                       config={"strategy": "sc_fixed", "n": n, "samples_per_task": n})
    (folder / "details.jsonl").write_text("")
    (folder / "tasks.jsonl").write_text("".join(
        json.dumps({"task_id": task, "outcome": "correct" if place < passed else "wrong", "samples": n,
                    "completion_tokens": tokens}) + "\n" for place, task in enumerate(tasks_of("math"))))


def test_a_page_markdown_and_each_plot_as_png_and_svg_are_written(tmp_path: Path) -> None:
    family(tmp_path / "runs")
    written = rich_report(RichRequest(tmp_path / "runs", tmp_path / "out"))
    assert written.refused == []
    plots = sorted(path.name for path in (tmp_path / "out" / "plots").iterdir())
    assert plots == [f"math-{what}.{kind}" for what in ("ladder", "ram", "tokens") for kind in ("png", "svg")]
    text = written.markdown.read_text()
    linked = re.findall(r"\]\((plots/[^)]+)\)", text)
    assert sorted(linked) == ["plots/math-ladder.svg", "plots/math-ram.svg", "plots/math-tokens.svg"]
    assert all((tmp_path / "out" / name).is_file() for name in linked)


def test_the_markdown_has_the_sentences_the_leaderboard_and_the_flips(tmp_path: Path) -> None:
    family(tmp_path / "runs")
    text = markdown(tmp_path)
    assert "Q2_K is worse than F16 by 70.0 points" in text
    board = text[text.index("## Leaderboard"):text.index("## math")]
    assert [line.split("|")[1].strip() for line in board.splitlines() if "demo" in line] == [
        "demo-5M:F16", "demo-5M:Q8_0 *", "demo-5M:Q4_K_M *", "demo-5M:Q2_K *"]
    assert "| 1 demo-5M:F16 | 95.0 % |  | 0 | 2 | **28** |" in text
    assert "| 4 demo-5M:Q2_K | 25.0 % | **0** | **0** | **0** |  |" in text


def test_broken_folders_are_named_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "runs"
    family(root)
    broken = (("torn", '{"a"'), ("list", "[]"), ("nothing", "{}"), ("number", '{"benchmark": 1, "model": "m"}'))
    for name, text in broken:
        (root / name).mkdir()
        (root / name / "summary.json").write_text(text)
    (root / "empty").mkdir()
    (root / "started").mkdir()
    (root / "started" / "run_config.json").write_text("{}")
    (root / "a file.txt").write_text("")
    assert bench_runner.main(["rich-report", "--runs-root", str(root), "--out-dir", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    for name in ("torn", "list", "nothing", "number", "empty"):
        assert f"left out: {root / name}" in said
        assert name in (tmp_path / "out" / "report.md").read_text()
    assert "started" not in said
    assert "Runs that have not ended: started." in (tmp_path / "out" / "report.md").read_text()


def test_values_of_other_types_in_a_record_are_unknown_and_break_nothing(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    family(root)
    odd = {"results": {"score": "high", "failed_tasks": 3, "total_passed": -1}, "interval": ["a", None], "config": 7,
           "validity": "ok", "latency": [], "memory": {"server_rss_bytes": "NaN"}, "timestamp": 5, "benchmark": "math",
           "model": "odd"}
    (root / "odd").mkdir()
    (root / "odd" / "summary.json").write_text(json.dumps(odd))
    written = rich_report(RichRequest(root, tmp_path / "out"))
    assert "| odd | math |" in written.markdown.read_text()


@pytest.mark.parametrize("extreme", [5e-324, 1e308, -1.0, 0])
def test_numbers_that_cannot_be_are_drawn_at_an_end_and_break_nothing(tmp_path: Path, extreme: float) -> None:
    family(tmp_path / "runs")
    write_run(tmp_path / "runs", "odd", "math", "odd:Q8_0", range(3), config={"size_bytes": extreme},
              latency={"tokens_per_second": extreme}, memory={"server_rss_bytes": extreme},
              energy={"energy_j": extreme})
    assert "| odd:Q8_0" in markdown(tmp_path)


def test_strategies_at_several_budgets_are_a_plot_and_a_table(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for n, passed in ((1, 20), (2, 30), (4, 36)):
        several_samples(root, n, passed, 50 * n)
    text = markdown(tmp_path)
    assert "plots/math-compute-tokens.svg" in text
    table = text[text.index("### Test-time compute"):]
    assert "| demo-5M:Q8_0 | sc_fixed | n=4 | 90.0 [" in table
    assert "FA [95 %] | MVC [95 %]" in table
    drawing = (tmp_path / "out" / "plots" / "math-compute-tokens.svg").read_text()
    assert "n=4" in drawing
    assert "Grey steps: the frontier" in drawing


def test_the_details_of_a_run_that_are_damaged_cost_its_row_and_no_more(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for n, passed in ((1, 20), (2, 30), (4, 36)):
        several_samples(root, n, passed, 50 * n)
    (root / "sc-2" / "tasks.jsonl").write_text('{"task_id": "t", "outcome": "splendid"}\n')
    across = gather(RichRequest(root, tmp_path))
    assert [row["n"] for row in across.spent] == [1, 4]
    assert "sc-2" in across.refused[0]
    assert len(across.leaders) == 3


def test_only_the_benchmarks_asked_for_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    family(tmp_path / "runs")
    family(tmp_path / "runs", "gsm8k")
    flags = ["rich-report", "--runs-root", str(tmp_path / "runs"), "--out-dir", str(tmp_path / "out"), "--benchmark"]
    assert bench_runner.main([*flags, "gsm8k"]) == 0
    assert "math" not in (tmp_path / "out" / "report.md").read_text()
    assert bench_runner.main([*flags, "mmlu"]) == 2
    assert "no run there has ended of mmlu" in capsys.readouterr().err


def test_two_benchmarks_whose_names_are_alike_in_letters_have_files_of_their_own(tmp_path: Path) -> None:
    family(tmp_path / "runs", "a b", "one")
    family(tmp_path / "runs", "A-B", "two")
    rich_report(RichRequest(tmp_path / "runs", tmp_path / "out"))
    plots = {path.stem for path in (tmp_path / "out" / "plots").iterdir()}
    assert {"a-b-ladder", "a-b-2-ladder"} <= plots


def test_a_hostile_name_is_text_in_markdown_and_no_path(tmp_path: Path) -> None:
    write_run(tmp_path / "runs", "a", EVIL, f"{EVIL}:Q8_0", range(3))
    write_run(tmp_path / "runs", "b", "../../../etc/passwd", "m](http://x):F16", range(3))
    text = markdown(tmp_path)
    assert "<img" not in text.replace("\\<img", "")
    assert "](http" not in text.replace("\\](http", "")
    assert "\x1b" not in text
    assert {path.name for path in tmp_path.iterdir()} == {"runs", "out"}


@pytest.mark.parametrize(("prepare", "says"), [
    (lambda _: None, "there is no such folder"),
    (lambda root: root.mkdir(), "no run there has ended"),
    (lambda root: root.write_text(""), "cannot be read"),
])
def test_a_folder_without_runs_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], prepare: object, says: str
) -> None:
    root = tmp_path / "runs"
    prepare(root)  # type: ignore[operator]
    assert bench_runner.main(["rich-report", "--runs-root", str(root), "--out-dir", str(tmp_path / "out")]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written_to_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    family(tmp_path / "runs")
    (tmp_path / "out").write_text("")
    flags = ["rich-report", "--runs-root", str(tmp_path / "runs"), "--out-dir", str(tmp_path / "out")]
    assert bench_runner.main(flags) == 2
    assert "--out-dir" in capsys.readouterr().err


def test_what_is_asked_first_stands_first_and_a_lone_run_says_what_is_missing(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    write_run(root, "a", "math", "m:F16", range(2))
    page = rich_report(RichRequest(root, tmp_path / "out")).page.read_text("utf-8")
    assert "there is nothing to compare. Run another model" in page
    assert "One run: nothing to draw, and nothing to hold it against." in page
    assert "plots/" not in page
    for number, settings in enumerate(({"n": 1}, {"n": 4})):
        write_run(root, f"s{number}", "math", "m:F16", range(number), config={"strategy": "sc_fixed", **settings})
    write_run(root, "b", "math", "m:Q8_0", range(3))
    page = rich_report(RichRequest(root, tmp_path / "out")).page.read_text("utf-8")
    assert 0 < page.index("Q8_0 single cannot be told from F16 single") < page.index("m:F16 strategies, 40 tasks.")
    assert "nothing to compare" not in page
