"""``plot``: the table of ``analyze`` → PNG and SVG, and what it refuses."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import bench_runner
from reports.budget_csv import from_csv, to_csv

HEAD = "benchmark,model,strategy,n,accuracy,accuracy_low,accuracy_high,completion_tokens,seconds,joules,hosted\n"
ROWS = ("math,m:Q4_K_M,sc_fixed,1,60,50,70,50,0.5,,no\nmath,m:Q4_K_M,sc_fixed,4,70,60,80,200,2,,no\n"
        "math,gpt,single,,65,55,75,80,,,yes\n")
SVG = "{http://www.w3.org/2000/svg}"


def plotted(tmp_path: Path, text: str, *flags: str) -> int:
    table = tmp_path / "summary.csv"
    table.write_text(text, encoding="utf-8")
    return bench_runner.main(["plot", "--csv", str(table), "--out-png", str(tmp_path / "out.png"), *flags])


def texts(path: Path, tag: str = "text") -> list[str]:
    return [element.text or "" for element in ET.fromstring(path.read_text()).iter(SVG + tag)]


def test_a_picture_and_the_same_as_svg_are_written(tmp_path: Path) -> None:
    assert plotted(tmp_path, HEAD + ROWS) == 0
    assert (tmp_path / "out.png").read_bytes()[:4] == b"\x89PNG"
    written = texts(tmp_path / "out.svg")
    assert {"m:Q4_K_M sc_fixed", "gpt single", "n=1", "n=4", "Completion tokens a task", "Accuracy on math (%)"} <= set(
        written)
    assert "m:Q4_K_M sc_fixed, n=4, 70.0 [60.0, 80.0] %, 200 completion tokens a task" in texts(
        tmp_path / "out.svg", "title")
    assert any("Hollow: hosted models" in text for text in written)


def test_rows_without_the_cost_are_counted_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plotted(tmp_path, HEAD + ROWS, "--x", "seconds") == 0
    assert "1 of 3 rows have no seconds" in capsys.readouterr().err
    assert "gpt" not in " ".join(texts(tmp_path / "out.svg"))


def test_a_cost_that_no_row_has_says_how_to_get_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert plotted(tmp_path, HEAD + ROWS, "--x", "joules") == 2
    assert "run with --measure-energy" in capsys.readouterr().err
    assert not (tmp_path / "out.png").exists()


def test_several_benchmarks_share_no_frontier_and_one_can_be_chosen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = HEAD + ROWS + "gsm8k,gpt,single,,85,75,95,180,,,yes\n"
    assert plotted(tmp_path, table) == 0
    assert "No frontier is drawn over several benchmarks" in capsys.readouterr().err
    assert "gpt single on gsm8k" in texts(tmp_path / "out.svg")
    assert plotted(tmp_path, table, "--benchmark", "gsm8k") == 0
    assert "gpt" in texts(tmp_path / "out.svg")
    assert plotted(tmp_path, table, "--benchmark", "mmlu") == 2
    assert "has gsm8k, math" in capsys.readouterr().err


@pytest.mark.parametrize(("text", "says"), [
    ("", "line 1: no column benchmark"),
    ("a,b\n1,2\n", "line 1: no column benchmark"),
    (HEAD + "math,m,single,,sixty\n", "line 2: accuracy 'sixty' is no number"),
    (HEAD + ROWS + "math,m,single,,nan\n", "line 5: accuracy 'nan' is no number"),
    (HEAD + "math,,single,,60\n", "line 2: a row names its benchmark, model and strategy"),
    (HEAD + "math,m,single,1,2,3,4,5,6,7,no,8\n", "line 2: 12 cells under 11 columns"),
    (HEAD + 'math,"m,single\n' + "x" * 140_000, "no CSV"),
])
def test_a_table_that_is_none_of_ours_is_refused_by_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str
) -> None:
    assert plotted(tmp_path, text) == 2
    assert says in capsys.readouterr().err


def test_a_file_in_another_encoding_or_missing_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "latin.csv").write_bytes(HEAD.encode() + b"math,\xe9,single,,60\n")
    out = str(tmp_path / "out.png")
    assert bench_runner.main(["plot", "--csv", str(tmp_path / "latin.csv"), "--out-png", out]) == 2
    assert "no text in UTF-8" in capsys.readouterr().err
    assert bench_runner.main(["plot", "--csv", str(tmp_path / "none.csv"), "--out-png", out]) == 2
    assert "there is no such file" in capsys.readouterr().err


def test_the_picture_is_a_png_and_its_folder_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "t.csv").write_text(HEAD + ROWS)
    for name, says in (("out.jpg", "ends in .png"), ("none/out.png", "cannot be written")):
        assert bench_runner.main(["plot", "--csv", str(tmp_path / "t.csv"), "--out-png", str(tmp_path / name)]) == 2
        assert says in capsys.readouterr().err


def test_a_table_comes_back_as_it_was_written_names_for_a_spreadsheet_among_them() -> None:
    row = {"benchmark": "=1+1", "model": 'a "b", c', "strategy": "-x", "accuracy": 61.5, "hosted": True, "n": 4.0,
           "mvc_per_1000_tokens": -12.5}
    assert from_csv(to_csv([row]).splitlines(keepends=True), "t") == [row]


def test_names_from_elsewhere_are_text_in_the_drawing(tmp_path: Path) -> None:
    assert plotted(tmp_path, HEAD + 'math,"<script>alert(1)</script>\x1b[2J",single,,60,50,70,50\n') == 0
    assert "<script>alert(1)</script>\\x1b[2J" in texts(tmp_path / "out.svg")
