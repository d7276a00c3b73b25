"""Runs whose score must not be taken at its word: each says so, says why, and is nowhere shown as a bare score."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.tool import ROOT, Done, Tool

QUICK = ("--server", "xllamacpp", "--parallel", "2", "--threads", "1")


@contextlib.contextmanager
def fake_server(tool: Tool, *flags: str) -> Iterator[tuple[str, ...]]:
    """A server of OpenAI's protocol that answers as told; the flags that attach to it."""
    argv = [sys.executable, str(ROOT / "tests" / "fakes" / "openai_server.py"), "--log", str(tool.folder / "asked"),
            *flags]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            port = server.stdout.readline().strip()
            yield ("--base-url", f"http://127.0.0.1:{port}", "--model", "fake", "--parallel", "2")
        finally:
            server.kill()


def suspected(tool: Tool, done: Done) -> tuple[dict[str, Any], str]:
    """The record, and what ``show`` says, of a run that must be marked wherever its score is seen."""
    assert "(suspect)" in done.err, "the final message"
    [record] = tool.records()
    assert record["validity"]["status"] == "suspect"
    score = f"{record['results']['score']:.1f} %"
    for line in done.err.splitlines():
        assert f"score {score}" not in line or "suspect" in line, line
    table = tool("compare").out
    assert "suspect" in next(line for line in table.splitlines() if score.removesuffix(" %") in line)
    assert record["validity"]["reasons"][0][:30] in table
    assert "| suspect |" in tool("compare", "--format", "md").out
    [row] = csv.DictReader(io.StringIO(tool("compare", "--format", "csv").out))
    assert row["validity"] == "suspect"
    [value] = json.loads(tool("compare", "--format", "json").out)
    assert value["reasons"] == record["validity"]["reasons"]
    page = (tool.runs_root / record["run_id"] / "report.html").read_text()
    assert f'{score} <span class="doubt">suspect</span>' in page
    assert '<h2 id="evidence">Evidence</h2>' in page
    shown = tool("show", record["run_id"]).out
    assert f"{score} (suspect)" in shown
    return record, shown


def test_a_model_that_loops_is_named_so_on_a_real_server(tool: Tool) -> None:
    """A negative frequency penalty makes the demo model repeat itself for ever."""
    done = tool("--model", "demo", "--benchmark", "math", "--limit", "2", "--max-tokens", "1900", *QUICK,
                "--server-arg=sampling.penalty_freq=-2")
    assert done.code == 0, done.err
    record, shown = suspected(tool, done)
    assert record["outcomes"] == {"truncated": 2}
    [reason] = record["validity"]["reasons"]
    assert reason == "2 of 2 tasks cut off while repeating themselves; score between 0.0 and 100.0 %"
    assert not any("--max-tokens" in hint for hint in record["validity"]["hints"]), "more tokens would not help"
    assert "ends by repeating itself: 2" in shown
    assert record["checks"]["sampling"] == "as asked"


THINKS = """\
{%- for m in messages %}{{- '<|im_start|>' + m.role + '\\n' }}
{%- if m.role == 'assistant' and m.reasoning_content %}{{- '<think>\\n' + m.reasoning_content + '\\n</think>\\n\\n' }}
{%- endif %}{{- m.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}
{%- else %}{{- '<think>\\n' }}{%- endif %}{%- endif %}"""
"""The shape of a thinking model's template: it opens the thinking, and the demo model never learnt to close it."""


def test_a_model_that_never_closes_its_thinking_on_a_real_server_and_the_advice_that_helps(tool: Tool) -> None:
    flags = ("--model", "demo", "--benchmark", "math", "--limit", "4", "--max-tokens", "60", *QUICK,
             f"--server-arg=chat_template={THINKS}")
    done = tool(*flags)
    assert done.code == 0, done.err
    record, _ = suspected(tool, done)
    assert record["validity"]["reasons"] == [
        "4 of 4 tasks cut off inside thinking that never closed; score between 0.0 and 100.0 %"
    ]
    assert record["thinking"]["unclosed"] == 4
    [hint] = record["validity"]["hints"]
    advised = hint.partition(": ")[0]
    assert advised == "--server-arg=sampling.reasoning_budget_tokens=30", "they ended by themselves, not at the limit"
    assert tool(*flags, advised.replace("=30", "=8")).code == 0
    helped = tool.records()[-1]
    assert helped["thinking"]["unclosed"] == 0
    assert 0 < helped["thinking"]["share"] < 0.4


@pytest.mark.parametrize("flags", [("--reasoning", "Let me think about it.", "--reply", ""),
                                   ("--reply", "<think>\nLet me think about it.")])
def test_a_model_that_never_closes_its_thinking_is_told_from_one_with_too_few_tokens(
    tool: Tool, flags: tuple[str, ...]
) -> None:
    with fake_server(tool, *flags, "--finish-reason", "length", "--count-prompt") as server:
        done = tool(*server, "--benchmark", "math", "--limit", "4", "--max-tokens", "512")
    assert done.code == 0, done.err
    record, shown = suspected(tool, done)
    assert record["validity"]["reasons"] == [
        "4 of 4 tasks cut off inside thinking that never closed; score between 0.0 and 100.0 %"
    ]
    assert record["thinking"]["unclosed"] == 4
    assert record["thinking"]["share"] > 0.6
    assert record["thinking"]["estimated"] is True
    assert record["usage"]["thinking_tokens"] > 0
    raised, capped = record["validity"]["hints"]
    assert raised.startswith("--max-tokens 4096")
    assert "thinking" in capped
    assert "thinking that never closed: 4" in shown
    assert "Let me think about it." in shown
    assert "of the tokens spent thinking (estimated), 4 replies never closed it" in done.err


