"""What each benchmark script makes of a task, and its help."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.scripts.prompt_files import load, versions
from benchmarks.table import BENCHMARKS
from core.errors import UsageError
from tests.benchmarks.helpers import (
    END,
    ROOT,
    SERVER,
    StartFake,
    draw,
    lcb_record,
    run_script,
    write_lines,
)


@pytest.mark.parametrize("name", ["human_eval", "lcb", "math", "extraction", "gsm8k"])
def test_help_shows_an_example_for_each_script(name: str) -> None:
    done = subprocess.run(
        [sys.executable, BENCHMARKS[name].script, "--help"], capture_output=True, text=True, timeout=30, check=True
    )
    assert f"python benchmarks/scripts/{BENCHMARKS[name].script.name} --b" in done.stdout


def test_human_eval_prompts_are_fenced_from_the_dataset_file_itself(start_fake: StartFake, tmp_path: Path) -> None:
    server = start_fake(SERVER)
    path = tmp_path / "HumanEval.jsonl.gz"
    path.write_bytes(
        gzip.compress(json.dumps({"task_id": "HumanEval/0", "prompt": "def f():\n    '''{prompt}'''\n\n"}).encode())
    )
    run_script("human_eval.py", "--base-url", server.url, "--tasks-file", str(path))
    content = server.requests()[0]["body"]["messages"][0]["content"]
    assert content.endswith("\n\n```python\ndef f():\n    '''{prompt}'''\n```")


def test_lcb_prompts_are_upstreams_for_both_kinds_of_problem(start_fake: StartFake, tmp_path: Path) -> None:
    server = start_fake(SERVER)
    starter = "class Solution:\n    def f(self, n: int) -> int:\n        "
    path = write_lines(tmp_path / "test6.jsonl", [lcb_record("a"), lcb_record("b", starter_code=starter)])
    run_script("lcb.py", "--base-url", server.url, "--tasks-file", str(path))
    stdin, functional = (request["body"] for request in server.requests())
    assert stdin["messages"][0]["role"] == "system"
    assert stdin["messages"][0]["content"].endswith("passes all tests.")
    assert stdin["messages"][1]["content"].startswith(
        "### Question:\nStatement of a\n\n### Format: Read the inputs from stdin"
    )
    assert stdin["messages"][1]["content"].endswith(
        "STDOUT.\n```python\n# YOUR CODE HERE\n```\n\n### Answer: (use the provided format with backticks)\n\n"
    )
    assert functional["messages"][1]["content"] == (
        "### Question:\nStatement of b\n\n"
        "### Format: You will use the following starter code to write the solution to the problem "
        f"and enclose your code within delimiters.\n```python\n{starter}\n```\n\n"
        "### Answer: (use the provided format with backticks)\n\n"
    )
    assert "stop" not in stdin


def test_extraction_sends_the_schema_only_when_asked_and_able(start_fake: StartFake, tmp_path: Path) -> None:
    server = start_fake(SERVER)
    schema = {"type": "object", "properties": {"ä": {"type": "integer"}}}
    tasks = write_lines(tmp_path / "t.jsonl", [{"task_id": "0", "prompt": {"text": "Ä is 5", "schema": schema}}])
    fields = {"base_url": server.url, "tasks_file": str(tasks), "sampling": {}, "slots": 1}
    for constrained, capabilities in ((False, ["json_schema"]), (True, ["json_schema"]), (True, [])):
        wish = {
            "path": tmp_path / "r.json",
            "fields": fields | {"constrained": constrained, "capabilities": capabilities},
        }
        ran = run_script("extraction.py", request=wish, stdin=draw("0") + END)
        assert len(ran.of("sample")) == 1
        assert ("does not enforce JSON Schemas" in ran.stderr) == (constrained and not capabilities)
    plain, constrained, unable = (request["body"] for request in server.requests())
    assert "response_format" not in plain
    assert "response_format" not in unable
    assert constrained["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema},
    }
    assert json.dumps(schema, ensure_ascii=False) in plain["messages"][0]["content"]
    assert plain["messages"][0]["content"].endswith("Text:\nÄ is 5")


def test_a_tasks_own_prompt_is_put_as_it_is(start_fake: StartFake) -> None:
    server = start_fake(SERVER)
    run_script(
        "extraction.py",
        "--base-url",
        server.url,
        "--tasks-file",
        str(ROOT / "models/tasks/extraction_heldout.jsonl"),
        "--limit",
        "1",
    )
    content = server.requests()[0]["body"]["messages"][0]["content"]
    assert content.startswith(
        "Extract the name, age, city, item, price and date from the text as JSON.\n\nGrace Carter"
    )


def test_an_unknown_prompt_version_lists_those_there() -> None:
    for name in BENCHMARKS:
        assert "v1" in versions(name)
        assert load(name, "v1").messages({})
        with pytest.raises(UsageError, match=r"there are: .*v1"):
            load(name, "nope")
    with pytest.raises(UsageError, match="no such prompt"):
        load("math", "../extraction/v1")


def test_no_script_module_hides_a_library_module() -> None:
    names = {path.stem for path in (ROOT / "benchmarks/scripts").glob("*.py")} - {"__init__"}
    taken = set(sys.stdlib_module_names) | {
        "requests",
        "urllib3",
        "certifi",
        "idna",
        "charset_normalizer",
        "core",
        "benchmarks",
    }
    assert not names & taken
