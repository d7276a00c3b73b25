"""Benchmarks of one's own, run as users run them: a TOML file, and a package that is really installed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from tests.e2e.test_resume import end, lines, texts, until_samples
from tests.e2e.tool import ROOT, Tool
from tests.reports.test_run_data import unpacked

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


SUMS = """
name = "sums"
[tasks]
file = "sums.jsonl"
id = "id"
difficulty = "kind"
[prompt]
user = "{problem}"
[answer]
parser = "math"
evaluator = "math"
expected = "gold"
[limits]
max_tokens = 200
"""


def sums_of_ten(tool: Tool) -> tuple[str, ...]:
    """Ten of the demo model's own sums under other names; the flags that run them."""
    held = [json.loads(line) for line in (ROOT / "models" / "tasks" / "math_heldout.jsonl").read_text().splitlines()]
    (tool.folder / "sums.jsonl").write_text("".join(json.dumps(
        {"id": f"sum/{number}", "problem": task["question"], "gold": task["answer"].rpartition("#### ")[2],
         "kind": ("odd", "even")[number % 2]}) + "\n" for number, task in enumerate(held[:10])))
    (tool.folder / "sums.toml").write_text(SUMS)
    return ("--server", "xllamacpp", "--parallel", "1", "--threads", "1", "--benchmark", "sums.toml")


def test_ten_tasks_in_a_toml_are_killed_resumed_and_compared_as_a_built_in_is(tool: Tool) -> None:
    flags = sums_of_ten(tool)
    pool = (*flags, "--model", "demo-3M", "--strategy", "sc_fixed", "adaptive_margin", "--n", "16", "--max-n", "16",
            "--temperature", "0.8")
    process = tool.start(*pool)
    assert until_samples(tool, process, 20), process.communicate()[1]
    end(process)
    assert tool.records() == []
    (folder,) = [path for path in tool.run_folders() if (path / "samples.jsonl").exists()]
    before = texts(folder)
    done = tool(*pool)
    assert done.code == 0, done.err
    assert len(texts(folder)) == 160
    assert before.items() <= texts(folder).items(), "what was there was not asked again"
    assert sorted(record["config"]["strategy"] for record in tool.records()) == ["adaptive_margin", "sc_fixed"]
    done = tool(*flags, "--model", "demo-5M", "demo-5M:Q2_K")
    assert done.code == 0, done.err
    records = tool.records()
    assert {record["benchmark"] for record in records} == {"sums"}
    assert len({record["tasks_sha256"] for record in records}) == 1
    compared = tool("compare", "--benchmark", "sums", "--flips", "--format", "json")
    assert compared.code == 0, compared.err
    rows = json.loads(compared.out)
    assert "sum/" in json.dumps(rows), "flips name the tasks"
    single = next(record for record in records if record["config"]["strategy"] == "single")
    assert set(single["results"]["difficulty_scores"]) == {"odd", "even"}
    assert tool("show", single["run_id"]).code == 0
    page = tool.folder / "page.html"
    assert tool("report", "--run-dir", str(tool.runs_root / single["run_id"]), "--out", str(page)).code == 0
    assert "sum/9" in json.dumps(unpacked(page.read_text()))


def test_a_mistake_in_a_toml_benchmark_is_exit_2_before_any_model_is_loaded(tool: Tool) -> None:
    (tool.folder / "bad.toml").write_text('name = "mine"\n[prompt]\nuser = "hi"\n')
    done = tool(*MODEL, "--benchmark", "bad.toml")
    assert done.code == 2
    assert "bad.toml:1: [answer] parser: is missing" in done.err
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
