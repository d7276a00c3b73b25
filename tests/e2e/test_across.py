"""From runs to a table, a picture and a page: the way of somebody who wants to know what more compute buys."""

from __future__ import annotations

import csv

import pytest

from tests.e2e.tool import Tool


@pytest.mark.timeout(240)
def test_a_sweep_becomes_a_table_a_plot_and_a_report(tool: Tool) -> None:
    done = tool("--model", "demo:Q4_K_M", "--server", "xllamacpp", "--benchmark", "math", "--limit", "12", "--strategy",
                "sc_fixed", "esc", "--n", "1", "4", "--max-n", "8", "--temperature", "0.8", "--quiet", timeout_s=150)
    assert done.code == 0, done.err
    analyzed = tool("analyze", "--glob", "runs/*/details.jsonl", "--out-csv", "summary.csv")
    assert analyzed.code == 0, analyzed.err
    with (tool.folder / "summary.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    records = {record["run_id"]: record for record in tool.records()}
    assert {(row["strategy"], row["budget"]) for row in rows} == {("sc_fixed", "1"), ("sc_fixed", "4"), ("esc", "8")}
    for row in rows:
        record = records[row["run_id"]]
        assert float(row["accuracy"]) == pytest.approx(record["results"]["score"], abs=1e-3)
        assert float(row["completion_tokens"]) == pytest.approx(record["usage"]["completion_tokens"] / 12, rel=1e-4)
    tokens = {(row["strategy"], row["budget"]): float(row["completion_tokens"]) for row in rows}
    assert tokens["sc_fixed", "1"] < tokens["sc_fixed", "4"]
    assert tokens["esc", "8"] <= 8.5 * tokens["sc_fixed", "1"]
    plotted = tool("plot", "--csv", "summary.csv", "--out-png", "accuracy_vs_tokens.png")
    assert plotted.code == 0, plotted.err
    assert (tool.folder / "accuracy_vs_tokens.png").stat().st_size > 5000
    assert "sc_fixed" in (tool.folder / "accuracy_vs_tokens.svg").read_text()
    reported = tool("rich-report", "--runs-root", "runs", "--out-dir", "report")
    assert reported.code == 0, reported.err
    page = (tool.folder / "report" / "report.html").read_text()
    assert "What more tokens buy" in page
    assert "Content-Security-Policy" in page
