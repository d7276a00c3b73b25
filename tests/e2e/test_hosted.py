"""Models of providers, from the command to the record: money, safety stops, keys. Real small servers of their
protocols, and a llama.cpp server with a key of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from servers.lifecycle import serve
from servers.models import resolve
from servers.spec import ServerSettings
from tests.e2e.tool import ROOT, Done, Tool

KEY = "sk-test-0123456789abcdefghij"
TABLE = """
[[price]]
model = "gpt-4o-mini"
prompt = 0.15
completion = 0.6
date = 2027-02-01
source = "my contract"

[[price]]
model = "gemini-2.5-flash"
prompt = 0.3
completion = 2.5
date = 2027-02-02
source = "my contract"
"""
LOOKS_FOR_THE_KEY = """```python
from typing import List
import glob, os

def has_close_elements(numbers: List[float], threshold: float) -> bool:
    told = [str(dict(os.environ))]
    for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline"):
        try:
            told.append(open(path, "rb").read().decode("latin-1"))
        except OSError:
            pass
    if any("sk-" + "test-" + "0123456789" in text for text in told):
        raise SystemExit("found")
    return any(abs(a - b) < threshold for i, a in enumerate(numbers) for b in numbers[:i])
```"""


@dataclass(frozen=True)
class Provider:
    """A fake that runs."""

    url: str
    log: Path

    def served(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line for line in map(json.loads, lines) if line["status"] == 200]


@pytest.fixture
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Provider]]:
    with ExitStack() as stack:

        def begin(dialect: str, model: str, *flags: str) -> Provider:
            log = tmp_path_factory.mktemp("provider") / "log"
            key = log.with_name("key")
            key.write_text(KEY)
            argv = [sys.executable, str(ROOT / "tests" / "fakes" / "provider.py"), "--dialect", dialect, "--models",
                    model, "--key-file", str(key), "--log", str(log), *flags]
            process = stack.enter_context(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
            stack.callback(process.kill)
            assert process.stdout is not None
            return Provider(f"http://127.0.0.1:{int(process.stdout.readline())}", log)

        yield begin


def ask(tool: Tool, provider: Provider, model: str, *flags: str) -> Done:
    (tool.folder / "mine.toml").write_text(TABLE)
    return tool("--model", *model.split(), "--base-url", provider.url, "--benchmark", "math", "--prices", "mine.toml",
                *flags, env={"OPENAI_API_KEY": KEY, "GEMINI_API_KEY": KEY})


def test_gemini_thinks_is_stopped_for_safety_breaks_and_is_recorded(tool: Tool, start: Callable[..., Provider]) -> None:
    provider = start("gemini", "gemini-2.5-flash", "--thinks", "--stop", "baker", "--stop-prompt", "Ole", "--fault",
                     "3:503", "4:cut", "5:500")
    flags = ("--limit", "8", "--yes", "--audit", "2", "--max-tokens", "100")
    done = ask(tool, provider, "gemini:gemini-2.5-flash", *flags)
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert (record["model"], record["status"]) == ("gemini-2.5-flash", "complete")
    assert record["outcomes"]["blocked"] == 2
    assert sum(record["outcomes"].values()) == 8, "no request is lost"
    assert record["usage"]["thinking_tokens"] == 6 * 5
    assert record["usage"]["completion_tokens"] == 6 * (5 + 7), "thoughts are paid for"
    config = record["config"]
    assert (config["backend"], config["served_models"]) == ("gemini", ["gemini-2.5-flash-001"])
    assert record["cost"]["price"]["date"] == "2027-02-02"
    usage = record["usage"]
    paid = (usage["prompt_tokens"] * 0.3 + usage["completion_tokens"] * 2.5) / 1e6
    assert record["cost"]["cost_usd"] == pytest.approx(paid, abs=1e-6)
    assert record["cost"]["audit_usd"] >= 12 * 2.5 / 1e6, "second askings are paid for, too"
    assert 100 * 2.5 <= record["cost"]["failed_most_usd"] * 1e6 < 200 * 2.5, "of what broke, only the one that was cut"
    assert {fault["kind"]: fault["count"] for fault in record["faults"]} == {"busy": 1, "connection": 1, "http": 1}


def test_a_paid_run_is_asked_for_first_and_stops_at_its_most(tool: Tool, start: Callable[..., Provider]) -> None:
    provider = start("openai", "gpt-4o-mini", "--tokens", "700")
    flags = ("--limit", "6", "--n", "4", "--strategy", "sc_fixed", "--temperature", "1", "--max-tokens", "1000",
             "--parallel", "3")
    done = ask(tool, provider, "openai:gpt-4o-mini", *flags)
    assert done.code == 2
    assert "up to 24 requests" in done.err
    assert "at most 24,000 of replies; at most $0.014" in done.err
    assert "by prices of 2027-02-01" in done.err
    assert "add --yes" in done.err
    assert provider.served() == []
    done = ask(tool, provider, "openai:gpt-4o-mini", *flags, "--yes", "--max-cost", "0.005")
    assert done.code == 130, done.err
    assert "--max-cost $0.005" in done.err
    few = len(provider.served())
    a_reply = 700 * 0.6 / 1e6
    assert few * a_reply <= 0.005
    assert few >= 9, "and not much less: of 0.005 nine replies leave too little for the most that a tenth may cost"
    (folder,) = tool.run_folders()
    assert len((folder / "samples.jsonl").read_text().splitlines()) == few, "what was paid for is kept"
    done = ask(tool, provider, "openai:gpt-4o-mini", *flags, "--yes", "--max-cost", "0.005")
    assert (done.code, len(provider.served())) == (130, few), "the same command spends nothing more"
    done = ask(tool, provider, "openai:gpt-4o-mini", *flags, "--yes", "--max-cost", "1")
    assert done.code == 0, done.err
    assert len(provider.served()) == 24, "no reply is paid for twice"
    (record,) = tool.records()
    assert record["run_id"] == folder.name
    assert record["cost"]["cost_usd"] == pytest.approx(24 * a_reply, rel=0.05)


def test_of_several_runs_what_is_done_and_what_broke_counts_when_the_command_is_given_again(
    tool: Tool, start: Callable[..., Provider]
) -> None:
    """At 0.6 a million: a reply costs 0.00042, and may cost 0.0006."""
    provider = start("openai", "gpt-4o-mini", "--models", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "--tokens", "700",
                     "--fault", "0:cut", "1:cut")
    models = "openai:gpt-4o-mini openai:gpt-4o-mini-2024-07-18"
    flags = ("--limit", "3", "--max-tokens", "1000", "--parallel", "1", "--yes",
             "--max-cost", "0.0039")
    done = ask(tool, provider, models, *flags)
    assert done.code == 130, done.err
    of_first, broke = 3 * 700 * 0.6 / 1e6, 2 * 1000 * 0.6 / 1e6
    few = len(provider.served())
    assert few == 2 + 3 + 2, "a third reply of the second model might pass what the first's two that broke left"
    assert of_first + broke + 3 * 1000 * 0.6 / 1e6 > 0.0039
    again = ask(tool, provider, models, *flags)
    assert (again.code, len(provider.served())) == (130, few), "the first run, which is done, was paid for, too"
    assert "done when this command was stopped" in again.err


def test_two_models_of_a_provider_are_asked_by_turns_within_one_sum(
    tool: Tool, start: Callable[..., Provider]
) -> None:
    provider = start("openai", "gpt-4o-mini", "--models", "gpt-4o-mini", "gpt-4o-mini-2024-07-18", "--tokens", "700")
    models = "openai:gpt-4o-mini openai:gpt-4o-mini-2024-07-18"
    flags = ("--limit", "10", "--max-tokens", "1000", "--parallel", "2", "--yes", "--until-decided")
    stopped = ask(tool, provider, models, *flags, "--max-cost", "0.005")
    assert stopped.code == 130, stopped.err
    assert len(provider.served()) == 11, "of a twelfth nobody knows that it costs no more than is left"
    done = ask(tool, provider, models, *flags, "--max-cost", "1")
    assert done.code == 0, done.err
    assert len(provider.served()) == 20, "no reply is paid for twice"
    assert {record["decision"]["tasks_answered"] for record in tool.records()} == {10}


def test_a_service_whose_version_stands_elsewhere_is_asked_there(tool: Tool, start: Callable[..., Provider]) -> None:
    provider = start("openai", "gpt-4o-mini", "--prefix", "/v1beta/openai")
    there = Provider(f"{provider.url}/v1beta/openai/", provider.log)
    done = ask(tool, there, "openai:gpt-4o-mini", "--limit", "2", "--yes")
    assert done.code == 0, done.err
    assert [line["path"] for line in provider.served()] == ["/v1beta/openai/chat/completions"] * 2


def test_what_no_table_knows_has_no_most(tool: Tool, start: Callable[..., Provider]) -> None:
    provider = start("openai", "mine")
    done = ask(tool, provider, "openai:mine", "--yes", "--max-cost", "1")
    assert (done.code, provider.served()) == (2, [])
    assert "not in the table of prices" in done.err


def test_a_key_is_in_no_file_in_no_command_line_and_no_program_sees_it(
    tool: Tool, start: Callable[..., Provider]
) -> None:
    provider = start("openai", "gpt-4o-mini", "--reply", LOOKS_FOR_THE_KEY, "--delay", "0.3")
    env = {**tool.environment(), "OPENAI_API_KEY": KEY}
    argv = tool.argv("--model", "openai:gpt-4o-mini", "--base-url", provider.url, "--benchmark", "human_eval",
                     "--task-ids", "HumanEval/0", "--n", "4", "--strategy", "sc_fixed",
                     "--temperature", "1", "--parallel", "1")
    with subprocess.Popen(argv, cwd=tool.folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, start_new_session=True) as process:
        seen, looks = set[str](), 0
        while process.poll() is None:
            seen |= _command_lines_with_the_key()
            looks += 1
            time.sleep(0.05)
        assert process.stdout is not None
        said = process.stdout.read()
    assert process.returncode == 0, said.decode()
    assert (seen, looks > 3) == (set(), True)
    (record,) = tool.records()
    assert record["outcomes"] == {"correct": 1}, "the program looked for the key, and did not find it"
    tool("report", "--run-dir", str(tool.run_folders()[0]))
    assert KEY.encode() not in said
    holding = [path for path in tool.folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert holding == []


def _command_lines_with_the_key() -> set[str]:
    """Of all processes; one may end while it is read."""
    found = set()
    for pid in psutil.pids():
        with suppress(psutil.Error):
            found.add(" ".join(psutil.Process(pid).cmdline()))
    return {line for line in found if KEY in line}


def test_a_llama_cpp_server_with_a_key_is_one_more_provider(tool: Tool, tmp_path: Path) -> None:
    settings = ServerSettings(backend="xllamacpp", parallel=2, ctx_size=1024, gpu_layers=0)
    with serve(resolve("demo"), settings, tmp_path / "server.log") as server:
        key, end = server.endpoint.api_key or "", server.endpoint
        flags = ("--model", f"openai:{end.model}", "--base-url", end.base_url, "--benchmark", "math", "--limit", "3",
                 "--max-tokens", "64", "--parallel", "2")
        refused = tool(*flags, env={"OPENAI_API_KEY": "sk-wrong-0123456789"})
        assert refused.code == 2
        assert "the key in OPENAI_API_KEY was refused" in refused.err
        done = tool(*flags, "--api-key-env", "MY_KEY", "--strategy", "best_of_n", "--n", "2", "--selector", "logprob",
                    "--temperature", "0.7", env={"MY_KEY": key})
    assert done.code == 0, done.err
    (record,) = tool.records()
    assert (record["config"]["backend"], record["status"]) == ("openai", "complete")
    assert record["usage"]["requests"] == 6
    (folder,) = tool.run_folders()
    lines = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert all(line["mean_logprob"] <= 0 for line in lines)
    assert not any(key.encode() in path.read_bytes() for path in folder.iterdir())


def test_a_quota_that_is_used_up_ends_the_run_and_another_day_goes_on_with_it(
    tool: Tool, start: Callable[..., Provider]
) -> None:
    flags = ("--limit", "5", "--yes", "--parallel", "2")
    provider = start("gemini", "gemini-2.5-flash", "--fault", "3:quota", "--tell", "details", "--quota", "Day")
    done = ask(tool, provider, "gemini:gemini-2.5-flash", *flags)
    assert done.code == 3, done.err
    assert "answers nothing more: HTTP 429: You exceeded your current quota" in done.err
    assert len(provider.served()) in {3, 4}, "what was under way with the refused one came"
    done = ask(tool, provider, "gemini:gemini-2.5-flash", *flags)
    assert done.code == 0, done.err
    assert len(provider.served()) == 5, "no reply is asked for twice"
    assert [record["status"] for record in tool.records()] == ["complete"]
