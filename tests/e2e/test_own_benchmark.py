"""Benchmarks of one's own, run as users run them: a TOML file, and a package that is really installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.test_resume import end, lines, texts, until_samples
from tests.e2e.tool import ROOT, Tool

EXAMPLES = ROOT / "docs" / "examples"
MODEL = ("--model", "demo-3M", "--server", "xllamacpp", "--parallel", "1", "--threads", "1")


def test_a_toml_benchmark_runs_resumes_verifies_and_compares(tool: Tool) -> None:
    shutil.copytree(EXAMPLES / "own_benchmark", tool.folder / "own")
    rows = [{"id": f"capital/{n}", "country": f"Land {n}", "capital": "X", "region": "A"} for n in range(150)]
    (tool.folder / "own" / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    toml = tool.folder / "own" / "capitals.toml"
    toml.write_text(toml.read_text().replace("capitals.jsonl", "many.jsonl"))
    run = (*MODEL, "--benchmark", "own/capitals.toml")
    process = tool.start(*run)
    assert until_samples(tool, process, 3), process.communicate()[1]
    end(process)
    (folder,) = tool.run_folders()
    before = texts(folder)
    done = tool(*run)
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert tool.run_folders() == [folder]
    assert (record["benchmark"], record["results"]["total_problems"]) == ("capitals", 150)
    after = texts(folder)
    assert len(after) == 150
    assert before.items() <= after.items()
    samples = folder / "samples.jsonl"
    verified = tool("verify", "--benchmark", "own/capitals.toml", "--samples", str(samples), "--json")
    assert json.loads(verified.out)["passed"] == record["results"]["total_passed"]
    assert len(lines(Path(f"{samples}_results.jsonl"))) == 150
    compared = tool("compare", "--benchmark", "capitals")
    assert compared.code == 0
    assert "demo-3M" in compared.out


def test_a_mistake_in_a_toml_benchmark_is_exit_2_before_any_model_is_loaded(tool: Tool) -> None:
    (tool.folder / "bad.toml").write_text('name = "mine"\n[prompt]\nuser = "hi"\n')
    done = tool(*MODEL, "--benchmark", "bad.toml")
    assert done.code == 2
    assert "bad.toml:1: [tasks] file: is missing" in done.err
    assert "Traceback" not in done.err


def test_an_installed_package_brings_a_benchmark_with_its_own_parser_and_evaluator(tool: Tool) -> None:
    source, site = tool.folder / "own_plugin", tool.folder / "site"
    shutil.copytree(EXAMPLES / "own_plugin", source)
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
         "--disable-pip-version-check", "--target", site, source], check=True, timeout=110,
    )
    env = {"PYTHONPATH": str(site)}
    done = tool(*MODEL, "--benchmark", "reverse", env=env)
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert (record["benchmark"], record["results"]["total_problems"]) == ("reverse", 4)
    replies = tool.folder / "replies.jsonl"
    words = ["Enots.", "revir", "it is pmal", "wodniw!"]
    replies.write_text("".join(
        json.dumps({"task_id": f"reverse/{n}", "response": word}) + "\n" for n, word in enumerate(words)))
    verified = tool("verify", "--benchmark", "reverse", "--samples", str(replies), "--json", env=env)
    assert json.loads(verified.out)["passed"] == 3
    missing = tool("verify", "--benchmark", "reverse", "--samples", str(replies))
    assert missing.code == 2
    assert "--benchmark 'reverse': no such benchmark" in missing.err


def test_only_tasks_after_the_models_training_data_are_asked_and_the_record_says_so(tool: Tool) -> None:
    rows = [{"id": f"t/{day}", "problem": "Find 2+2.", "answer": "4", "date": day}
            for day in ("2023-12-30", "2023-12-31", "2024-01-01", "2024-05-05")]
    (tool.folder / "aime.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run = (*MODEL, "--benchmark", "aime", "--problems-file", "aime.jsonl", "--max-tokens", "16")
    done = tool(*run, "--after-cutoff", "2023-12")
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert record["results"]["total_problems"] == 2
    assert record["config"]["selection"]["start_date"] == "2024-01-01"
    assert record["config"]["selection"]["after_cutoff"] == {"last": "2023-12-31", "source": "--after-cutoff"}
    unknown = tool(*run, "--after-cutoff")
    assert unknown.code == 2
    assert "nothing states until when demo-3M" in unknown.err
    undated = tool(*MODEL, "--benchmark", "math", "--after-cutoff", "2023-12")
    assert undated.code == 2
    assert "the tasks of math have no dates" in undated.err
