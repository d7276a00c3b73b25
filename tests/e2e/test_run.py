"""A GGUF in, a ledger row out, on a real server."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.e2e.tool import Tool

QUICK = ("--server", "xllamacpp", "--parallel", "2", "--threads", "1")


@pytest.mark.timeout(180)
def test_each_benchmark_makes_one_record_on_one_load_of_the_model(tool: Tool) -> None:
    done = tool("--model", "demo", "--benchmark", "human_eval", "math", "extraction", "lcb", "--limit", "6", *QUICK,
                timeout_s=170)
    assert done.code == 0, done.err
    records = tool.records()
    assert [r["benchmark"] for r in records] == ["human_eval", "math", "extraction", "lcb"]
    for record in records:
        results = record["results"]
        assert results["total_problems"] == 6
        assert results["score"] == pytest.approx(100 * results["total_passed"] / 6)
        assert len(results["failed_tasks"]) == 6 - results["total_passed"]
        assert record["status"] == "complete"
        assert record["interval"][0] <= results["score"] <= record["interval"][1]
        assert record["config"]["quantization"] == "Q8_0"
        assert record["config"]["base_name"] == "demo-5M"
        assert record["config"]["slots"] == 2
        assert record["config"]["backend"] == "xllamacpp"
        assert record["usage"]["completion_tokens"] > 0
        assert not record["config"]["path"].startswith("/")
        folder = tool.runs_root / record["run_id"]
        assert {"run_config.json", "samples.jsonl", "details.jsonl", "summary.json", "server.log", "script.log"} <= {
            p.name for p in folder.iterdir()
        }
        assert len((folder / "samples.jsonl").read_text().splitlines()) == 6
        assert len((folder / "details.jsonl").read_text().splitlines()) == 6
    assert records[1]["results"]["total_passed"] >= 4, "the demo model solves most of its math"
    assert f"math  demo-5M:Q8_0: score {records[1]['results']['score']:.1f} %" in done.err, "told as soon as it is done"
    assert not [p for p in tool.runs_root.iterdir() if p.suffix == ".log"], "a server's log is kept in the run folders"


def test_the_key_of_the_server_is_in_no_file_but_the_request(tool: Tool) -> None:
    done = tool("--model", "demo-3M", "--benchmark", "math", "--limit", "2", *QUICK, "--json")
    assert done.code == 0, done.err
    assert [r["benchmark"] for r in json.loads(done.out)["runs"]] == ["math"]
    folder = tool.run_folders()[0]
    request = json.loads((folder / "request.json").read_text())
    assert (folder / "request.json").stat().st_mode & 0o077 == 0
    assert request["api_key_env"] == "BENCH_API_KEY"
    assert "key" not in "".join(k for k in request if k != "api_key_env")


def test_two_models_are_compared_and_the_ledger_tells_them_apart(tool: Tool) -> None:
    done = tool("--model", "demo:Q8_0", "demo:Q2_K", "--benchmark", "math", "--limit", "60", *QUICK)
    assert done.code == 0, done.err
    best, worst = tool.records()
    assert best["results"]["score"] > worst["results"]["score"]
    assert best["tasks_sha256"] == worst["tasks_sha256"]
    assert best["fingerprint"] != worst["fingerprint"]
    table = tool("compare", "--format", "json")
    assert table.code == 0
    rows = json.loads(table.out)
    assert [row["quantization"] for row in rows] == ["Q8_0", "Q2_K"], "the larger one first"
    assert rows[0]["is_baseline"]
    assert rows[1]["against"] == "clearly lower"
    same, both = rows[1]["same_texts"], rows[1]["texts_compared"]
    assert both == 60
    assert same < 40
    flips = tool("compare", "--flips", "3", "--format", "json")
    lost = json.loads(flips.out)[1]
    assert len(lost["lost"]) == lost["flips"][0]
    for reply in lost["replies"]:
        assert reply["baseline"]["outcome"] != reply["run"]["outcome"]
        assert reply["prompt"]
        said = {line["task_id"]: line["response"] for line in map(
            json.loads, (tool.runs_root / lost["run_id"] / "samples.jsonl").read_text().splitlines())}
        assert reply["run"]["text"] == said[reply["task_id"]]
    shown = tool("compare", "--flips", "3", env={"COLUMNS": "80"}).out
    assert "Q2_K is worse than Q8_0 by" in shown
    assert f"{lost['replies'][0]['task_id']}, lost" in shown
    assert "demo-5M:Q8_0: correct" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_asking_the_same_again_gives_the_same_texts_at_one_slot(tool: Tool) -> None:
    flags = ("--model", "demo", "--benchmark", "math", "--limit", "8", "--server", "xllamacpp", "--parallel", "1")
    assert tool(*flags).code == 0
    assert tool(*flags).code == 0
    first, second = tool.records()
    assert first["fingerprint"] == second["fingerprint"]
    texts = [
        {s["task_id"]: s["response"] for s in map(json.loads, (f / "samples.jsonl").read_text().splitlines())}
        for f in tool.run_folders()
    ]
    assert texts[0] == texts[1]


def test_a_model_that_cannot_be_loaded_does_not_take_the_others_with_it(tool: Tool) -> None:
    done = tool("--model", "demo", "--benchmark", "math", "extraction", "--limit", "2", "--server", "xllamacpp",
                "--server-arg", "no_such_setting=1")
    assert done.code == 2
    assert "no_such_setting" in done.err
    assert tool.records() == []


def test_shell_script_that_prints_a_score_is_recorded_as_its_own_claim(
    tool: Tool, own_script: Callable[[str], str]
) -> None:
    script = own_script('test -n "$BENCH_BASE_URL" && echo "12/24 passed"\n')
    done = tool("--model", "demo-3M", "--benchmark", "mine", "--script", script, *QUICK)
    assert done.code == 0, done.err
    record = tool.records()[0]
    assert record["results"]["score"] == 50
    assert record["config"]["scored_by"] == "script"
    assert record["interval"][0] < 50 < record["interval"][1]


def test_a_script_that_prints_garbage_ends_with_4_and_nothing_is_lost(
    tool: Tool, own_script: Callable[[str], str]
) -> None:
    script = own_script("echo lorem ipsum; echo '{broken'; echo dolor\n")
    done = tool("--model", "demo-3M", "--benchmark", "mine", "--script", script, *QUICK)
    assert done.code == 4
    assert "own.sh" in done.err
    assert "Traceback" not in done.err
    assert tool.records() == []
    assert (tool.run_folders()[0] / "script.out").read_text() == "lorem ipsum\n{broken\ndolor\n"


def test_a_script_that_fails_ends_with_4_and_its_samples_stay(tool: Tool, own_script: Callable[[str], str]) -> None:
    script = own_script(
        """echo '{"event":"sample","task_id":"HumanEval/0","sample":0,"response":"pass"}'; echo sorry >&2; exit 7\n"""
    )
    done = tool("--model", "demo-3M", "--benchmark", "human_eval", "--script", script, *QUICK)
    assert done.code == 4
    assert "exit status 7" in done.err
    assert "sorry" in done.err
    assert tool.records() == []
    assert len((tool.run_folders()[0] / "samples.jsonl").read_text().splitlines()) == 1


def test_a_script_that_answers_half_the_tasks_makes_an_incomplete_record(
    tool: Tool, own_script: Callable[[str], str]
) -> None:
    script = own_script("""echo '{"task_id": "HumanEval/0", "completion": "    return False"}'\n""")
    done = tool("--model", "demo-3M", "--benchmark", "human_eval", "--limit", "2", "--script", script, *QUICK)
    assert done.code == 1
    record = tool.records()[0]
    assert record["status"] == "incomplete"
    assert record["validity"]["status"] == "suspect"
    assert record["results"]["total_problems"] == 1


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--benchmark", "math"), "--model"),
        (("--model", "demo"), "--benchmark"),
        (("--model", "demo", "--benchmark", "humaneval"), "human_eval"),
        (("--model", "demo:Q9", "--benchmark", "math"), "Q8_0"),
        (("--model", "gone.gguf", "--benchmark", "math"), "gone.gguf"),
        (("--model", "demo", "--benchmark", "math", "--task-ids", "nope"), "nope"),
        (("--model", "demo", "--benchmark", "math", "--problems-file", "gone.jsonl"), "gone.jsonl"),
        (("--model", "demo", "--benchmark", "math", "--strategy", "singel"), "single"),
        (("--model", "demo", "--benchmark", "math", "--grading", "upstream"), "--grading"),
        (("--model", "demo", "--benchmark", "math", "--start-date", "2025-01-01"), "--start-date"),
        (("--model", "demo", "--benchmark", "math", "--limit", "0"), "--limit"),
        (("--model", "demo", "--benchmark", "math", "--temperature", "nan"), "--temperature"),
        (("--model", "demo", "--benchmark", "math", "--prompt-version", "v9"), "v1"),
    ],
)
def test_wrong_usage_is_one_sentence_and_2_and_starts_nothing(tool: Tool, flags: tuple[str, ...], words: str) -> None:
    done = tool(*flags)
    assert done.code == 2, done.err
    assert words in done.err
    assert "Traceback" not in done.err
    assert not tool.runs_root.exists()
    assert not tool.ledger.exists()


def test_a_damaged_ledger_is_told_before_the_run_and_left_as_it_is(tool: Tool) -> None:
    tool.ledger.write_text('{"runs": [{"timestamp": "2026-01-01", "bench')
    before = tool.ledger.read_bytes()
    done = tool("--model", "demo-3M", "--benchmark", "math", "--limit", "1", *QUICK)
    assert done.code == 2
    assert "benchmark_results.json" in done.err
    assert tool.ledger.read_bytes() == before
    assert not tool.runs_root.exists()
