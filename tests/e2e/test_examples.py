"""The commands of docs/benchmark-scripts.md, run as they stand there."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from tests.e2e.tool import ROOT, Tool

PAGE = (ROOT / "docs" / "benchmark-scripts.md").read_text()
COMMANDS = [shlex.split(line) for line in PAGE.splitlines() if line.startswith("    ./bench_runner.py ")]


def ran(tool: Tool, name: str) -> dict[str, Any]:
    """The record of the page's command with that script."""
    command = next(words for words in COMMANDS if words[-1].endswith(name) or f"docs/examples/{name}" in words)
    arguments = [str(ROOT / word) if word.startswith("docs/") else word for word in command[1:]]
    done = tool(*arguments, "--server", "xllamacpp", "--parallel", "1", "--threads", "1")
    assert done.code == 0, done.err
    return tool.records()[-1]


def test_the_page_shows_one_script_in_python_and_one_in_shell() -> None:
    scripts = {words[words.index("--script") + 1] for words in COMMANDS}
    assert scripts == {"docs/examples/human_eval_script.py", "docs/examples/greeting.sh"}


@pytest.mark.timeout(120)
def test_the_python_example_is_verified_as_the_built_in_script_is(tool: Tool) -> None:
    record = ran(tool, "human_eval_script.py")
    assert (record["status"], record["results"]["total_problems"]) == ("complete", 20)
    assert record["results"]["total_passed"] > 0
    assert record["usage"]["completion_tokens"] > 20
    assert record["config"]["script"] == "human_eval_script.py"
    assert "scored_by" not in record["config"]
    assert "prompt_version" not in record["config"], "the prompt is the script's own"


def test_the_shell_example_prints_its_score(tool: Tool) -> None:
    record = ran(tool, "greeting.sh")
    assert record["config"]["scored_by"] == "script"
    assert record["results"]["total_problems"] == 5
    output = tool.run_folders()[-1] / "script.out"
    assert output.read_text() == f"{record['results']['total_passed']}/5 passed\n"


def test_the_events_on_the_page_are_json_and_are_read(tool: Tool) -> None:
    lines = [line.strip() for line in PAGE.replace('"stop",\n', '"stop",').splitlines()]
    events = [line for line in lines if line.startswith(('{"event"', '{"draw"', '{"end"'))]
    assert len(events) == 6
    assert all(json.loads(event.replace(": N,", ": 1,")) for event in events)
    script = tool.folder / "own.sh"
    printed = "\n".join(line for line in events if line.startswith('{"event"'))
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{printed}\nEND\n")
    script.chmod(0o755)
    done = tool("--model", "demo-3M", "--benchmark", "human_eval", "--limit", "2", "--script", str(script),
                "--server", "xllamacpp", "--parallel", "1", "--threads", "1")
    assert done.code == 1, "one of the two tasks got no reply"
    folder = tool.run_folders()[0]
    details = [json.loads(line) for line in (folder / "details.jsonl").read_text().splitlines()]
    assert {line["task_id"]: line["outcome"] for line in details} == {
        "HumanEval/0": "no_answer", "HumanEval/1": "lost"
    }, "a request without a reply is written down too"
    assert tool.records()[0]["outcomes"] == {"no_answer": 1, "lost": 1}


def test_a_driven_scripts_reply_that_cannot_be_read_is_a_failed_request_and_no_hang(tool: Tool) -> None:
    script = tool.folder / "odd.sh"
    script.write_text("""#!/bin/sh
echo '{"event": "start", "total": 1, "interactive": true}'
while read draw; do
  case "$draw" in *'"end"'*) exit 0;; esac
  echo '{"event": "sample", "task_id": "gsm8k/0", "sample": 0, "response": "1", "cached_tokens": -1}'
done
""")
    script.chmod(0o755)
    problems = tool.folder / "p.jsonl"
    problems.write_text('{"question": "1?", "answer": "#### 1"}\n')
    done = tool("--model", "demo-3M", "--benchmark", "math", "--problems-file", str(problems), "--script", str(script),
                "--server", "xllamacpp", "--parallel", "1", "--threads", "1", timeout_s=40)
    assert done.code == 1, done.err
    assert done.err.count("a request failed (gsm8k/0 sample 0): sample event: 'cached_tokens' must be") == 1
    assert "unreadable: 3 times; sample event: 'cached_tokens' must be a whole number" in done.err, "in the summary"
    [record] = tool.records()
    assert (record["status"], record["outcomes"]) == ("incomplete", {"lost": 1})


def test_the_rate_is_that_of_answering_and_not_of_the_scripts_own_start(tool: Tool) -> None:
    script = tool.folder / "slow.sh"
    events = (
        {"event": "start", "total": 1, "interactive": True},
        {"event": "sample", "task_id": "gsm8k/0", "sample": 0, "response": "1", "completion_tokens": 30},
    )
    lines = [json.dumps(event) for event in events]
    script.write_text(
        f"#!/bin/sh\nsleep 1\necho '{lines[0]}'\nread draw\nsleep 0.3\necho '{lines[1]}'\nread end\nsleep 1\n"
    )
    script.chmod(0o755)
    problems = tool.folder / "p.jsonl"
    problems.write_text('{"question": "1?", "answer": "#### 1"}\n')
    done = tool("--model", "demo-3M", "--benchmark", "math", "--problems-file", str(problems), "--script", str(script),
                "--server", "xllamacpp", "--parallel", "1", "--threads", "1")
    assert done.code == 0, done.err
    record = tool.records()[0]
    assert 0.2 < record["latency"]["generation_s"] < 0.9
    assert record["results"]["time_taken"] > 2
