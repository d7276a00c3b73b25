"""Two models asked by turns until it is clear which is better."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.comparison import compare_runs
from ledger import store
from tests.e2e.test_resume import end, lines, texts, until_samples
from tests.e2e.tool import ROOT, Done, Tool

SERVER = ("--server", "xllamacpp", "--parallel", "1", "--threads", "1")


def command(second: str, *flags: str) -> tuple[str, ...]:
    return ("--model", "demo:F16", second, "--benchmark", "math", "--until-decided", *SERVER, *flags)


def fixed_words(second: str) -> str:
    """What ``compare`` says of the runs on all 200 tasks that come with the source."""
    rows = compare_runs(store.read(ROOT / "benchmark_results.json"), benchmark="math")
    return next(str(row["against"]) for row in rows if row["model"] == second and row["group"] == "quantizations")


def both(tool: Tool, done: Done) -> list[dict[str, Any]]:
    assert done.code == 0, done.err
    records = tool.records()
    assert records[-2]["model"] == "demo-5M:F16"
    return records[-2:]


def test_a_much_worse_model_is_found_out_with_few_tasks_and_compare_says_the_same(tool: Tool) -> None:
    first, second = both(tool, tool(*command("demo:Q2_K")))
    decision = second["decision"]
    assert decision["word"] == "worse"
    assert fixed_words("demo-5M:Q2_K") == "clearly lower"
    assert decision["tasks_seen"] < 60
    assert decision["interval_points"][1] < 0
    assert (first["decision"]["word"], first["decision"]["against_run_id"]) == ("better", second["run_id"])
    for record in (first, second):
        assert record["status"] == "decided"
        assert record["validity"] == {"status": "ok", "reasons": []}
        assert record["results"]["total_problems"] == decision["tasks_seen"] <= record["decision"]["tasks_answered"]
        assert record["config"]["until_decided"] == {"order_seed": 0, "margin_points": 5.0, "alpha": 0.05}
        assert record["usage"]["requests"] == record["decision"]["tasks_answered"]
    rows = json.loads(tool("compare", "--format", "json").out)
    [row] = [row for row in rows if "difference" in row and row["group"] == "quantizations"]
    assert row["flips"] == decision["flips"]
    assert row["total_problems"] == decision["tasks_seen"]
    shown = tool("compare", "--format", "md").out
    assert "demo-5M:Q2_K is worse than demo-5M:F16" in shown
    assert "of 200 tasks (always-valid, alpha 0.05)" in shown
    assert "were not needed" in tool("show", second["run_id"], "--results", "benchmark_results.json").out


def test_a_faithful_quantization_is_not_called_worse_with_several_slots(tool: Tool) -> None:
    flags = [flag if flag != "1" or place != 9 else "4" for place, flag in enumerate(command("demo:Q8_0"))]
    assert flags[8:10] == ["--parallel", "4"], "the second flag of the server"
    done = tool(*flags, "--equivalence-margin", "10")
    first, second = both(tool, done)
    assert fixed_words("demo-5M:Q8_0") == "no clear difference"
    assert second["decision"]["word"] == first["decision"]["word"]
    assert second["decision"]["word"] in {"equivalent", "undecided"}
    assert second["config"]["slots"] == 4
    assert done.err.count("starting the server") < 20
    for folder in tool.run_folders():
        texts(folder)  # each task was asked once
        assert len(lines(folder / "sittings.jsonl")) > 1


def test_when_the_tasks_run_out_both_runs_are_whole_and_the_ordinary_interval_is_said(tool: Tool) -> None:
    done = tool(*command("demo:Q8_0", "--limit", "20"))
    first, second = both(tool, done)
    assert (second["status"], second["results"]["total_problems"]) == ("complete", 20)
    assert second["decision"]["word"] == "undecided"
    assert first["tasks_sha256"] == second["tasks_sha256"]
    assert "after all 20 tasks (Tango's interval, alpha 0.05)" in done.err


@pytest.mark.timeout(240)
def test_killed_and_gone_on_it_comes_to_the_same_word_and_asks_nothing_twice(tmp_path: Path) -> None:
    flags = command("demo:Q8_0", "--equivalence-margin", "10")
    (tmp_path / "calm").mkdir()
    (tmp_path / "killed").mkdir()
    calm, tool = Tool(tmp_path / "calm"), Tool(tmp_path / "killed")
    [_, undisturbed] = both(calm, calm(*flags))
    answered: dict[Path, dict[tuple[str, int], str]] = {}
    for more_than in (5, 20, 60):
        process = tool.start(*flags)
        assert until_samples(tool, process, more_than)
        end(process)
        for folder in tool.run_folders():
            now = texts(folder)
            assert answered.get(folder, {}).items() <= now.items()
            answered[folder] = now
    first, second = both(tool, tool(*flags))
    assert second["decision"]["word"] == undisturbed["decision"]["word"]
    assert abs(second["decision"]["tasks_seen"] - undisturbed["decision"]["tasks_seen"]) < 5, "and no later"
    assert first["decision"]["tasks_seen"] == second["decision"]["tasks_seen"]
    assert len(tool.run_folders()) == 2
    assert all(answered[folder].items() <= texts(folder).items() for folder in tool.run_folders())
    assert tool.records() == [first, second]


@pytest.mark.parametrize("written", [1, 2])
def test_killed_between_its_two_records_it_enters_both_and_asks_nothing(tool: Tool, written: int) -> None:
    flags = command("demo:Q2_K")
    before = both(tool, tool(*flags))
    tool.ledger.write_text('{"runs": []}\n')
    folders = [tool.runs_root / record["run_id"] for record in before]
    for place, folder in enumerate(folders):
        (folder / "summary.json").rename(folder / "record.json")
        if place >= written:
            (folder / "record.json").unlink()
    samples = [(folder / "samples.jsonl").read_bytes() for folder in folders]
    after = both(tool, tool(*flags))
    assert [record["decision"] for record in after] == [record["decision"] for record in before]
    assert [record["results"]["failed_tasks"] for record in after] == [
        record["results"]["failed_tasks"] for record in before
    ]
    assert [(folder / "samples.jsonl").read_bytes() for folder in folders] == samples
    assert len(tool.run_folders()) == 2


TWO = ("--model", "demo:F16", "demo:Q2_K", "--benchmark", "math")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--model", "demo:F16", "--benchmark", "math", "--until-decided"), "exactly two models and one benchmark"),
        ((*TWO, "extraction", "--until-decided"), "exactly two models and one benchmark"),
        ((*TWO[:3], "demo:Q8_0", *TWO[2:], "--until-decided"), "exactly two models and one benchmark"),
        (("--model", "demo:F16", "demo:F16", "--benchmark", "math", "--until-decided"), "both models are the same"),
        ((*TWO, "--until-decided", "--audit", "5"), "leave out --audit"),
        ((*TWO, "--until-decided", "--script", "own.sh"), "leave out --script"),
        (("--benchmark", "math", "--base-url", "http://127.0.0.1:9", "--until-decided"), "leave out --base-url"),
        ((*TWO, "--alpha", "0.1"), "--alpha: it is for --until-decided"),
        ((*TWO, "--equivalence-margin", "3"), "--equivalence-margin: it is for --until-decided"),
        ((*TWO, "--until-decided", "--alpha", "1"), "must lie between 0 and 1"),
        ((*TWO, "--until-decided", "--equivalence-margin", "0"), "above 0 and at most 100"),
        (("--model", "demo:F16", "none.gguf", "--benchmark", "math", "--until-decided"), "none.gguf"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(tool: Tool, flags: tuple[str, ...], said: str) -> None:
    done = tool(*flags)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert not tool.run_folders()
