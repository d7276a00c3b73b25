"""The page of a run: written at its end, and made anew by ``report``."""

from __future__ import annotations

from tests.e2e.tool import Tool


def test_a_run_leaves_a_page_with_its_replies_and_report_draws_the_histograms(tool: Tool) -> None:
    done = tool("--model", "demo", "--benchmark", "math", "--limit", "3", "--server", "xllamacpp", "--quiet")
    assert done.code == 0, done.err
    [folder] = tool.run_folders()
    page = folder / "report.html"
    at_the_end = page.read_text()
    assert f"./bench_runner.py report --run-dir runs/{folder.name}" in at_the_end
    assert str(folder.parent) not in at_the_end
    assert "<figure" not in at_the_end
    done = tool("report", "--run-dir", f"runs/{folder.name}")
    assert (done.code, done.out, done.err) == (0, "", f"written: {page}\n")
    assert page.read_text().count("<figure") >= 2


def test_what_is_no_run_is_refused_in_one_sentence(tool: Tool) -> None:
    done = tool("report", "--run-dir", "runs/none")
    assert (done.code, done.out) == (2, "")
    assert done.err == ("bench_runner.py: --run-dir runs/none is not there; name a run's folder, one of those under "
                        "runs/\n")