def test_too_few_tokens_are_named_with_the_bounds_and_the_flag_to_raise(tool: Tool) -> None:
    done = tool("--model", "demo", "--benchmark", "math", "--limit", "8", "--max-tokens", "8", *QUICK)
    assert done.code == 0, done.err
    record, shown = suspected(tool, done)
    assert record["validity"]["reasons"] == [
        "8 of 8 tasks cut off by the token limit; score between 0.0 and 100.0 %"
    ]
    assert record["bounds"] == [0.0, 100.0]
    assert record["validity"]["hints"][0].startswith("--max-tokens 64: 8 of 8 replies were cut at 8 tokens")
    assert "to do: --max-tokens 64" in done.err
    assert "length, 8 tokens" in shown
    again = tool("--model", "demo", "--benchmark", "math", "--limit", "8", "--max-tokens", "64", *QUICK)
    assert again.code == 0
    assert tool.records()[-1]["validity"] == {"status": "ok", "reasons": []}, "the advice was good"


def test_a_template_that_drops_the_prompt_is_found_before_the_first_task_is_asked(tool: Tool) -> None:
    done = tool("--model", "demo", "--benchmark", "math", "--limit", "4", *QUICK,
                "--server-arg=chat_template={% for message in messages %}<|im_start|>{{ message.role }}{% endfor %}")
    assert done.code == 0, done.err
    record, shown = suspected(tool, done)
    assert record["validity"]["reasons"][0] == (
        "the prompt does not reach the model: the chat template drops the user message"
    )
    assert "template      the chat template drops the user message" in shown


def test_a_script_that_prints_its_own_score_is_suspect_where_the_server_is(tool: Tool) -> None:
    script = tool.folder / "own.sh"
    script.write_text("#!/bin/sh\necho '12/24 passed'\n")
    script.chmod(0o755)
    done = tool("--model", "demo-3M", "--benchmark", "mine", "--script", str(script), *QUICK,
                "--server-arg=chat_template=hello")
    assert done.code == 0, done.err
    assert "score 50.0 % (suspect)" in done.err
    [record] = tool.records()
    assert record["validity"]["reasons"] == [
        "the prompt does not reach the model: the chat template drops the user message"
    ]


def test_prompts_that_do_not_arrive_are_seen_by_their_tokens_on_a_server_that_tells_nothing(tool: Tool) -> None:
    with fake_server(tool, "--reply", "I see no task.") as server:
        done = tool(*server, "--benchmark", "human_eval", "--limit", "8")
    assert done.code == 0, done.err
    record, _ = suspected(tool, done)
    assert record["validity"]["reasons"][0].startswith("the prompt does not reach the model: prompts of ")
    assert record["validity"]["reasons"][0].endswith("all came to 11 tokens")
    assert record["checks"]["sampling"] == "not reported: openai does not tell"


def test_a_model_that_answers_nothing_is_not_a_model_that_is_wrong(tool: Tool) -> None:
    with fake_server(tool, "--reply", "", "--count-prompt") as server:
        done = tool(*server, "--benchmark", "math", "--limit", "4")
    assert done.code == 0, done.err
    record, shown = suspected(tool, done)
    assert "4 of 4 tasks answered with nothing" in record["validity"]["reasons"]
    assert "answered with nothing: 4" in shown


def test_sampling_that_has_no_effect_is_named(tool: Tool) -> None:
    """With mirostat, llama.cpp uses no other sampler than the temperature."""
    done = tool("--model", "demo", "--benchmark", "math", "--limit", "2", *QUICK, "--top-k", "20",
                "--server-arg=sampling.mirostat=1")
    assert done.code == 0, done.err
    [record] = tool.records()
    assert record["validity"]["reasons"] == [
        "the server did not take the sampling as asked: top_k has no effect"
    ]
    assert record["config"]["sampling_effective"]["mirostat"] == 1


def test_a_sound_run_is_ok_and_says_what_the_server_told(tool: Tool) -> None:
    done = tool("--model", "demo", "--benchmark", "lcb", "--limit", "2", *QUICK, "--temperature", "0.7")
    assert done.code == 0, done.err
    [record] = tool.records()
    assert record["checks"] == {"sampling": "as asked", "template": "keeps the prompt",
                                "tokens": "as the server counts them"}
    assert record["config"]["sampling_effective"]["temperature"] == 0.7
    assert "suspect" not in done.err
    folder = tool.runs_root / record["run_id"]
    assert len((folder / "samples.jsonl").read_text().splitlines()) == 2, "what was asked before is no sample"
    assert record["usage"]["requests"] == 2


def test_without_its_folder_a_run_is_shown_without_examples(tool: Tool) -> None:
    tool("--model", "demo", "--benchmark", "math", "--limit", "2", "--max-tokens", "4", *QUICK)
    [record] = tool.records()
    shown = tool("show", record["run_id"], "--runs-root", "elsewhere").out
    assert "the run folder is not here" in shown
