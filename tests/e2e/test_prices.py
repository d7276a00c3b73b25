"""Money, from a hosted model's usage to the record: a small server of OpenAI's protocol, a table of the user's."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.tool import ROOT, Tool

TABLE = """
[[price]]
model = "gpt-4o-mini"
prompt = 0.15
cached = 0.075
completion = 0.6
date = 2027-02-01
source = "my contract"
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Every reply: 11 tokens of prompt, 5 of them from its cache, and 7 of its own."""
    log = str(tmp_path_factory.mktemp("server") / "requests")
    argv = [sys.executable, str(ROOT / "tests" / "fakes" / "openai_server.py"), "--reply", "#### 4", "--log", log]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().split()[-1]}"
        finally:
            server.kill()


def test_a_run_says_what_it_cost_by_which_price_of_which_date(tool: Tool, url: str) -> None:
    (tool.folder / "mine.toml").write_text(TABLE)
    asked = ("--base-url", url, "--model", "gpt-4o-mini-2024-07-18", "--benchmark", "math", "--limit", "2",
             "--temperature", "1", "--strategy", "sc_fixed", "--n", "2", "--yes")
    done = tool(*asked, "--prices", "mine.toml")
    assert done.code == 0, done.err
    (record,) = tool.records()
    a_reply = (6 * 0.15 + 5 * 0.075 + 7 * 0.6) / 1e6
    assert record["cost"] == {
        "cost_usd": pytest.approx(4 * a_reply, abs=1e-6),
        "price": {"model": "gpt-4o-mini", "date": "2027-02-01", "source": "my contract", "prompt": 0.15,
                  "cached": 0.075, "completion": 0.6},
    }
    (folder,) = tool.run_folders()
    costs = [json.loads(line)["cost_usd"] for line in (folder / "tasks.jsonl").read_text().splitlines()]
    assert costs == [pytest.approx(2 * a_reply, abs=1e-6)] * 2
    done = tool(*asked, "--no-resume")
    assert "cost" not in tool.records()[1], "a server on this machine costs nothing that a table of ours knows"


def test_a_table_that_is_none_ends_the_command_before_anything_runs(tool: Tool) -> None:
    (tool.folder / "mine.toml").write_text("[[price]]\nmodel = 4\n")
    done = tool("--model", "demo", "--benchmark", "math", "--prices", "mine.toml")
    assert (done.code, done.out) == (2, "")
    assert "--prices mine.toml: price 1" in done.err
    assert tool.run_folders() == []
