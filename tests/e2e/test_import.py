"""import, and what show makes of a run besides its own page: what people see."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.tool import Tool

FILES = Path(__file__).parents[1] / "ledger" / "imports" / "files"
EVALPLUS = FILES / "demo--demo-5M_hf_temp_0.0_eval_results.json"
HUMAN_EVAL = FILES / "demo-5M_samples.jsonl_results.jsonl"
LCB = FILES / "demo-5M" / "Scenario.codegeneration_1_0.0_eval_all.json"


def test_results_of_two_harnesses_are_imported_shown_and_compared(tool: Tool) -> None:
    done = tool("import", str(HUMAN_EVAL), "--model", "demo-5M:Q8_0", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)["runs"][0]["results"]["total_passed"] == 2
    assert "human-eval: human_eval, demo-5M:Q8_0: 2 of 5 tasks (40.0 %); run " in done.err
    assert "names no model" not in done.err
    assert tool("import", str(EVALPLUS), "--model", "demo-5M:F16").code == 0
    again = tool("import", str(HUMAN_EVAL))
    assert (again.code, len(tool.records())) == (0, 3)
    assert "imported already, nothing added" in again.err
    shown = tool("show", tool.records()[0]["run_id"]).out
    assert "human-eval, imported" in shown
    assert "not known: which replies were cut off" in shown
    compared = tool("compare", "--benchmark", "human_eval").out
    assert "Q8_0 cannot be told from F16 on 5 tasks" in " ".join(compared.split())
    assert "Run by other programs" in compared
    card = tool("show", tool.records()[0]["run_id"], "--model-card")
    assert card.out.startswith("model-index:\n- name: demo-5M:Q8_0\n")
    grading = tool("show", tool.records()[0]["run_id"], "--grading")
    assert grading.code == 2
    assert "human_eval has one way of grading" in grading.err


def test_a_damaged_file_ends_with_2_and_its_line_and_changes_nothing(tool: Tool) -> None:
    damaged = tool.folder / "damaged_results.jsonl"
    damaged.write_text(HUMAN_EVAL.read_text() + '{"task_id": "HumanEval/5", "comp\n')
    done = tool("import", str(damaged))
    assert done.code == 2
    assert "damaged_results.jsonl, line 6: " in done.err
    assert not tool.ledger.exists()
    assert not tool.runs_root.exists()


def test_a_flag_of_show_that_would_change_nothing_is_refused(tool: Tool) -> None:
    assert "the file names no model" in tool("import", str(LCB)).err
    run_id = tool.records()[0]["run_id"]
    for flag in (("--source-url", "https://example.org"), ("--problems-file", "demo"), ("--workers", "1")):
        done = tool("show", run_id, *flag)
        assert done.code == 2
        assert f"{flag[0]} goes with" in done.err
    assert tool("show", run_id, "--grading", "--model-card").code == 2
    done = tool("show", run_id, "--grading", "--problems-file", "demo")
    assert done.code == 2
    assert "tasks of" in done.err


def test_gradings_of_a_run_are_listed_with_what_both_say(tool: Tool) -> None:
    program = "import sys\nlines = [line for line in sys.stdin]\nprint(sum(map(int, lines[1].split())))"
    written = tool.folder / "x_eval_all.json"
    written.write_text(json.dumps([{"question_id": "demo_000", "output_list": [program], "code_list": [program],
                                    "graded_list": [False]}]))
    assert tool("import", str(written)).code == 0
    done = tool("show", tool.records()[0]["run_id"], "--grading", "--problems-file", "demo")
    assert done.code == 0, done.err
    shown = " ".join(done.out.split())
    assert "native passes 1 of 1 programs, upstream 0; they differ on 1" in shown
    assert "native says correct" in shown
    assert "upstream says crashed: code -4" in shown
